"""Reads the reviews of built-in frameworks from ``data/reviews``: one file per framework, and the topics they name.

A topic is a named list of check patterns, for example all checks of encryption at rest. A rule names it as ``@topic``.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from policycortex.frameworks.review import ANY_PROVIDER, AddedRelation, Review, ReviewedRelation, ReviewRule
from policycortex.names import RelationStrength

REVIEWS: Final = Path(__file__).parent / "data" / "reviews"
TOPICS: Final = "topics"
_TOPIC_MARK: Final = "@"


class _Rule(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    requirements: list[str]
    checks: list[str]
    strength: RelationStrength
    reason: str
    provider: str = ANY_PROVIDER


class _File(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    version: str
    rules: list[_Rule]
    added: list[_Rule] = []
    manual: list[str] = []
    assessable: list[str] = []


def load_review(framework_id: str) -> Review | None:
    """The review of a built-in framework; None where there is none."""
    path = REVIEWS / f"{framework_id}.json"
    if not path.exists():
        return None
    content = path.read_bytes()
    file = msgspec.json.decode(content, type=_File)
    topics = load_topics()
    digest = hashlib.sha256(content + (REVIEWS / f"{TOPICS}.json").read_bytes()).hexdigest()
    return Review(
        version=file.version,
        digest=f"sha256:{digest[:12]}",
        rules=tuple(_rule(rule, topics) for rule in file.rules),
        added=_added(file.added),
        manual=tuple(file.manual),
        assessable=tuple(file.assessable),
    )


@cache
def load_topics() -> Mapping[str, tuple[str, ...]]:
    """Check patterns by topic."""
    return msgspec.json.decode((REVIEWS / f"{TOPICS}.json").read_bytes(), type=dict[str, tuple[str, ...]])


def _rule(rule: _Rule, topics: Mapping[str, tuple[str, ...]]) -> ReviewRule:
    return ReviewRule(
        requirements=tuple(rule.requirements),
        checks=tuple(pattern for named in rule.checks for pattern in _patterns(named, topics)),
        provider=rule.provider,
        relation=_relation(rule),
    )


def _patterns(named: str, topics: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return topics[named.removeprefix(_TOPIC_MARK)] if named.startswith(_TOPIC_MARK) else (named,)


def _added(rules: Sequence[_Rule]) -> Mapping[tuple[str, str], tuple[AddedRelation, ...]]:
    found: defaultdict[tuple[str, str], list[AddedRelation]] = defaultdict(list)
    for rule in rules:
        for check_id in rule.checks:
            found[rule.provider, check_id].append(
                AddedRelation(requirement_ids=tuple(rule.requirements), relation=_relation(rule))
            )
    return {key: tuple(added) for key, added in found.items()}


def _relation(rule: _Rule) -> ReviewedRelation:
    return ReviewedRelation(strength=rule.strength, reason=rule.reason)
