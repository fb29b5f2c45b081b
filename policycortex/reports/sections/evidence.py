"""Control evidence: for each requirement its checks, and all findings of each check in scope."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from policycortex.documents.model import CheckResult, ReportDocument, RequirementRow
from policycortex.names import ReportType, Severity
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, Content, JsonKey, Kind, Section, SheetPlace, Table
from policycortex.reports.sections.control_assessment import COUNTS, group_requirements

_RANKS: Final = {severity.value: rank for rank, severity in enumerate(Severity)}
"""0 is the worst."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """What one requirement was tested on: its findings, and their distinct resources and accounts."""

    findings: int
    resources: int
    accounts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementEvidence:
    """The checks of one requirement, each with all its findings in scope."""

    open: tuple[CheckResult, ...]
    """Checks of which not every finding passes: failing ones first, each part by severity."""
    passing: tuple[CheckResult, ...]
    unseen: tuple[str, ...]
    """Ids of checks without findings of their own."""


def populations_of(findings: Path) -> Mapping[str, Population]:
    """By requirement, from a Parquet file with FINDING_COLUMNS."""
    resource = pl.struct("provider", "account_id", "region", "resource_uid")
    counted = (
        pl.scan_parquet(findings)
        .explode("requirements")
        .filter(pl.col("requirements").is_not_null())
        .group_by("requirements")
        .agg(
            pl.len().alias("findings"),
            resource.n_unique().alias("resources"),
            pl.struct("provider", "account_id").n_unique().alias("accounts"),
        )
        .collect()
    )
    return {row.pop("requirements"): Population(**row) for row in counted.iter_rows(named=True)}


def _populations(inputs: SectionInputs) -> Mapping[str, Population]:
    """Only for audit reports, which alone show it."""
    return populations_of(inputs.evidence.findings.path) if inputs.header.type is ReportType.AUDIT else {}


def _view(document: ReportDocument) -> Mapping[str, object]:
    checks = {check.check_id: check for check in document.checks}

    def evidence_of(row: RequirementRow) -> RequirementEvidence:
        found = [checks[name] for name in row.checks if name in checks]
        unsettled = [check for check in found if check.passed < check.total]
        return RequirementEvidence(
            open=tuple(sorted(unsettled, key=lambda check: (not check.failed, _RANKS[check.severity]))),
            passing=tuple(check for check in found if check.passed == check.total),
            unseen=tuple(name for name in row.checks if name not in checks),
        )

    def scanners_of(row: RequirementRow) -> list[str]:
        return sorted({scanner for name in row.checks if name in checks for scanner in checks[name].scanners})

    return {
        "requirement_groups": group_requirements(document),
        "evidence_of": evidence_of,
        "scanners_of": scanners_of,
        "populations": POPULATIONS.of(document),
    }


POPULATIONS: Final = Content(id="populations", compute=_populations)
"""What each requirement was tested on."""


CHECKS: Final = Table(
    id="checks",
    read=lambda document: document.checks,
    columns=(
        Column(name="check_id", title="word.check", width=44),
        Column(name="title", title="word.title", width=56, kind=Kind.WRAPPED),
        Column(name="severity", title="word.severity", width=14, kind=Kind.SEVERITY),
        Column(name="service", title="word.service", width=16),
        *COUNTS,
        Column(name="scanners", title="column.source", width=20),
    ),
    sheet=SheetPlace(name="sheet.checks", always=40),
    json=JsonKey(name="checks", position=30),
)

SECTION: Final = Section(
    id="evidence",
    positions={ReportType.AUDIT: 88},
    is_shown=lambda document: bool(document.requirements),
    contents=(POPULATIONS,),
    tables=(CHECKS,),
    view=_view,
    page_widths={"grid.evidence": {"severity": 11, "title": 54, "count": 7}},
)
