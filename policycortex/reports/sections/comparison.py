"""Changes since the period before: failing findings that are new, resolved, persisting or no longer scanned."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import polars as pl

from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType
from policycortex.period import Period
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, Content, JsonKey, JsonObject, Kind, Section, SheetPlace, Table
from policycortex.scoring.compare import Comparison, RequirementChange, compare_requirements

ROWS_KEPT: Final = 100_000
"""Most findings that the document names; the API route that compares two reports lists all of any number."""
CHANGES_SHOWN: Final = 5
"""Findings, and requirements, on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodComparison:
    """Failing findings (by check, account, region, resource) of two periods, and requirements that changed result."""

    against: Period
    """The earlier one."""
    counts: Mapping[str, int]
    """How many are new, resolved, accepted, persisting, not_looked_at."""
    reclassified: int
    """Persisting ones whose severity or environment differs."""
    rows: pl.DataFrame
    """COMPARISON_SCHEMA without persisting ones: new, resolved, accepted, then not looked at; the first ROWS_KEPT."""
    rows_total: int
    requirements: tuple[RequirementChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonView:
    """The comparison, cut to what the page shows."""

    against: Period
    counts: Mapping[str, int]
    reclassified: int
    rows: tuple[Mapping[str, Any], ...]
    rows_total: int
    requirements: tuple[RequirementChange, ...]
    requirements_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCount:
    """How many findings changed in one way."""

    change: str
    count: int


def compose_comparison(
    against: Period, found: Comparison | None, requirements: tuple[RequirementChange, ...]
) -> PeriodComparison | None:
    """None where nothing was compared, because the period before holds no findings."""
    if found is None:
        return None
    changed = found.rows.filter(pl.col("change") != "persisting")
    return PeriodComparison(
        against=against,
        counts={
            "new": found.new,
            "resolved": found.resolved,
            "accepted": found.accepted,
            "persisting": found.persisting,
            "not_looked_at": found.not_looked_at,
        },
        reclassified=found.reclassified,
        rows=changed.head(ROWS_KEPT),
        rows_total=changed.height,
        requirements=requirements,
    )


def _comparison(inputs: SectionInputs) -> PeriodComparison | None:
    previous = inputs.previous_posture
    changed = compare_requirements(previous, inputs.posture) if previous else ()
    return compose_comparison(inputs.header.period.previous(), inputs.evidence.comparison, changed)


def _describe(found: PeriodComparison) -> JsonObject:
    period = {"start": found.against.start, "end": found.against.end}
    return JsonObject(
        fields={
            "against": period,
            **found.counts,
            "findings_total": found.rows_total,
            "reclassified": found.reclassified,
        },
        arrays={
            "findings": found.rows.iter_rows(named=True),
            "requirements": (asdict(row) for row in found.requirements),
        },
    )


def _counts(document: ReportDocument) -> tuple[ChangeCount, ...]:
    found = COMPARISON.of(document)
    return tuple(ChangeCount(change=name, count=n) for name, n in found.counts.items()) if found else ()


def _changes(document: ReportDocument) -> Iterator[Mapping[str, Any]]:
    found = COMPARISON.of(document)
    return found.rows.iter_rows(named=True) if found else iter(())


def _requirements(document: ReportDocument) -> tuple[RequirementChange, ...]:
    found = COMPARISON.of(document)
    return found.requirements if found else ()


def _is_compared(document: ReportDocument) -> bool:
    return COMPARISON.of(document) is not None


def _view(document: ReportDocument) -> Mapping[str, object]:
    found = COMPARISON.of(document)
    if found is None:
        return {"comparison": None}
    view = ComparisonView(
        against=found.against,
        counts=found.counts,
        reclassified=found.reclassified,
        rows=tuple(found.rows.head(CHANGES_SHOWN).iter_rows(named=True)),
        rows_total=found.rows_total,
        requirements=found.requirements[:CHANGES_SHOWN],
        requirements_total=len(found.requirements),
    )
    return {"comparison": view}


COMPARISON: Final = Content(
    id="comparison",
    compute=_comparison,
    json=JsonKey(name="comparison", position=140, describe=_describe, skip_none=True),
)

COUNTS: Final = Table(
    id="comparison_counts",
    read=_counts,
    columns=(
        Column(name="change", title="comparison.change", width=20, words="change"),
        Column(name="count", title="word.failing", width=12, kind=Kind.NUMBER),
        Column(name="change", title="comparison.meaning", width=90, kind=Kind.WRAPPED, words="change_means"),
    ),
    sheet=SheetPlace(name="sheet.comparison", with_section=False, always=100),
)

_BEFORE_AND_AFTER: Final = (
    Column(name="findings_before", title="comparison.failing_before", width=14, kind=Kind.NUMBER),
    Column(name="findings_after", title="comparison.failing_after", width=14, kind=Kind.NUMBER),
)

CHANGES: Final = Table(
    id="comparison_changes",
    read=_changes,
    columns=(
        Column(name="change", title="comparison.change", width=16, words="change"),
        Column(name="reason", title="comparison.reason", width=24, words="change_reason"),
        Column(name="severity", title="word.severity", width=14, kind=Kind.SEVERITY),
        Column(name="check_id", title="word.check", width=44),
        Column(name="account_id", title="word.account", width=26),
        Column(name="region", title="word.region", width=16),
        Column(name="resource_uid", title="word.resource", width=70),
        *_BEFORE_AND_AFTER,
    ),
    sheet=SheetPlace(name="sheet.changes", with_section=False, always=110, is_shown=_is_compared),
)

REQUIREMENTS: Final = Table(
    id="comparison_requirements",
    read=_requirements,
    columns=(
        Column(name="id", title="word.id", width=18),
        Column(name="title", title="word.requirement", width=52, kind=Kind.WRAPPED),
        Column(name="before", title="comparison.before", width=18, kind=Kind.RESULT, none_text="comparison.absent"),
        Column(name="after", title="comparison.after", width=18, kind=Kind.RESULT, none_text="comparison.absent"),
        Column(name="failed_before", title="comparison.failing_before", width=14, kind=Kind.NUMBER),
        Column(name="failed_after", title="comparison.failing_after", width=14, kind=Kind.NUMBER),
    ),
    sheet=SheetPlace(name="sheet.changed_requirements", with_section=False, always=120),
)

SECTION: Final = Section(
    id="comparison",
    positions={ReportType.COMPLIANCE: 30, ReportType.TREND: 30},
    is_shown=_is_compared,
    contents=(COMPARISON,),
    tables=(COUNTS, CHANGES, REQUIREMENTS),
    view=_view,
    page_widths={
        "comparison-counts": {"title": 15, "text": 73, "count": 12},
        "comparison-requirements": {"title": 56, "score": 22},
        "comparison-keys": {"change": 12, "severity": 10, "title": 26, "resource": 52},
    },
)
