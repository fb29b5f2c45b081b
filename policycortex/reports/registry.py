"""Finds the sections: every module of ``policycortex.reports.sections`` has one ``SECTION``.

The order of sections, sheets and JSON keys comes from the positions that the sections declare.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType
from policycortex.reports import sections
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Content, JsonKey, Section, Table


@cache
def all_sections() -> Mapping[str, Section]:
    """Every section by id. Raises ValueError where two sections, contents or JSON keys have one id."""
    names = sorted(module.name for module in iter_modules(sections.__path__))
    found = [_section_of(f"{sections.__name__}.{name}") for name in names]
    contents = [content for section in found for content in section.all_contents]
    _require_unique("section", (section.id for section in found))
    _require_unique("section value", (content.id for content in contents))
    _require_unique("JSON key", (content.json.name for content in contents if content.json))
    return MappingProxyType({section.id: section for section in found})


def sections_of_type(kind: ReportType) -> tuple[Section, ...]:
    """The sections of a report type, in order, whether or not a single report shows them."""
    members = [section for section in all_sections().values() if kind in section.positions]
    return tuple(sorted(members, key=lambda section: section.positions[kind]))


def shown_sections(document: ReportDocument) -> tuple[Section, ...]:
    """The sections that this report shows, in order."""
    shown = tuple(section for section in sections_of_type(document.header.type) if section.is_shown(document))
    return tuple(section for section in shown if section.is_alone) or shown


def compute_values(inputs: SectionInputs) -> dict[str, object]:
    """The values of all sections by content id, also of those that the report type does not show: JSON has them."""
    contents = (content for section in all_sections().values() for content in section.all_contents)
    return {content.id: content.compute(inputs) for content in contents if content.compute is not None}


def json_contents() -> tuple[tuple[JsonKey, Content[object]], ...]:
    """The contents that have a JSON key, in the order of the keys."""
    contents = (content for section in all_sections().values() for content in section.all_contents)
    keyed = [(content.json, content) for content in contents if content.json is not None]
    return tuple(sorted(keyed, key=lambda pair: pair[0].position))


def sheet_tables(document: ReportDocument) -> Iterator[Table[Iterable[object]]]:
    """The tables that the workbook has a sheet for, in order, each once."""
    shown = shown_sections(document)
    if any(section.is_alone for section in shown):
        yield from (table for section in shown for table in section.tables if table.sheet is not None)
        return
    placed = [
        table for section in shown for table in section.tables if table.sheet is not None and table.sheet.with_section
    ]
    tables = [table for section in all_sections().values() for table in section.tables]
    numbered = [(table.sheet.always, table) for table in tables if table.sheet and table.sheet.always is not None]
    always = [table for _, table in sorted(numbered, key=lambda pair: pair[0])]
    for table in {table.id: table for table in (*placed, *always)}.values():
        if _has_sheet(table, document):
            yield table


def _has_sheet(table: Table[Iterable[object]], document: ReportDocument) -> bool:
    if table.sheet is None or table.sheet.is_shown is None:
        return any(True for _ in table.of(document))
    return table.sheet.is_shown(document)


def _section_of(name: str) -> Section:
    section = getattr(import_module(name), "SECTION", None)
    if not isinstance(section, Section):
        raise TypeError(f"module {name} must have one value SECTION, a policycortex.reports.section.Section")
    return section


def _require_unique(what: str, ids: Iterable[str]) -> None:
    repeated = [name for name, count in Counter(ids).items() if count > 1]
    if repeated:
        raise ValueError(f"more than one {what} has the id {', '.join(repeated)}")
