"""Which checks of other tools test what a check of Prowler tests: sourced facts, from ``data/related_checks``.

Frameworks relate Prowler's checks to requirements. A check of another tool gets the requirements of the Prowler checks
that it is related to. A relation is partial where the other check tests less than Prowler's.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import msgspec

RELATED_CHECKS: Final = Path(__file__).parent / "data" / "related_checks"
TOOLS: Final = ("security_hub", "checkov", "trivy")
"""One file each."""

_STANDARD: Final = re.compile(r"(?:^|[/:])([a-z0-9-]+/v/[0-9.]+)/(?:rule/)?([a-z0-9.-]+)$")
"""A Security Hub standard with its version, and the id of the control within the standard."""
_CONTROL: Final = re.compile(r"(?:^|[/:])security-control/([a-z0-9]+\.[0-9]+)$")
_TRIVY_PREFIX: Final = "avd-"


class RelatedCheck(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Prowler check that another check is related to."""

    check: str
    sources: tuple[str, ...]
    """Keys of the file's ``sources``."""
    part: str = ""
    """Why the other check tests only a part of it; "" where it tests all of it."""

    @property
    def is_partial(self) -> bool:
        """Whether a pass of the other check tells less than a pass of Prowler's."""
        return bool(self.part)


class LeftOut(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A relation that a source states and that is wrong."""

    id: str
    check: str
    sources: tuple[str, ...]
    reason: str


class RelatedChecksFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The relations of one tool's checks."""

    version: str
    tool: str
    provider: str
    """Provider of the checks of both tools."""
    sources: dict[str, str]
    """What states the relations, by key."""
    checks: dict[str, tuple[RelatedCheck, ...]]
    """By the other tool's check id."""
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedChecks:
    """The relations of all tools."""

    version: str
    """Recorded with scores: it changes with the relations."""
    by_check: Mapping[tuple[str, str], tuple[RelatedCheck, ...]]
    """By provider and folded check id."""

    @property
    def providers(self) -> frozenset[str]:
        """Providers of the checks, and ``*``."""
        return frozenset({"*", *(provider for provider, _ in self.by_check)})

    def provider_of(self, check_id: str) -> str:
        """The provider whose checks have this id, for findings without a provider; "" where none has."""
        providers = {provider for provider, _ in self.by_check}
        return next((provider for provider in sorted(providers) if self.find(provider, check_id)), "")

    def find(self, provider: str, check_id: str) -> tuple[RelatedCheck, ...]:
        """The Prowler checks that this check of another tool is related to; empty where none is known."""
        return next(
            (found for id_ in _spellings(check_id) if (found := self.by_check.get((provider, id_)))),
            (),
        )


@cache
def load_related_checks() -> RelatedChecks:
    """The relations of all tools, read once per process."""
    by_check: dict[tuple[str, str], tuple[RelatedCheck, ...]] = {}
    digest = hashlib.sha256()
    for tool in TOOLS:
        file = load_related_checks_file(tool)
        digest.update((RELATED_CHECKS / f"{tool}.json").read_bytes())
        by_check |= {(file.provider, check_id.casefold()): related for check_id, related in file.checks.items()}
    return RelatedChecks(version=digest.hexdigest()[:12], by_check=by_check)


def load_related_checks_file(tool: str) -> RelatedChecksFile:
    """The file of one of TOOLS."""
    return msgspec.json.decode((RELATED_CHECKS / f"{tool}.json").read_bytes(), type=RelatedChecksFile)


@lru_cache(maxsize=16_384)
def _spellings(check_id: str) -> tuple[str, ...]:
    """The id without case, and what it names where it is an ARN, a generator id or an older spelling.

    ``arn:aws:securityhub:eu-west-1::security-control/S3.8`` and
    ``aws-foundational-security-best-practices/v/1.0.0/S3.8`` name ``s3.8``; ``AVD-AWS-0086`` is ``aws-0086``.
    """
    folded = check_id.strip().casefold()
    found = [folded]
    if control := _CONTROL.search(folded):
        found.append(control.group(1))
    if standard := _STANDARD.search(folded):
        found += [f"{standard.group(1)}/{standard.group(2)}", standard.group(2)]
    if folded.startswith(_TRIVY_PREFIX):
        found.append(folded.removeprefix(_TRIVY_PREFIX))
    return tuple(found)
