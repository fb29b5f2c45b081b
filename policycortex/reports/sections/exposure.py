"""Exposure: failing findings by account, service, environment, provider and region."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType
from policycortex.reports.charts import SECTION_BAR_WIDTH, Segment, stack_bar
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, JsonKey, Kind, Section, SheetPlace, Table, always
from policycortex.scoring.rounding import pass_pct

SHOWN: Final = 6
"""Values of one dimension on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """Findings of one value of one dimension (account, service, environment, provider, region)."""

    dimension: str
    label: str
    passed: int
    failed: int
    critical: int
    high: int
    score_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakdownLine:
    """One value with its failing findings as a bar in proportion to the longest of the group."""

    row: Breakdown
    bar: tuple[Segment, ...]
    other: int
    """Failing findings below high."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakdownGroup:
    """The values of one dimension, most failing first, at most SHOWN."""

    dimension: str
    lines: tuple[BreakdownLine, ...]
    total: int


def _rows(inputs: SectionInputs) -> tuple[Breakdown, ...]:
    rows = inputs.evidence.dimensions.iter_rows(named=True)
    return tuple(Breakdown(**row, score_pct=pass_pct(row["passed"], row["failed"])) for row in rows)


def _groups(document: ReportDocument) -> tuple[BreakdownGroup, ...]:
    groups: dict[str, list[Breakdown]] = {}
    for row in BREAKDOWNS.of(document):
        groups.setdefault(row.dimension, []).append(row)
    return tuple(_group(dimension, rows) for dimension, rows in groups.items())


def _group(dimension: str, rows: list[Breakdown]) -> BreakdownGroup:
    worst_first = sorted(rows, key=lambda row: (-row.critical, -row.high, -row.failed, row.label))
    longest = max(row.failed for row in rows)
    lines = tuple(_line(row, longest) for row in worst_first[:SHOWN])
    return BreakdownGroup(dimension=dimension, lines=lines, total=len(rows))


def _line(row: Breakdown, longest: int) -> BreakdownLine:
    other = row.failed - row.critical - row.high
    counts = {"critical": row.critical, "high": row.high, "low": other}
    return BreakdownLine(row=row, bar=stack_bar(counts, SECTION_BAR_WIDTH * row.failed / (longest or 1)), other=other)


def _view(document: ReportDocument) -> Mapping[str, object]:
    return {"breakdown_groups": _groups(document)}


BREAKDOWNS: Final = Table(
    id="breakdowns",
    compute=_rows,
    columns=(
        Column(name="dimension", title="word.dimension", width=18, words="dimension"),
        Column(name="label", title="word.value", width=36),
        Column(name="critical", title="severity.critical", width=11, kind=Kind.NUMBER),
        Column(name="high", title="severity.high", width=11, kind=Kind.NUMBER),
        Column(name="failed", title="word.failed", width=11, kind=Kind.NUMBER),
        Column(name="passed", title="word.passed", width=11, kind=Kind.NUMBER),
        Column(name="score_pct", title="word.pass_rate", width=14, kind=Kind.PERCENT),
    ),
    sheet=SheetPlace(name="sheet.breakdown", always=60, is_shown=always),
    json=JsonKey(name="breakdowns", position=50),
)

SECTION: Final = Section(
    id="exposure",
    positions={ReportType.COMPLIANCE: 60},
    tables=(BREAKDOWNS,),
    view=_view,
    page_widths={"exposure": {"title": 30, "bar": 26, "count": 11, "score": 11}},
)
