"""Methodology: how the score is calculated, what was scanned, what did not count, and the report's data snapshot."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType
from policycortex.reports.crosswalk_text import conditions_text, crosswalk_text
from policycortex.reports.first_page import has_more_notes
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, Content, JsonKey, JsonObject, Kind, Section, SheetPlace, Table, always
from policycortex.reports.unrelated_messages import provider_sentence
from policycortex.scoring.unrelated import UnrelatedCheck, UnrelatedFindings

CHECKS_SHOWN: Final = 5
"""Checks without a requirement, on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanCoverage:
    """One source and account that was scanned in the period."""

    source: str
    provider: str
    account_id: str
    checks: int
    last_scan_at: datetime
    scans: tuple["Scan", ...] = ()
    """Newest first; empty in reports from before scan targets were known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One scan of an account: what counts of it, and which scans replaced the rest."""

    source: str
    account_id: str
    scan: str
    targets: tuple[str, ...]
    scanned_at: datetime
    checks: int
    findings: int
    findings_left_out: int
    replaced_by: tuple[str, ...]


def _coverage(inputs: SectionInputs) -> tuple[ScanCoverage, ...]:
    """Accounts with findings that count, then those of which only replaced or clean scans are known."""
    rows = [ScanCoverage(**row) for row in inputs.evidence.coverage.iter_rows(named=True)]
    scans = list(inputs.evidence.scans.iter_rows(named=True))
    for row in scans:
        if not any(_is_of(row, known) for known in rows):
            rows.append(
                ScanCoverage(
                    source=row["source"],
                    provider=row["provider"],
                    account_id=row["account_id"],
                    checks=0,
                    last_scan_at=row["scanned_at"],
                )
            )
    return tuple(replace(known, scans=tuple(_scan(row) for row in scans if _is_of(row, known))) for known in rows)


def _is_of(row: Mapping[str, Any], known: ScanCoverage) -> bool:
    """Whether a scan is of this account; a clean scan names no provider and is of each."""
    return (row["source"], row["account_id"]) == (known.source, known.account_id) and (
        row["provider"] in {known.provider, ""}
    )


def _scan(row: Mapping[str, Any]) -> Scan:
    lists = {"targets": tuple(row["targets"] or ()), "replaced_by": tuple(row["replaced_by"] or ())}
    return Scan(**({name: value for name, value in row.items() if name != "provider"} | lists))


def _describe(rows: Iterable[ScanCoverage]) -> Iterator[dict[str, Any]]:
    """Rows for the JSON report; ``scans`` only where they are known, so that older reports stay as they are."""
    for row in rows:
        fields = asdict(row)
        scans = [
            {name: value for name, value in scan.items() if name not in {"source", "account_id"}}
            for scan in fields.pop("scans")
        ]
        yield fields | ({"scans": scans} if scans else {})


def _scans(document: ReportDocument) -> tuple[Scan, ...]:
    return tuple(scan for row in COVERAGE.of(document) for scan in row.scans)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierTarget:
    """A scan target that was last scanned before the period: nothing of it counts."""

    source: str
    provider: str
    account_id: str
    scan_target: str
    """Empty where the account is the target."""
    last_scan_at: datetime


def _earlier(inputs: SectionInputs) -> tuple[EarlierTarget, ...]:
    return tuple(EarlierTarget(**row) for row in inputs.evidence.earlier_targets.iter_rows(named=True))


def _some(texts: tuple[str, ...], *, shown: int) -> str:
    more = len(texts) - shown
    return ", ".join(texts[:shown]) + (f", +{more}" if more > 0 else "")


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
    json=JsonKey(name="scan_coverage", position=60, describe=_describe),
)

SCANS: Final = Table(
    id="scans",
    read=_scans,
    columns=(
        Column(name="source", title="word.source", width=18, share=7),
        Column(name="account_id", title="word.account", width=24, share=16),
        Column(name="scan", title="scans.scan", width=40, kind=Kind.WRAPPED, share=16),
        Column(
            name="targets",
            title="scans.targets",
            width=40,
            share=15,
            kind=Kind.WRAPPED,
            value=lambda row: _some(row.targets, shown=5),
        ),
        Column(
            name="scanned_at", title="scans.scanned_at", title_suffix="(UTC)", width=20, kind=Kind.MOMENT, share=12.5
        ),
        Column(name="checks", title="word.checks", width=10, kind=Kind.NUMBER, share=5.5),
        Column(name="findings", title="scans.findings", width=12, kind=Kind.NUMBER, share=7),
        Column(name="findings_left_out", title="scans.left_out", width=12, kind=Kind.NUMBER, share=6.5),
        Column(
            name="replaced_by",
            title="scans.replaced_by",
            width=40,
            share=14.5,
            kind=Kind.WRAPPED,
            value=lambda row: _some(row.replaced_by, shown=3),
        ),
    ),
    page_rows=40,
    sheet=SheetPlace(name="sheet.scans", with_section=False, always=82),
)


EARLIER: Final = Table(
    id="earlier_targets",
    compute=_earlier,
    columns=(
        Column(name="source", title="word.source", width=18, share=14),
        Column(name="provider", title="word.provider", width=14, share=12),
        Column(name="account_id", title="word.account", width=30, share=28),
        Column(name="scan_target", title="scans.target", width=40, share=26, kind=Kind.WRAPPED),
        Column(name="last_scan_at", title="word.last_scan", title_suffix="(UTC)", width=20, kind=Kind.MOMENT, share=20),
    ),
    page_rows=40,
    sheet=SheetPlace(name="sheet.earlier_targets", with_section=False, always=84),
    json=JsonKey(name="scanned_before_period", position=61),
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

CROSSWALK_TEXT: Final = Content(
    id="crosswalk_text", compute=lambda inputs: crosswalk_text(inputs.header.crosswalk, inputs.locale)
)
"""Which relations counted; empty without a framework."""


def _conditions_text(inputs: SectionInputs) -> str:
    count = sum(requirement.open_conditions for requirement in inputs.posture.requirements)
    return conditions_text(count, inputs.locale)


CONDITIONS_TEXT: Final = Content(id="conditions_text", compute=_conditions_text)
"""How many conditions on the scanner's configuration are open; empty where none is."""


def _view(document: ReportDocument) -> Mapping[str, object]:
    return {"all_notes": document.notes if has_more_notes(document) else ()}


SECTION: Final = Section(
    id="methodology",
    positions=dict.fromkeys(ReportType, 80),
    contents=(CROSSWALK_TEXT, CONDITIONS_TEXT, UNRELATED, UNRELATED_SENTENCES),
    tables=(COVERAGE, SCANS, EARLIER, UNRELATED_CHECKS),
    view=_view,
    page_widths={
        "models": {"title": 70, "score": 30},
        "coverage": {"source": 15, "title": 30, "count": 10, "moment": 30},
    },
)
