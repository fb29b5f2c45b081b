"""Printed findings by check: what a page shows of each, the files they come from, and the requirements they are of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import polars as pl

from policycortex.documents.model import CheckResult, FindingsTable
from policycortex.rendering.pdf.finding_rows import shape_evidence, shown_text

BATCH: Final = 1000
"""Findings that are in memory at once."""
_IS_COUNTED: Final = (
    (pl.col("status") == "FAIL") & ~pl.col("muted").fill_null(value=False) & ~pl.col("waived").fill_null(value=False)
)
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
    is_failing: bool
    """Whether a finding of the group fails and counts."""
    number: int
    """Of the check, from 1, in the order in which checks begin."""
    is_continued: bool = False
    """Whether these rows follow others of the check, which were read before."""

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


def sort_by_check(findings: FindingsTable, path: Path) -> FindingsTable:
    """The same rows in ``path``, those of a check together, in the order in which the checks begin."""
    rows = pl.scan_parquet(findings.path).head(findings.total).with_row_index("row")
    begins = pl.col("row").min().over("check_id")
    rows.sort(begins, "row").drop("row").sink_parquet(path)
    return FindingsTable(path=path, total=findings.total)


def group_findings(findings: FindingsTable, checks: Iterable[CheckResult]) -> Iterator[FindingGroup]:
    """One group per check of ``findings``, which ``sort_by_check`` has sorted.

    Rows are read in batches; a check that does not end with a batch has further groups.
    """
    counted = {check.check_id: check for check in checks}
    facts, sources = _facts_of(findings), {_key(source): source.number for source in list_sources(findings)}
    number, last = 0, ""
    for batch in findings.batches(BATCH):
        for check, rows in groupby(_evidence_rows(batch, sources), key=itemgetter("check_id")):
            is_continued = check == last
            number, last = number + (not is_continued), check
            yield _group(tuple(rows), counted, facts[check], number, is_continued=is_continued)


def list_sources(findings: FindingsTable) -> tuple[FindingSource, ...]:
    """The files behind ``findings``, numbered in the order of the table."""
    given = pl.scan_parquet(findings.path).head(findings.total).select(pl.col(name).fill_null("") for name in _SOURCE)
    counted = given.group_by(_SOURCE, maintain_order=True).len("findings").collect()
    shown = counted.with_columns(shown_text(name) for name in _SOURCE)
    return tuple(FindingSource(number=f"S-{n}", **row) for n, row in enumerate(shown.iter_rows(named=True), start=1))


def numbers_of(findings: FindingsTable, limit: int | None = None) -> Mapping[tuple[str, str], Sequence[str]]:
    """Numbers of the failing findings that count, by requirement and check; of each the first ``limit``."""
    numbers = pl.col("number") if limit is None else pl.col("number").head(limit)
    pairs = (
        pl.scan_parquet(findings.path)
        .head(findings.total)
        .filter(_IS_COUNTED)
        .select("number", "check_id", "requirements")
        .explode("requirements")
        .group_by("requirements", "check_id", maintain_order=True)
        .agg(numbers)
        .collect()
    )
    return {(requirement, check): numbers for requirement, check, numbers in pairs.iter_rows()}


def first_checks_of(findings: FindingsTable) -> Mapping[str, int]:
    """By requirement the number of its first check in ``findings``, which ``sort_by_check`` has sorted."""
    rows = pl.scan_parquet(findings.path).head(findings.total).select("check_id", "requirements")
    numbered = rows.select(pl.col("check_id").unique(maintain_order=True)).with_row_index("number", offset=1)
    firsts = (
        rows.explode("requirements").join(numbered, on="check_id").group_by("requirements").agg(pl.col("number").min())
    )
    return {requirement: number for requirement, number in firsts.collect().iter_rows() if requirement is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What holds for all printed findings of one check."""

    is_failing: bool
    shared: frozenset[str]
    """Requirements that all of them have."""


def _facts_of(findings: FindingsTable) -> Mapping[str, _Facts]:
    """By check as it is shown."""
    rows = pl.scan_parquet(findings.path).head(findings.total)
    rows = rows.select(shown_text("check_id"), "requirements", _IS_COUNTED.alias("counts"))
    checks = rows.group_by("check_id").agg(pl.len(), pl.col("counts").any()).collect()
    pairs = rows.explode("requirements").group_by("check_id", "requirements").len().collect()
    totals = dict(checks.select("check_id", "len").iter_rows())
    shared: dict[str, set[str]] = {}
    for check, requirement, count in pairs.iter_rows():
        if requirement is not None and count == totals[check]:
            shared.setdefault(check, set()).add(requirement)
    return {
        check: _Facts(is_failing=counts, shared=frozenset(shared.get(check, ())))
        for check, _, counts in checks.iter_rows()
    }


def _group(
    rows: Sequence[Mapping[str, Any]],
    counted: Mapping[str, CheckResult],
    facts: _Facts,
    number: int,
    *,
    is_continued: bool,
) -> FindingGroup:
    first = rows[0]
    own = [[name for name in row["requirements"] if name not in facts.shared] for row in rows]
    return FindingGroup(
        check_id=first["check_id"],
        title=first["title"],
        severity=first["severity"],
        counts=counted.get(first["check_id"]),
        requirements=tuple(name for name in first["requirements"] if name in facts.shared),
        rows=tuple({**row, "requirements": names} for row, names in zip(rows, own, strict=True)),
        is_failing=facts.is_failing,
        number=number,
        is_continued=is_continued,
    )


def _evidence_rows(findings: pl.DataFrame, sources: Mapping[tuple[str, ...], str]) -> Iterator[Mapping[str, Any]]:
    """Shaped rows with what the scanner states, when they began to fail, and the number of their source."""
    evidence = findings.select(
        *(shown_text(name) for name in ("resource_name", "account_name")),
        pl.col("requirements").fill_null([]),
        *(shown_text(name) for name in _SOURCE),
    )
    for row in pl.concat([shape_evidence(findings), evidence], how="horizontal").iter_rows(named=True):
        yield {**row, "source_number": sources[tuple(row[name] for name in _SOURCE)]}


def _key(source: FindingSource) -> tuple[str, ...]:
    return tuple(getattr(source, name) for name in _SOURCE)
