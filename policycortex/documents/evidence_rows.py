"""What results rest on, as rows: all findings of each check, and the waivers and attestations that hold."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from policycortex.documents.evidence import WaiverInForce
from policycortex.documents.model import CheckResult, WaiverRow
from policycortex.documents.statements import NotApplicableRow, StatementRow
from policycortex.names import Decider
from policycortex.scoring.attestations import Attestation, Statement
from policycortex.scoring.contradictions import Contradicted
from policycortex.scoring.model import RequirementAssessment
from policycortex.scoring.waivers import WaiverScope


def check_rows(counted: pl.DataFrame) -> tuple[CheckResult, ...]:
    """``counted`` (CHECK_COUNTS_SCHEMA) as rows, in its order; texts a scanner did not give are ""."""
    filled = counted.with_columns(pl.col("title", "service").fill_null(""))
    return tuple(CheckResult(**row | {"scanners": tuple(row["scanners"])}) for row in filled.iter_rows(named=True))


def waiver_rows(waivers: Iterable[WaiverInForce]) -> tuple[WaiverRow, ...]:
    """Most findings first, then the one that ends first."""
    rows = [
        WaiverRow(
            id=each.waiver.id,
            reason=each.waiver.reason,
            approver=each.waiver.approved_by or "",
            scope=describe_scope(each.waiver.scope),
            valid_from=each.waiver.valid_from,
            valid_until=each.waiver.valid_until,
            findings=each.findings,
        )
        for each in waivers
    ]
    return tuple(sorted(rows, key=lambda row: (-row.findings, row.valid_until, row.id)))


def not_applicable_rows(
    requirements: Iterable[RequirementAssessment], stated: Sequence[Attestation]
) -> tuple[NotApplicableRow, ...]:
    """One row per requirement and statement, in the framework's order, the oldest statement first."""
    return tuple(
        NotApplicableRow(
            requirement=requirement.id,
            title=requirement.title,
            reason=each.reason,
            accounts=each.scope.accounts or None,
            environments=each.scope.environments or None,
            requester_role=each.requester_role,
            approver_role=each.approver_role,
            evidence=each.evidence,
            failed=requirement.excluded.failed,
            requester=each.requested_by,
            approver=each.approved_by or "",
            valid_from=each.valid_from,
            valid_until=each.valid_until,
            id=each.id,
        )
        for requirement in requirements
        for each in stated
        if each.statement is Statement.NOT_APPLICABLE and requirement.id in each.scope.requirements
    )


def statement_rows(
    requirements: Iterable[RequirementAssessment], stated: Sequence[Attestation], contradicted: Contradicted
) -> tuple[StatementRow, ...]:
    """One row per requirement and statement that it is met or not, in the framework's order, the oldest first."""
    return tuple(
        _statement_row(requirement, each, is_contradicted=(each.id, requirement.id) in contradicted)
        for requirement in requirements
        for each in stated
        if each.statement is not Statement.NOT_APPLICABLE and requirement.id in each.scope.requirements
    )


def _statement_row(requirement: RequirementAssessment, each: Attestation, *, is_contradicted: bool) -> StatementRow:
    return StatementRow(
        requirement=requirement.id,
        title=requirement.title,
        statement=each.statement,
        result=requirement.result,
        is_decisive=requirement.decided_by is Decider.PEOPLE and requirement.stated is each.statement,
        is_contradicted=is_contradicted,
        reason=each.reason,
        accounts=each.scope.accounts or None,
        environments=each.scope.environments or None,
        requester=each.requested_by,
        requester_role=each.requester_role,
        requested_at=each.requested_at,
        approver=each.approved_by or "",
        approver_role=each.approver_role,
        approved_at=each.approved_at or each.requested_at,
        valid_from=each.valid_from,
        valid_until=each.valid_until,
        evidence=each.evidence,
        id=each.id,
    )


def describe_reasons(rows: Iterable[NotApplicableRow]) -> Mapping[str, str]:
    """By requirement: ``No such data (111122223333)``, the reasons of all statements with their accounts."""
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        where = f" ({', '.join(row.places)})" if row.places else ""
        reasons[row.requirement].append(f"{row.reason}{where}")
    return {requirement: "; ".join(dict.fromkeys(given)) for requirement, given in reasons.items()}


def describe_scope(scope: WaiverScope) -> str:
    """``framework soc2, requirement CC6.1, check s3_x``: the API's own words, as far as they were given."""
    return ", ".join(_given(scope))


def _given(scope: WaiverScope) -> Iterator[str]:
    for name in ("framework", "requirement", "check", "account", "resource"):
        value = getattr(scope, name)
        if value is not None:
            yield f"{name} {value}"
