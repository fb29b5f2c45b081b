"""The sheets after summary and findings: one for each table that the sections declare. Writes nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, cast

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.rendering.excel.about_sheet import about_sheet
from policycortex.rendering.excel.cells import Cell, Link, SheetColumn, Tint
from policycortex.rendering.excel.evidence_links import EvidenceLinks
from policycortex.rendering.excel.model import Sheet, band_tints, result_tints, severity_tints
from policycortex.reports.registry import sheet_tables
from policycortex.reports.section import Column, Kind, LinkTo, Table
from policycortex.reports.sections.control_assessment import FAILING

_ABOUT_POSITION: Final = 90
"""The sheet about the report follows tables with a lower ``SheetPlace.always`` and precedes those with a higher."""

_SectionTable = Table[Iterable[object]]
_Index = Mapping[LinkTo, Mapping[object, Link]]
"""By link of a column: the target for each value."""


def list_sheets(document: ReportDocument, locale: Locale, evidence: EvidenceLinks) -> list[Sheet]:
    """The sheets in order; those of ``evidence`` precede the one about the report."""
    tables = list(sheet_tables(document))
    index = {**_link_targets(tables, document, locale), FAILING: evidence.by_requirement}
    sheets = [_sheet(table, document, locale, index) for table in tables]
    place = next((number for number, table in enumerate(tables) if _is_after_about(table)), len(tables))
    return [*sheets[:place], *evidence.sheets, about_sheet(document, locale), *sheets[place:]]


def table_rows(table: _SectionTable, document: ReportDocument, locale: Locale) -> Iterator[tuple[Cell, ...]]:
    """The cells of a table in the order of its columns, without links."""
    yield from _rows(table, document, [_writer(column, locale, {}) for column in table.columns])


def _is_after_about(table: _SectionTable) -> bool:
    sheet = table.sheet
    return sheet is not None and not sheet.with_section and (sheet.always or 0) > _ABOUT_POSITION


def _sheet(table: _SectionTable, document: ReportDocument, locale: Locale, index: _Index) -> Sheet:
    return Sheet(
        name=_sheet_name(table, locale),
        columns=tuple(
            SheetColumn(title=column.title_in(locale), width=column.width, kind=column.kind) for column in table.columns
        ),
        rows=_rows(table, document, [_writer(column, locale, index) for column in table.columns]),
        tints=tuple(tint for number, column in enumerate(table.columns) for tint in _tints(column, number, locale)),
    )


def _sheet_name(table: _SectionTable, locale: Locale) -> str:
    return locale.text(table.sheet.name) if table.sheet else ""


def _rows(
    table: _SectionTable, document: ReportDocument, writers: Sequence[Callable[[object, int], Cell]]
) -> Iterator[tuple[Cell, ...]]:
    for number, row in enumerate(table.of(document), start=1):
        yield tuple(write(row, number) for write in writers)


def _writer(column: Column, locale: Locale, index: _Index) -> Callable[[object, int], Cell]:
    """Makes the cell of ``column`` from a row and its number."""
    prefix = {Kind.SEVERITY: "severity", Kind.RESULT: "result", Kind.BAND: "band"}.get(column.kind, column.words)
    targets = index.get(column.link, {}) if column.link is not None else {}

    def write(row: object, number: int) -> Cell:
        value = column.value_of(row, number)
        if value is None:
            return locale.text(column.none_text) if column.none_text is not None else None
        if isinstance(value, tuple | list):
            return ", ".join(locale.text(f"{prefix}.{each}") if prefix else each for each in value)
        if prefix is not None:
            return locale.text(f"{prefix}.{value}")
        return targets.get(value) or cast("Cell", value)

    return write


def _tints(column: Column, number: int, locale: Locale) -> tuple[Tint, ...]:
    match column.kind:
        case Kind.SEVERITY:
            return severity_tints(locale, number)
        case Kind.RESULT:
            return result_tints(locale, number)
        case Kind.BAND:
            return band_tints(locale, number)
        case _:
            return ()


def _link_targets(tables: Sequence[_SectionTable], document: ReportDocument, locale: Locale) -> _Index:
    by_id = {table.id: table for table in tables}
    links = {column.link for table in tables for column in table.columns if column.link is not None}
    return {link: _targets(by_id[link.table], link, document, locale) for link in links if link.table in by_id}


def _targets(table: _SectionTable, link: LinkTo, document: ReportDocument, locale: Locale) -> Mapping[object, Link]:
    """The first row of each value of the field ``link.name``."""
    sheet = _sheet_name(table, locale)
    found: dict[object, Link] = {}
    for number, row in enumerate(table.of(document), start=1):
        value = getattr(row, link.name)
        found.setdefault(value, Link(text=str(value), sheet=sheet, row=number))
    return found
