"""What people state of requirements, as rows of a report."""

from dataclasses import dataclass
from datetime import datetime

from policycortex.names import RequirementResult
from policycortex.scoring.attestations import EvidenceFile, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class NotApplicableRow:
    """One requirement that does not apply at the end of the period, by one approved statement."""

    requirement: str
    title: str
    reason: str
    accounts: tuple[str, ...] | None
    """None: everywhere."""
    failed: int
    """Failing findings where it does not apply by any statement."""
    requester: str
    approver: str
    valid_from: datetime
    valid_until: datetime
    id: str
    """Of the attestation."""
    environments: tuple[str, ...] | None = None
    """None: in all environments."""
    requester_role: str | None = None
    approver_role: str | None = None
    evidence: tuple[EvidenceFile, ...] = ()

    @property
    def places(self) -> tuple[str, ...] | None:
        """Accounts and environments, for readers; None: everywhere."""
        return (*(self.accounts or ()), *(self.environments or ())) or None

    @property
    def people(self) -> tuple[str, ...]:
        """As of a StatementRow."""
        return _people(self.requester, self.requester_role, self.approver, self.approver_role)

    @property
    def named_evidence(self) -> tuple[str, ...]:
        """As of a StatementRow."""
        return _named(self.evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """One requirement that people state to be met or not met at the end of the period, by one approved statement."""

    requirement: str
    title: str
    statement: Statement
    result: RequirementResult
    """By scanners."""
    is_decisive: bool
    """Whether the statement decides the requirement in the scope of the report."""
    is_contradicted: bool
    """Whether it states ``met``, and a scanner finds that it is not."""
    reason: str
    accounts: tuple[str, ...] | None
    """None: in all accounts."""
    environments: tuple[str, ...] | None
    requester: str
    requester_role: str | None
    requested_at: datetime
    approver: str
    approver_role: str | None
    approved_at: datetime
    valid_from: datetime
    valid_until: datetime
    evidence: tuple[EvidenceFile, ...]
    id: str
    """Of the attestation."""

    @property
    def places(self) -> tuple[str, ...] | None:
        """Accounts and environments, for readers; None: everywhere."""
        return (*(self.accounts or ()), *(self.environments or ())) or None

    @property
    def people(self) -> tuple[str, ...]:
        """Who stated it and who approved it, with their roles where they gave one."""
        return _people(self.requester, self.requester_role, self.approver, self.approver_role)

    @property
    def named_evidence(self) -> tuple[str, ...]:
        """Name and digest of each evidence file."""
        return _named(self.evidence)


def _people(requester: str, requester_role: str | None, approver: str, approver_role: str | None) -> tuple[str, ...]:
    pairs = ((requester, requester_role), (approver, approver_role))
    return tuple(f"{person} ({role})" if role else person for person, role in pairs)


def _named(evidence: tuple[EvidenceFile, ...]) -> tuple[str, ...]:
    return tuple(f"{file.name} (SHA-256 {file.sha256})" for file in evidence)
