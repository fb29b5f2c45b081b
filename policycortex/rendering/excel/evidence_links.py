"""Sheets that lead from a requirement to each of its failing findings, and from a finding to all its requirements.

A cell has one link only, so the pairs of both have sheets of their own. Excel takes 65,530 links on one sheet; where
there are more pairs, each requirement lists its first findings, worst first, and a row says "n of N".
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from policycortex.documents.locales import Locale
from policycortex.documents.model import FindingsTable, ReportDocument
from policycortex.rendering.excel.cells import Cell, Link, SheetColumn, cell_location
from policycortex.rendering.excel.model import Sheet, result_tints, severity_tints
from policycortex.reports.section import Kind

MOST_PAIRS: Final = 32_000
"""Rows of one sheet of pairs, each with two links."""
MOST_LINKS: Final = 65_000
"""Links on one findings sheet."""
_BATCH_ROWS: Final = 50_000
_PAIR_COLUMNS: Final = (
    "number", "requirements", "status", "severity", "muted", "waived", "title", "resource_uid", "account_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsPlace:
    """Where the workbook has each finding."""

    names: Sequence[str]
    """Of the findings sheets, in order."""
    sheet_rows: int
    """Findings on a full sheet."""

    def link(self, number: str, index: int) -> Link:
        """To finding ``number``, which is the ``index``-th, from 0."""
        sheet, row = divmod(index, self.sheet_rows)
        return Link(text=number, sheet=self.names[sheet], row=row + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceLinks:
    """The two sheets, and the targets of links on others."""

    sheets: tuple[Sheet, ...]
    by_requirement: Mapping[object, Link]
    """First row of each requirement that has failing findings."""
    of_findings: pl.Expr | None
    """Over a batch of findings: the location that the cell of its requirements links to, null for none."""


NO_LINKS: Final = EvidenceLinks(sheets=(), by_requirement={}, of_findings=None)


def link_evidence(document: ReportDocument, locale: Locale, place: FindingsPlace | None) -> EvidenceLinks:
    """Links between the sheet of requirements and the findings at ``place``; none without both."""
    if place is None or not document.requirements:
        return NO_LINKS
    sheet = locale.text("sheet.requirements")
    targets = {row.id: Link(text=row.id, sheet=sheet, row=n) for n, row in enumerate(document.requirements, start=1)}
    totals = _totals(document.findings)
    pairs = _pairs(document.findings, _cap(totals))
    failing = _failing_sheet(document, locale, pairs, totals, place=place, targets=targets)
    back, blocks = _back_sheet(document, locale, place, targets)
    return EvidenceLinks(
        sheets=tuple(each for each in (failing, back) if each.rows),
        by_requirement=_first_rows(failing),
        of_findings=_locations(blocks, {key: link.location for key, link in targets.items()}),
    )


def _failing(findings: FindingsTable) -> Iterator[pl.DataFrame]:
    """Failing findings with requirements, muted and waived ones too, batch by batch, with their ``index``."""
    rows = pl.scan_parquet(findings.path).select(_PAIR_COLUMNS).with_row_index("index")
    for offset in range(0, findings.total, _BATCH_ROWS):
        batch = rows.slice(offset, _BATCH_ROWS).filter(pl.col("status") == "FAIL").collect()
        if batch.height:
            yield batch.filter(pl.col("requirements").list.len() > 0)


def _totals(findings: FindingsTable) -> Mapping[str, int]:
    """Failing findings by requirement."""
    counted = (
        pl.scan_parquet(findings.path)
        .filter(pl.col("status") == "FAIL")
        .select(pl.col("requirements").explode())
        .drop_nulls()
        .group_by("requirements")
        .len()
        .collect()
    )
    return dict(counted.iter_rows())


def _cap(totals: Mapping[str, int]) -> int:
    """Most findings listed for one requirement, so that all pairs fit."""
    most = MOST_PAIRS - len(totals)
    low, high = 1, max(totals.values(), default=1)
    while low < high:
        middle = (low + high + 1) // 2
        if sum(min(count, middle) for count in totals.values()) <= most:
            low = middle
        else:
            high = middle - 1
    return low


def _pairs(findings: FindingsTable, cap: int) -> Mapping[str, Sequence[Mapping[str, object]]]:
    """The first ``cap`` failing findings of each requirement, in the order of the findings."""
    found: defaultdict[str, list[Mapping[str, object]]] = defaultdict(list)
    for batch in _failing(findings):
        for row in batch.explode("requirements").iter_rows(named=True):
            listed = found[row["requirements"]]
            if len(listed) < cap:
                listed.append(row)
    return found


def _failing_sheet(
    document: ReportDocument,
    locale: Locale,
    pairs: Mapping[str, Sequence[Mapping[str, object]]],
    totals: Mapping[str, int],
    *,
    place: FindingsPlace,
    targets: Mapping[str, Link],
) -> Sheet:
    columns = (
        SheetColumn(title=locale.text("word.requirement"), width=18),
        SheetColumn(title=locale.text("word.finding"), width=12),
        SheetColumn(title=locale.text("word.severity"), width=14),
        SheetColumn(title=locale.text("word.status"), width=14),
        SheetColumn(title=locale.text("word.title"), width=50, kind=Kind.WRAPPED),
        SheetColumn(title=locale.text("word.resource"), width=54, kind=Kind.WRAPPED),
        SheetColumn(title=locale.text("word.account"), width=18),
    )
    rows: list[tuple[Cell, ...]] = []
    for requirement in document.requirements:
        link, listed = targets[requirement.id], pairs.get(requirement.id, ())
        rows += [(link, *_finding_cells(row, locale, place)) for row in listed]
        total = totals.get(requirement.id, 0)
        if total > len(listed):
            note = locale.text("excel.more_findings", shown=locale.number(len(listed)), total=locale.number(total))
            rows.append((link, "…", None, None, note, None, None))
    name = locale.text("sheet.failing_by_requirement")
    return Sheet(name=name, columns=columns, rows=rows, tints=severity_tints(locale, 2))


def _finding_cells(row: Mapping[str, object], locale: Locale, place: FindingsPlace) -> tuple[Cell, ...]:
    state = "muted" if row["muted"] else "waived" if row["waived"] else "failed"
    return (
        place.link(str(row["number"]), int(str(row["index"]))),
        locale.text(f"severity.{row['severity']}"),
        locale.text(f"word.{state}"),
        str(row["title"] or ""),
        str(row["resource_uid"] or ""),
        str(row["account_id"] or ""),
    )


def _back_sheet(
    document: ReportDocument, locale: Locale, place: FindingsPlace, targets: Mapping[str, Link]
) -> tuple[Sheet, Mapping[str, str]]:
    """A row per failing finding and requirement, for findings with several; and where each finding's rows begin."""
    name = locale.text("sheet.requirements_by_finding")
    columns = (
        SheetColumn(title=locale.text("word.finding"), width=12),
        SheetColumn(title=locale.text("word.requirement"), width=18),
        SheetColumn(title=locale.text("word.title"), width=70, kind=Kind.WRAPPED),
        SheetColumn(title=locale.text("word.result"), width=18),
    )
    known = {row.id: row for row in document.requirements}
    rows: list[tuple[Cell, ...]] = []
    blocks: dict[str, str] = {}
    for batch in _failing(document.findings):
        for row in batch.filter(pl.col("requirements").list.len() > 1).iter_rows(named=True):
            named = [known[each] for each in row["requirements"] if each in known]
            if len(rows) + len(named) > MOST_PAIRS:
                break
            blocks[row["number"]] = cell_location(name, len(rows) + 1)
            link = place.link(row["number"], row["index"])
            rows += [(link, targets[each.id], each.title, locale.text(f"result.{each.result}")) for each in named]
    return Sheet(name=name, columns=columns, rows=rows, tints=result_tints(locale, 3)), blocks


def _first_rows(sheet: Sheet) -> Mapping[object, Link]:
    found: dict[object, Link] = {}
    for number, (first, *_) in enumerate(sheet.rows, start=1):
        if isinstance(first, Link):
            found.setdefault(first.text, Link(text=first.text, sheet=sheet.name, row=number))
    return found


def _locations(blocks: Mapping[str, str], requirements: Mapping[str, str]) -> pl.Expr:
    """The block of a finding with several requirements, else its requirement."""
    only = pl.col("requirements").list.first().replace_strict(requirements, default=None, return_dtype=pl.String)
    block = pl.col("number").replace_strict(blocks or {"": ""}, default=None, return_dtype=pl.String)
    return pl.when(pl.col("status") == "FAIL").then(pl.coalesce(block, only))
