"""Methodology: how the score is calculated, what was scanned, and the data snapshot of the report."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from policycortex.names import ReportType
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, JsonKey, Kind, Section, SheetPlace, Table, always


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanCoverage:
    """One source and account that was scanned in the period."""

    source: str
    provider: str
    account_id: str
    checks: int
    last_scan_at: datetime


def _coverage(inputs: SectionInputs) -> tuple[ScanCoverage, ...]:
    return tuple(ScanCoverage(**row) for row in inputs.evidence.coverage.iter_rows(named=True))


COVERAGE: Final = Table(
    id="coverage",
    compute=_coverage,
    columns=(
        Column(name="source", title="word.source", width=18),
        Column(name="provider", title="word.provider", width=14),
        Column(name="account_id", title="word.account", width=30),
        Column(name="checks", title="word.checks", width=12, kind=Kind.NUMBER),
        Column(name="last_scan_at", title="word.last_scan", title_suffix="(UTC)", width=20, kind=Kind.MOMENT),
    ),
    sheet=SheetPlace(name="sheet.coverage", with_section=False, always=80, is_shown=always),
    json=JsonKey(name="scan_coverage", position=60),
)

SECTION: Final = Section(
    id="methodology",
    positions=dict.fromkeys(ReportType, 80),
    tables=(COVERAGE,),
    page_widths={
        "models": {"title": 70, "score": 30},
        "coverage": {"source": 15, "title": 30, "count": 10, "moment": 30},
    },
)
