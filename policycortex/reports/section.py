"""What a section of a report is: its place in each report type, its values, its tables and their columns.

Values only. The renderings read these declarations: the page (HTML and PDF), the workbook and the JSON report.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar, cast

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType
from policycortex.reports.inputs import SectionInputs

Value_co = TypeVar("Value_co", covariant=True)
Rows_co = TypeVar("Rows_co", bound=Iterable[object], covariant=True)


class Kind(StrEnum):
    """What the cells of a column hold; it decides how they are typed, formatted and aligned."""

    TEXT = "text"
    WRAPPED = "wrapped"
    """Text that may need several lines."""
    NUMBER = "number"
    DECIMAL = "decimal"
    """Two decimals."""
    PERCENT = "percent"
    """A score, 0 to 100."""
    FLAG = "flag"
    DAY = "day"
    MOMENT = "moment"
    RANK = "rank"
    """The row's number, from 1; the row itself holds no value for it."""
    SEVERITY = "severity"
    """A severity's id, shown as word and colour."""
    RESULT = "result"
    """A requirement result's id, shown as word and colour."""
    BAND = "band"
    """A risk band's id, shown as word and colour."""


NUMERIC: Final = frozenset({Kind.NUMBER, Kind.DECIMAL, Kind.PERCENT, Kind.RANK})
"""Kinds that are aligned to the right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTo:
    """A workbook link from a cell to the first row of ``table`` whose field ``name`` has the cell's value."""

    table: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table, for the workbook and for the generic page table."""

    name: str
    """Field of the row that holds the value."""
    title: str
    """Key of the head's text."""
    width: float
    """Characters, in the workbook."""
    kind: Kind = Kind.TEXT
    title_suffix: str = ""
    """Added to the head's text, such as a unit."""
    words: str | None = None
    """Prefix of text keys where the value is an id that the catalogue names, such as ``dimension``."""
    none_text: str | None = None
    """Key of the text for None; without it the cell is empty."""
    value: Callable[[Any], object] | None = None
    """Computes the value from the row, in place of ``name``."""
    link: LinkTo | None = None
    share: float | None = None
    """Percent of the page table's width; None: in proportion to ``width``."""
    css: str = ""
    """Class ``w-<css>`` of the column on the page; ``name`` where empty."""
    on_page: bool = True
    """False for columns that only the workbook has."""

    def value_of(self, row: object, number: int) -> object:
        """The raw value in ``row``, which is the ``number``-th, from 1."""
        if self.kind is Kind.RANK:
            return number
        if self.value is not None:
            return self.value(row)
        return row[self.name] if isinstance(row, Mapping) else getattr(row, self.name)

    def title_in(self, locale: Locale) -> str:
        """The head's text."""
        return f"{locale.text(self.title)} {self.title_suffix}".rstrip()


def always(_: ReportDocument) -> bool:
    """For sheets and sections that every report has, empty or not."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPlace:
    """Where the workbook has a table, and when."""

    name: str
    """Key of the sheet's name."""
    with_section: bool = True
    """The sheet has the place of its section in the report type."""
    always: int | None = None
    """Position among the sheets that follow those of the sections, in every report type; None: not there."""
    is_shown: Callable[[ReportDocument], bool] | None = None
    """None: where the table has rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonObject:
    """A JSON value of some fields followed by arrays that are written a row a line."""

    fields: Mapping[str, object]
    arrays: Mapping[str, Iterable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonKey:
    """A top-level key of the JSON report. Every report has it, whatever its type."""

    name: str
    position: int
    """Ascending; programs may read keys in order, so positions never change."""
    leave_out: frozenset[str] = frozenset()
    """Fields of the rows that are not written."""
    describe: Callable[[Any], object] | None = None
    """Makes the JSON value; None: rows as objects, or the value's own fields."""
    skip_none: bool = False
    """True: no key where the value is None; False: the key with ``null``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content(Generic[Value_co]):
    """One value of the report: computed once from the inputs, or read from the document's common fields."""

    id: str
    """Unique among all sections; ``document[id]`` is the computed value."""
    compute: Callable[[SectionInputs], Value_co] | None = None
    read: Callable[[ReportDocument], Value_co] | None = None
    """In place of ``compute``."""
    json: JsonKey | None = None

    def of(self, document: ReportDocument) -> Value_co:
        """The value in ``document``. Raises KeyError where it was not composed with this section."""
        return self.read(document) if self.read is not None else cast("Value_co", document[self.id])


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Content[Rows_co]):
    """Rows (dataclasses or mappings) with columns: a sheet of the workbook, and a generic table on the page."""

    columns: tuple[Column, ...]
    sheet: SheetPlace | None = None
    page_rows: int | None = None
    """Most rows that ``parts.table(tables.<id>)`` shows; None: the template draws the table itself."""
    css: str = ""
    """Class of the page's table; ``id`` where empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section of a report."""

    id: str
    """Text ``section.<id>`` is its title; the anchor on the page."""
    positions: Mapping[ReportType, int]
    """Its position in each report type that has it, ascending. The findings are last, at 90."""
    is_shown: Callable[[ReportDocument], bool] = always
    contents: tuple[Content[object], ...] = ()
    """Computed values that are no tables."""
    tables: tuple[Table[Iterable[object]], ...] = ()
    view: Callable[[ReportDocument], Mapping[str, object]] = lambda _: {}
    """Further names for the template. Sections share one namespace: the same name must mean the same value."""
    page_widths: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Column widths of tables that the template draws itself: table class -> column class ``w-<name>`` -> percent."""
    template: str = ""
    """``report/sections/<id>.html`` where empty."""
    is_alone: bool = False
    """Where it is shown, the report has no other section, and the workbook no tables of others."""
    screen_template: str = ""
    """In place of ``template`` in the HTML report; the same where empty."""

    @property
    def all_contents(self) -> tuple[Content[object], ...]:
        """Values and tables."""
        return (*self.contents, *self.tables)

    @property
    def page_template(self) -> str:
        """The template of the printed page."""
        return self.template or f"report/sections/{self.id}.html"
