"""Attestations: what people state of requirements, and which statements hold at a time.

Today a person can state that a requirement does not apply. Such a statement never changes a score of findings: it takes
requirements out of what is counted by requirement, and what scanners find there stays visible.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from policycortex.scoring.approvals import ApprovalRecord

EVERYWHERE: Final[frozenset[str]] = frozenset()
"""The accounts of a statement that names none: all."""


class Statement(StrEnum):
    """What a person states of a requirement."""

    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationScope:
    """The requirements that a statement is about, and where it holds."""

    framework: str
    requirements: tuple[str, ...]
    """Ids in the framework's spelling and order, at least one; parts of a named requirement are among them."""
    profile: str | None = None
    """The framework's profile that named them; for display."""
    accounts: tuple[str, ...] = ()
    """Accounts, subscriptions, projects or clusters; empty: everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation(ApprovalRecord):
    """A request to accept a statement, with its approval and revocation."""

    statement: Statement
    scope: AttestationScope


def attestations_in_force(
    attestations: Iterable[Attestation], framework_id: str | None, at: datetime
) -> tuple[Attestation, ...]:
    """Return those of a framework that were in force at the last moment before ``at``, oldest first."""
    found = [each for each in attestations if each.scope.framework == framework_id and each.holds_at(at)]
    return tuple(sorted(found, key=lambda each: (each.requested_at, each.id)))


def not_applicable_accounts(in_force: Iterable[Attestation]) -> Mapping[str, frozenset[str]]:
    """Requirements that do not apply, each with the accounts in which they do not: EVERYWHERE, or their union."""
    found: dict[str, frozenset[str]] = {}
    for each in in_force:
        if each.statement is not Statement.NOT_APPLICABLE:
            continue
        accounts = frozenset(each.scope.accounts)
        for id_ in each.scope.requirements:
            known = found.get(id_)
            is_whole = EVERYWHERE in (accounts, known)
            found[id_] = EVERYWHERE if is_whole else accounts | (known or frozenset())
    return found
