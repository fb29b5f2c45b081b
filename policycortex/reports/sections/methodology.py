"""Methodology: how the score is calculated, what was scanned, what did not count, and the report's data snapshot."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from policycortex.names import ReportType
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, Content, JsonKey, JsonObject, Kind, Section, SheetPlace, Table, always
from policycortex.reports.unrelated_messages import provider_sentence
from policycortex.scoring.unrelated import UnrelatedCheck, UnrelatedFindings

CHECKS_SHOWN: Final = 20
"""Checks without a requirement, on the page."""


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


def _describe_unrelated(found: UnrelatedFindings) -> JsonObject:
    return JsonObject(
        fields={
            "findings": found.findings,
            "findings_total": found.total,
            "providers": [asdict(provider) for provider in found.providers],
            "checks_total": len(found.checks),
        },
        arrays={"checks": (asdict(check) for check in found.checks)},
    )


def _unrelated_sentences(inputs: SectionInputs) -> tuple[str, ...]:
    found = inputs.evidence.unrelated
    providers = found.providers if found else ()
    return tuple(provider_sentence(inputs.header, provider, inputs.locale) for provider in providers)


def _unrelated_checks(inputs: SectionInputs) -> tuple[UnrelatedCheck, ...]:
    return inputs.evidence.unrelated.checks if inputs.evidence.unrelated else ()


UNRELATED: Final = Content(
    id="unrelated",
    compute=lambda inputs: inputs.evidence.unrelated,
    json=JsonKey(name="unrelated_findings", position=65, describe=_describe_unrelated),
)

UNRELATED_SENTENCES: Final = Content(id="unrelated_sentences", compute=_unrelated_sentences)

UNRELATED_CHECKS: Final = Table(
    id="unrelated_checks",
    compute=_unrelated_checks,
    columns=(
        Column(name="check_id", title="word.check", width=60),
        Column(name="provider", title="word.provider", width=14),
        Column(name="findings", title="word.findings", width=12, kind=Kind.NUMBER),
        Column(name="failed", title="word.failing", width=12, kind=Kind.NUMBER),
    ),
    sheet=SheetPlace(name="sheet.unrelated_checks", with_section=False, always=85),
    page_rows=CHECKS_SHOWN,
)

SECTION: Final = Section(
    id="methodology",
    positions=dict.fromkeys(ReportType, 80),
    contents=(UNRELATED, UNRELATED_SENTENCES),
    tables=(COVERAGE, UNRELATED_CHECKS),
    page_widths={
        "models": {"title": 70, "score": 30},
        "coverage": {"source": 15, "title": 30, "count": 10, "moment": 30},
    },
)
