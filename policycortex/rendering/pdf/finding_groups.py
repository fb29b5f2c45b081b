"""Printed findings by check: what a page shows of each, the files they come from, and the requirements they are of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from policycortex.documents.model import CheckResult, FindingsTable
from policycortex.rendering.pdf.finding_rows import shape_evidence, shown_text

NUMBERS_LISTED: Final = 500
"""Numbers of findings beside one check of one requirement: all, where the findings stand on designed pages."""
_SOURCE: Final = ("source", "source_version", "scan", "source_file", "source_file_sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingPlace:
    """The findings of one check in one account, region and environment."""

    account: str
    """Its name, or its id where the scanner gives no name."""
    region: str
    environment: str
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingGroup:
    """The printed findings of one check, in the order of the findings table."""

    check_id: str
    title: str
    severity: str
    counts: CheckResult | None
    """All findings of the check, printed or not; None where they were not counted."""
    requirements: tuple[str, ...]
    """Requirements that all findings of the group have, in the framework's order."""
    rows: tuple[Mapping[str, Any], ...]
    """Shaped rows; ``requirements`` has the ids that not all of the group have."""

    @property
    def is_failing(self) -> bool:
        """Whether a finding of the group fails and counts."""
        return any(row["status"] == "FAIL" and not (row["muted"] or row["waived"]) for row in self.rows)

    @property
    def places(self) -> tuple[FindingPlace, ...]:
        """The rows by account, region and environment, in the order in which these begin."""
        found: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
        for row in self.rows:
            account = row["account_name"] or row["account_id"]
            found.setdefault((account, row["region"], row["environment"]), []).append(row)
        return tuple(
            FindingPlace(account=account, region=region, environment=environment, rows=tuple(rows))
            for (account, region, environment), rows in found.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingSource:
    """One scan and file that printed findings come from."""

    number: str
    """``S-1`` for the first in the order of the findings table."""
    source: str
    source_version: str
    scan: str
    source_file: str
    source_file_sha256: str
    findings: int


def group_findings(findings: pl.DataFrame, checks: Iterable[CheckResult]) -> tuple[FindingGroup, ...]:
    """One group per check, in the order in which the checks begin in ``findings``."""
    counted = {check.check_id: check for check in checks}
    found: dict[str, list[dict[str, Any]]] = {}
    for row in _evidence_rows(findings).iter_rows(named=True):
        found.setdefault(row["check_id"], []).append(row)
    return tuple(_group(rows, counted) for rows in found.values())


def list_sources(findings: FindingsTable) -> tuple[FindingSource, ...]:
    """The files behind ``findings``, numbered in the order of the table."""
    given = pl.scan_parquet(findings.path).head(findings.total).select(pl.col(name).fill_null("") for name in _SOURCE)
    counted = given.group_by(_SOURCE, maintain_order=True).len("findings").collect()
    shown = counted.with_columns(shown_text(name) for name in _SOURCE)
    return tuple(FindingSource(number=f"S-{n}", **row) for n, row in enumerate(shown.iter_rows(named=True), start=1))


def numbers_of(findings: FindingsTable) -> Mapping[tuple[str, str], Sequence[str]]:
    """Numbers of the failing findings that count, by requirement and check; of each the first NUMBERS_LISTED."""
    is_counted = (pl.col("status") == "FAIL") & ~pl.col("muted") & ~pl.col("waived")
    pairs = (
        pl.scan_parquet(findings.path)
        .head(findings.total)
        .filter(is_counted)
        .select("number", "check_id", "requirements")
        .explode("requirements")
        .group_by("requirements", "check_id", maintain_order=True)
        .agg(pl.col("number").head(NUMBERS_LISTED))
        .collect()
    )
    return {(requirement, check): numbers for requirement, check, numbers in pairs.iter_rows()}


def _group(rows: Sequence[Mapping[str, Any]], counted: Mapping[str, CheckResult]) -> FindingGroup:
    first = rows[0]
    shared = tuple(name for name in first["requirements"] if all(name in row["requirements"] for row in rows))
    own = [[name for name in row["requirements"] if name not in shared] for row in rows]
    return FindingGroup(
        check_id=first["check_id"],
        title=first["title"],
        severity=first["severity"],
        counts=counted.get(first["check_id"]),
        requirements=shared,
        rows=tuple({**row, "requirements": names} for row, names in zip(rows, own, strict=True)),
    )


def _evidence_rows(findings: pl.DataFrame) -> pl.DataFrame:
    """Shaped rows with what the scanner states, when they began to fail, and the number of their source."""
    evidence = findings.select(
        *(shown_text(name) for name in ("resource_name", "account_name")),
        pl.col("requirements").fill_null([]),
    )
    sources = _numbered_sources(findings).select(pl.col("number").alias("source_number"))
    return pl.concat([shape_evidence(findings), evidence, sources], how="horizontal")


def _numbered_sources(findings: pl.DataFrame) -> pl.DataFrame:
    given = findings.select(pl.col(name).fill_null("") for name in _SOURCE)
    known = given.unique(maintain_order=True).with_row_index("number", offset=1)
    named = known.with_columns((pl.lit("S-") + pl.col("number").cast(pl.String)).alias("number"))
    return given.join(named, on=_SOURCE, how="left", maintain_order="left")
