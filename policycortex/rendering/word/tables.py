"""HTML tables to Word tables: fixed widths, a head that repeats on each page, merged cells of group rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from lxml.html import HtmlElement

from policycortex.rendering.tints import HEAD_FILL
from policycortex.rendering.word.markup import paragraph

TEXT_WIDTH: Final = 9_638
"""Twips between the margins: 170 mm."""
_WORD_TWIPS: Final = 108
"""Of one character of a head, at most."""
_CELL_TWIPS: Final = 150
"""Margins of a cell at both sides."""
_GROUP_FILL: Final = "ECEFF3"
_LONGEST_WHOLE_ROW: Final = 1_500
"""Characters up to which a row stays on one page."""
_BORDERS: Final = (
    "<w:tblBorders>"
    '<w:bottom w:val="single" w:sz="4" w:space="0" w:color="C9D3DC"/>'
    '<w:insideH w:val="single" w:sz="4" w:space="0" w:color="E3E8EE"/>'
    "</w:tblBorders>"
)
_MARGINS: Final = (
    '<w:tblCellMar><w:top w:w="40" w:type="dxa"/><w:left w:w="70" w:type="dxa"/>'
    '<w:bottom w:w="40" w:type="dxa"/><w:right w:w="70" w:type="dxa"/></w:tblCellMar>'
)

FillCell = Callable[[HtmlElement, str, str], str]
"""Makes the paragraphs of a cell from its element, a paragraph style, and further paragraph properties."""


def write_table(element: HtmlElement, shares: Mapping[tuple[str, str], float], fill: FillCell) -> str:
    """The table as XML. ``shares``: percent of the width by class of table and of column."""
    rows = list(_rows(element))
    if not rows:
        return ""
    _drop_empty_columns(element, rows)
    widths = _widths(element, shares, max(sum(_span(cell) for cell in _cells(row)) for row in rows))
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    body = "".join(_row(row, widths, fill) for row in rows)
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/>{_BORDERS}<w:tblLayout w:type="fixed"/>{_MARGINS}'
        f'<w:tblLook w:val="0420" w:firstRow="1" w:noVBand="1"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{body}</w:tbl>'
    )


def write_facts(facts: Sequence[tuple[HtmlElement, Sequence[HtmlElement]]], fill: FillCell) -> str:
    """A list of terms as a table of two columns."""
    widths = (round(TEXT_WIDTH * 0.32), round(TEXT_WIDTH * 0.68))
    rows = []
    for term, values in facts:
        shown = "".join(fill(value, "TableText", "") for value in values)
        rows.append(f"<w:tr>{_cell(fill(term, 'TableLabel', ''), widths[0])}{_cell(shown, widths[1])}</w:tr>")
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/>{_BORDERS}<w:tblLayout w:type="fixed"/>{_MARGINS}'
        f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def _rows(table: HtmlElement) -> Iterator[HtmlElement]:
    for part in table:
        if part.tag == "tr":
            yield part
        elif part.tag in {"thead", "tbody", "tfoot"}:
            yield from (row for row in part if row.tag == "tr")


def _drop_empty_columns(table: HtmlElement, rows: Sequence[HtmlElement]) -> None:
    """Columns whose cells have only drawings on the page are left out; tables with merged cells keep theirs."""
    cells = [_cells(row) for row in rows]
    columns = list(table.iter("col"))
    if any(_span(cell) > 1 for row in cells for cell in row) or len({len(row) for row in cells}) > 1 or len(cells) < 2:
        return
    for index in reversed(range(len(cells[0]))):
        if any(_has_drawing(row[index]) for row in cells) and not any(_shown(row[index]) for row in cells[1:]):
            for row in cells:
                row[index].drop_tree()
            if index < len(columns):
                columns[index].drop_tree()


def _has_drawing(cell: HtmlElement) -> bool:
    return next(cell.iter("svg", "{*}svg"), None) is not None


def _shown(cell: HtmlElement) -> str:
    """The text of a cell outside drawings."""
    return "".join(text for text in cell.xpath(".//text()[not(ancestor::svg)]")).strip()


def _cells(row: HtmlElement) -> list[HtmlElement]:
    return [cell for cell in row if cell.tag in {"td", "th"}]


def _span(cell: HtmlElement) -> int:
    given = cell.get("colspan") or "1"
    return int(given) if given.isdecimal() else 1


def _widths(table: HtmlElement, shares: Mapping[tuple[str, str], float], count: int) -> list[int]:
    """Twips of each column: as declared, else what is left in equal parts."""
    classes = (table.get("class") or "").split()
    named = [
        name.removeprefix("w-")
        for column in table.iter("col")
        for name in (column.get("class") or "").split()
        if name.startswith("w-")
    ]
    found = [next((shares[key] for each in classes if (key := (each, name)) in shares), None) for name in named]
    given = [*found, *[None] * (count - len(found))][:count]
    known = sum(share for share in given if share is not None)
    unknown = sum(share is None for share in given)
    rest = max(100 - known, 8 * unknown) / unknown if unknown else 0.0
    parts = [rest if share is None else share for share in given]
    wanted = [TEXT_WIDTH * part / sum(parts) for part in parts]
    least = _least_widths(table, count)
    fitted = [max(want, need) for want, need in zip(wanted, least, strict=True)]
    excess = sum(fitted) - TEXT_WIDTH
    spare = [width - need for width, need in zip(fitted, least, strict=True)]
    spare_total = sum(spare)
    return [
        round(width - excess * each / spare_total) if spare_total else round(width)
        for width, each in zip(fitted, spare, strict=True)
    ]


def _least_widths(table: HtmlElement, count: int) -> list[float]:
    """Twips that the longest word of each head needs; of numbers below, the head is the wider one."""
    head = next((_cells(row) for row in _rows(table)), [])
    words = [max((len(word) for word in cell.text_content().split()), default=1) for cell in head if _span(cell) == 1]
    if len(words) != count:
        return [0.0] * count
    return [min(length * _WORD_TWIPS + _CELL_TWIPS, TEXT_WIDTH / count) for length in words]


def _row(row: HtmlElement, widths: Sequence[int], fill: FillCell) -> str:
    parent = row.getparent()
    is_head = parent is not None and parent.tag == "thead"
    is_group = "group" in (row.get("class") or "").split()
    cells, place = [], 0
    for cell in _cells(row):
        span = _span(cell)
        is_number = "num" in (cell.get("class") or "").split()
        extra = '<w:jc w:val="right"/>' if is_number else "<w:keepNext/>" if is_group else ""
        style = "TableHead" if is_head else "TableGroup" if is_group else "TableText"
        colour = HEAD_FILL[1:] if is_head else _GROUP_FILL if is_group else ""
        width = sum(widths[place : place + span])
        cells.append(_cell(fill(cell, style, extra), width, span=span, colour=colour))
        place += span
    is_whole = is_head or sum(len(cell) for cell in cells) < 10 * _LONGEST_WHOLE_ROW
    properties = ("<w:cantSplit/>" if is_whole else "") + ("<w:tblHeader/>" if is_head else "")
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(cells)}</w:tr>"


def _cell(content: str, width: int, *, span: int = 1, colour: str = "") -> str:
    merged = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    shading = f'<w:shd w:val="clear" w:color="auto" w:fill="{colour}"/>' if colour else ""
    inner = content or paragraph("TableText", "")
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{merged}{shading}</w:tcPr>{inner}</w:tc>'
