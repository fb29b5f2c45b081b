"""Statement of Applicability of ISO/IEC 27001: each control of Annex A, whether it is included, why, and its status."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from policycortex.documents.model import ReportDocument, RequirementRow
from policycortex.documents.statements import NotApplicableRow, StatementRow
from policycortex.names import ReportType, RequirementResult
from policycortex.reports.section import Column, Content, JsonKey, Kind, Section, SheetPlace, Table

FRAMEWORK: Final = "iso27001"


class Applicability(StrEnum):
    """Whether a control is part of the organisation's controls."""

    INCLUDED = "included"
    PARTLY = "partly"
    """It does not apply in some accounts or environments."""
    EXCLUDED = "excluded"


class Implementation(StrEnum):
    """Whether an included control is implemented, by scanners and people together."""

    IMPLEMENTED = "implemented"
    NOT_IMPLEMENTED = "not_implemented"
    OPEN = "open"
    """Nobody decides it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicabilityRow:
    """One control."""

    requirement: str
    title: str
    section: str
    applicability: Applicability
    justification: str | None
    """Reasons of approved statements, with accounts and environments; None: included by default."""
    status: Implementation | None
    """None: excluded."""
    decided_by: str | None
    """Scanner or people; None: nobody."""
    people: tuple[str, ...]
    """Who stated and who approved it, with their roles."""
    valid_until: datetime | None
    """First end of the statements; None: there is none."""
    named_evidence: tuple[str, ...]


def applicability_rows(document: ReportDocument) -> tuple[ApplicabilityRow, ...]:
    """All controls in the framework's order."""
    given: defaultdict[str, list[StatementRow | NotApplicableRow]] = defaultdict(list)
    rows: list[StatementRow | NotApplicableRow] = [*document.not_applicable, *document.statements]
    for row in rows:
        given[row.requirement].append(row)
    return tuple(_row(each, given[each.id]) for each in document.requirements)


def _row(control: RequirementRow, given: Iterable[StatementRow | NotApplicableRow]) -> ApplicabilityRow:
    rows = tuple(given)
    is_excluded = control.result is RequirementResult.NOT_APPLICABLE
    is_limited = any(isinstance(row, NotApplicableRow) for row in rows)
    included = Applicability.PARTLY if is_limited else Applicability.INCLUDED
    reasons = dict.fromkeys(row.reason + (f" ({', '.join(row.places)})" if row.places else "") for row in rows)
    return ApplicabilityRow(
        requirement=control.id,
        title=control.title,
        section=control.section,
        applicability=Applicability.EXCLUDED if is_excluded else included,
        justification="; ".join(reasons) or None,
        status=None if is_excluded else _status(control.is_met),
        decided_by=control.decided_by,
        people=tuple(dict.fromkeys(person for row in rows for person in row.people)),
        valid_until=min((row.valid_until for row in rows), default=None),
        named_evidence=tuple(dict.fromkeys(name for row in rows for name in row.named_evidence)),
    )


def _status(is_met: bool | None) -> Implementation:
    if is_met is None:
        return Implementation.OPEN
    return Implementation.IMPLEMENTED if is_met else Implementation.NOT_IMPLEMENTED


def _is_shown(document: ReportDocument) -> bool:
    return document.header.framework_id == FRAMEWORK and bool(document.requirements)


ROWS: Final = Table(
    id="statement_of_applicability",
    read=applicability_rows,
    columns=(
        Column(name="requirement", title="word.requirement", width=14, share=9, css="id"),
        Column(name="title", title="word.title", width=44, kind=Kind.WRAPPED, share=23),
        Column(name="section", title="word.section", width=30, kind=Kind.WRAPPED, on_page=False),
        Column(
            name="applicability", title="soa.applicability", width=14, words="soa_applicability", share=14, css="state"
        ),
        Column(
            name="justification", title="soa.justification", width=60, kind=Kind.WRAPPED, share=24, css="text",
            none_text="soa.by_default",
        ),
        Column(name="status", title="soa.status", width=18, words="soa_status", share=14, css="state2"),
        Column(name="decided_by", title="word.decided_by", width=12, words="decider", on_page=False),
        Column(name="people", title="statements.people", width=40, kind=Kind.WRAPPED, share=16, css="person"),
        Column(name="valid_until", title="waivers.valid_until", width=14, kind=Kind.DAY, on_page=False),
        Column(name="named_evidence", title="statements.evidence", width=80, kind=Kind.WRAPPED, on_page=False),
    ),
    page_rows=300,
    sheet=SheetPlace(name="sheet.soa", is_shown=_is_shown),
)  # fmt: skip

IN_JSON: Final = Content(
    id="statement_of_applicability_json",
    read=lambda document: applicability_rows(document) if _is_shown(document) else None,
    json=JsonKey(name="statement_of_applicability", position=47, skip_none=True),
)
"""None on other frameworks."""

SECTION: Final = Section(
    id="statement_of_applicability",
    positions={ReportType.AUDIT: 52, ReportType.COMPLIANCE: 52, ReportType.STATEMENT_OF_APPLICABILITY: 20},
    is_shown=_is_shown,
    contents=(IN_JSON,),
    tables=(ROWS,),
)
