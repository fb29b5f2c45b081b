"""Attestations: what people state of requirements, and which statements hold at a time.

No statement changes a score of findings. ``not_applicable`` takes requirements out of what is counted by requirement;
``met`` and ``not_met`` say what scanners cannot tell. What scanners find stays visible beside all of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import product
from typing import Final

from policycortex.scoring.approvals import ApprovalRecord


class Statement(StrEnum):
    """What a person states of a requirement."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a statement holds: in one account, in one environment, in one environment of one account, or everywhere."""

    account: str | None = None
    """None: in all accounts."""
    environment: str | None = None
    """None: in all environments."""


EVERYWHERE: Final = Place()
WHOLE: Final = frozenset({EVERYWHERE})
"""The places of a statement that names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationScope:
    """The requirements that a statement is about, and where it holds."""

    framework: str
    requirements: tuple[str, ...]
    """Ids in the framework's spelling and order, at least one; parts of a named requirement are among them."""
    profile: str | None = None
    """The framework's profile that named them; for display."""
    accounts: tuple[str, ...] = ()
    """Accounts, subscriptions, projects or clusters; empty: all."""
    environments: tuple[str, ...] = ()
    """Empty: all."""

    @property
    def places(self) -> frozenset[Place]:
        """Every named account with every named environment."""
        pairs = product(self.accounts or (None,), self.environments or (None,))
        return frozenset(Place(account=account, environment=environment) for account, environment in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFile:
    """A file that shows what a statement says. It was attached before the approval and never changes."""

    name: str
    """As the person named it; for display."""
    sha256: str
    size_bytes: int
    media_type: str
    key: str
    """Of the stored file in the artifact store."""
    attached_by: str
    attached_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation(ApprovalRecord):
    """A request to accept a statement, with its approval and revocation."""

    statement: Statement
    scope: AttestationScope
    evidence: tuple[EvidenceFile, ...] = ()
    """In the order in which they were attached."""


def attestations_in_force(
    attestations: Iterable[Attestation], framework_id: str | None, at: datetime
) -> tuple[Attestation, ...]:
    """Return those of a framework that were in force at the last moment before ``at``, oldest first."""
    found = [each for each in attestations if each.scope.framework == framework_id and each.holds_at(at)]
    return tuple(sorted(found, key=lambda each: (each.requested_at, each.id)))


def stated_places(in_force: Iterable[Attestation], statement: Statement) -> Mapping[str, frozenset[Place]]:
    """Requirements with this statement, each with the places where it holds: WHOLE, or their union."""
    found: defaultdict[str, frozenset[Place]] = defaultdict(frozenset)
    for each in in_force:
        if each.statement is statement:
            for id_ in each.scope.requirements:
                found[id_] |= each.scope.places
    return {id_: WHOLE if EVERYWHERE in places else places for id_, places in found.items()}
