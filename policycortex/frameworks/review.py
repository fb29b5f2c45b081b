"""A review of a framework's relations: for each relation one strength and one reason, by rules; and missing relations.

The rules of a framework are tried in order and the first that matches decides. The last rule of every review matches
all relations, so that each has a strength and a reason.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import Final

from policycortex.names import RelationStrength

ANY_PROVIDER: Final = "*"
_SPECIAL: Final = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedRelation:
    """The strength of one relation, and why, in a few words."""

    strength: RelationStrength
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRule:
    """The strength of many relations that share a reason."""

    requirements: tuple[str, ...]
    """Patterns of requirement ids, with ``*`` and ``?``."""
    checks: tuple[str, ...]
    """Patterns of check ids, with ``*`` and ``?``."""
    provider: str = ANY_PROVIDER
    relation: ReviewedRelation


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedRelation:
    """A relation of one check that the scanner's files lack."""

    requirement_ids: tuple[str, ...]
    relation: ReviewedRelation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Review:
    """The review of one framework. Compared by identity: it is loaded once per process."""

    version: str
    digest: str
    """``sha256:`` and twelve digits, of the review and of the topics that it names."""
    rules: tuple[ReviewRule, ...]
    added: Mapping[tuple[str, str], tuple[AddedRelation, ...]]
    """By (provider, check_id)."""
    manual: tuple[str, ...] = ()
    """Patterns of requirements that only a person can assess, whatever the provider."""
    assessable: tuple[str, ...] = ()
    """Patterns of requirements that checks can assess, although a scanner's file for some provider lists none."""

    def relation_of(self, provider: str, check_id: str, requirement_id: str) -> ReviewedRelation:
        """The strength and reason of one relation, from the scanner or added."""
        for added in self.added.get((provider, check_id), ()):
            if requirement_id in added.requirement_ids:
                return added.relation
        return _decide(self, provider, check_id, requirement_id)

    def is_manual(self, requirement_id: str) -> bool | None:
        """Whether only a person can assess the requirement. None: the framework's ``manual_for`` decides."""
        if self.manual and _patterns(self.manual).match(requirement_id):
            return True
        return False if self.assessable and _patterns(self.assessable).match(requirement_id) else None


@lru_cache(maxsize=65_536)
def _decide(review: Review, provider: str, check_id: str, requirement_id: str) -> ReviewedRelation:
    for rule in _rules_of(review, requirement_id):
        if rule.provider in (ANY_PROVIDER, provider) and _patterns(rule.checks).match(check_id):
            return rule.relation
    raise LookupError(f"no rule of the review {review.version} matches {provider}/{check_id} and {requirement_id}")


@lru_cache(maxsize=8192)
def _rules_of(review: Review, requirement_id: str) -> tuple[ReviewRule, ...]:
    return tuple(rule for rule in review.rules if _patterns(rule.requirements).match(requirement_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Patterns:
    """Patterns by kind: most are whole ids or beginnings, and to compile all of them takes a second of each process."""

    ids: frozenset[str]
    beginnings: tuple[str, ...]
    others: re.Pattern[str] | None

    def match(self, name: str) -> bool:
        """Whether any of the patterns describes the id, case-sensitively."""
        return (
            name in self.ids
            or name.startswith(self.beginnings)
            or (self.others is not None and self.others.match(name) is not None)
        )


@lru_cache(maxsize=4096)
def _patterns(patterns: tuple[str, ...]) -> _Patterns:
    ids = frozenset(pattern for pattern in patterns if not _SPECIAL.search(pattern))
    beginnings = tuple(each[:-1] for each in patterns if each.endswith("*") and not _SPECIAL.search(each[:-1]))
    others = [each for each in patterns if each not in ids and each[:-1] not in beginnings]
    compiled = re.compile("|".join(translate(each) for each in others)) if others else None
    return _Patterns(ids=ids, beginnings=beginnings, others=compiled)
