"""Block HTML to paragraphs, tables and pictures, in document order."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from lxml.html import HtmlElement

from policycortex.rendering.word.inline import Line, Places
from policycortex.rendering.word.markup import internal_link, paragraph, run
from policycortex.rendering.word.tables import TEXT_WIDTH, write_facts, write_table

_LOWEST: Final = "Heading3"
_HEADINGS: Final = {"h2": "Heading1", "h3": "Heading2", "h4": _LOWEST, "h5": _LOWEST}
_CONTAINERS: Final = frozenset(("section", "div", "main", "article", "body", "header", "footer", "nav", "blockquote"))
_BLOCKS: Final = _CONTAINERS | frozenset(
    ("p", "ul", "ol", "dl", "table", "figure", "pre", "svg", "img", "h1", *_HEADINGS)
)
_STYLES: Final = {
    "verdict": "Verdict", "lead": "Lead", "note": "Note", "shown": "Note", "callout": "Note", "cover-type": "Lead",
    "cover-framework": "Subtitle", "cover-note": "Note", "cover-key": "Note",
}  # fmt: skip
_LEFT_OUT: Final = frozenset(("cover-matrix", "end", "contents"))
_BULLET: Final = "•"
_STEP: Final = 360
"""By which a list is further to the right than the one around it, in twentieths of a point."""
_ON_NEW_PAGE: Final = "<w:pageBreakBefore/>"
_SPACER: Final = paragraph("Spacer", "")

DrawPicture = Callable[[HtmlElement], str]
"""The run of a drawing; "" for none."""


class Body:
    """Writes the blocks of a page."""

    def __init__(self, shares: Mapping[tuple[str, str], float], draw: DrawPicture) -> None:
        self._shares = shares
        self._draw = draw
        self.places = Places()
        self.starts_page = False
        """The next heading begins a page."""

    def write(self, element: HtmlElement) -> Iterator[str]:
        """The blocks inside ``element``."""
        yield from self._blocks(element, "Normal")

    def _blocks(self, element: HtmlElement, style: str, extra: str = "") -> Iterator[str]:
        line, is_run_in = Line(self.places), False
        line.add(element.text)
        for child in element:
            if isinstance(child.tag, str) and child.tag in _BLOCKS and not (is_run_in and child.tag == "p"):
                yield self._flush(line, style, extra)
                line = Line(self.places)
                yield from self._block(child, style, extra)
            else:
                line.append(child)
            is_run_in = child.get("class") == "run-in"
            line.add(child.tail)
        yield self._flush(line, style, extra)

    def _flush(self, line: Line, style: str, extra: str = "") -> str:
        content = line.content
        return paragraph(style, self.places.take() + content, extra=extra) if content else ""

    def _block(self, element: HtmlElement, style: str, extra: str) -> Iterator[str]:
        classes = (element.get("class") or "").split()
        if not _LEFT_OUT.isdisjoint(classes):
            return
        if element.tag not in _HEADINGS:
            self.places.wait(element.get("id") or "")
        own = next((_STYLES[name] for name in classes if name in _STYLES), style)
        if element.tag in _HEADINGS:
            yield self._heading(element)
            return
        match element.tag:
            case "ul" if "legend" in classes:
                yield self._legend(element)
            case "ul" if "marked-list" in classes:
                yield from self._marked_list(element)
            case "pre":
                yield self._code(element)
            case "ul" | "ol":
                yield from self._list(element, style)
            case "dl":
                yield self._facts(element)
            case "table":
                yield write_table(element, self._shares, self._cell) + _SPACER
            case "svg" | "img":
                if drawing := self._draw(element):
                    yield paragraph("Picture", self.places.take() + drawing)
            case _:
                yield from self._blocks(element, "Title" if element.tag == "h1" else own, extra)

    def _heading(self, element: HtmlElement) -> str:
        line = Line(self.places)
        line.append(element)
        anchors = self.places.add(heading_anchor(element))
        extra, self.starts_page = _ON_NEW_PAGE if self.starts_page else "", False
        return paragraph(_heading_style(element), self.places.take() + anchors + line.content, extra=extra)

    def _legend(self, element: HtmlElement) -> str:
        shown = [" ".join(" ".join(item.itertext()).split()) for item in element if item.tag == "li"]
        return paragraph("Note", run(" · ".join(shown)))

    def _list(self, element: HtmlElement, style: str) -> Iterator[str]:
        """Bullets by style; numbers as text, so that each list begins at 1."""
        items = [item for item in element if item.tag == "li"]
        for number, item in enumerate(items, start=1):
            if element.tag == "ul":
                yield from self._blocks(item, "ListBullet" if style == "Normal" else style)
                continue
            line = Line(self.places)
            line.add(f"{number}. ")
            line.append(item)
            yield self._flush(line, "ListNumbered" if style == "Normal" else style)

    def _marked_list(self, element: HtmlElement) -> Iterator[str]:
        """A list of a scanner's text: each item has its sign and its level."""
        for item in element.iter("li"):
            marker = next(iter(item.find_class("marker")), None)
            sign = (marker.text or "") if marker is not None else ""
            is_bullet = sign == _BULLET
            if marker is not None and is_bullet:
                marker.drop_tree()
            level = next((int(name[6:]) for name in (item.get("class") or "").split() if name[:6] == "level-"), 1)
            indent = f'<w:ind w:left="{_STEP * level}" w:hanging="{_STEP}"/>'
            yield from self._blocks(item, "ListBullet" if is_bullet else "ListNumbered", indent)

    def _code(self, element: HtmlElement) -> str:
        line = Line(self.places, keeps_spaces=True)
        line.append(element)
        return self._flush(line, "CodeBlock")

    def _facts(self, element: HtmlElement) -> str:
        facts: list[tuple[HtmlElement, list[HtmlElement]]] = []
        for item in element.iter("dt", "dd"):
            if item.tag == "dt":
                facts.append((item, []))
            elif facts:
                facts[-1][1].append(item)
        return write_facts(facts, self._cell) + _SPACER

    def _cell(self, element: HtmlElement, style: str, extra: str) -> str:
        if style == "TableText" and "note" in (element.get("class") or "").split():
            style = "TableNote"
        for drawing in list(element.iter("{*}svg", "svg")):  # a cell's bar repeats its number
            drawing.drop_tree()
        self.places.wait(element.get("id") or "")
        return "".join(self._blocks(element, style, extra))


def _heading_style(element: HtmlElement) -> str:
    """The contents list no work packages: a report has forty of them."""
    around = element.getparent()
    is_package = around is not None and around.get("class") == "package"
    return _LOWEST if is_package else _HEADINGS[element.tag]


def heading_anchor(element: HtmlElement) -> str:
    """The anchor by which the contents find a heading that has none of its own."""
    return element.get("data-toc") or ""


def mark_headings(main: HtmlElement) -> list[tuple[int, str, str]]:
    """Level (1 or 2), text and anchor of each heading of the contents; the anchors are noted in the elements."""
    found = []
    shown = (each for each in main.iter("h2", "h3") if _heading_style(each) != _LOWEST)
    for number, element in enumerate(shown, start=1):
        anchor = f"_Toc{number:05d}"
        element.set("data-toc", anchor)
        found.append((1 if element.tag == "h2" else 2, " ".join(element.text_content().split()), anchor))
    return found


def write_contents(title: str, headings: list[tuple[int, str, str]]) -> Iterator[str]:
    """A table of contents: links, until Word computes it with its pages when it opens the document."""
    yield paragraph("ContentsTitle", run(title), extra=_ON_NEW_PAGE)
    before = (
        '<w:r><w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r>'
        '<w:r><w:instrText xml:space="preserve"> TOC \\o "1-2" \\h \\z \\u </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )
    tab = f'<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="{TEXT_WIDTH}"/></w:tabs>'
    for number, (level, text, anchor) in enumerate(headings, start=1):
        after = '<w:r><w:fldChar w:fldCharType="end"/></w:r>' if number == len(headings) else ""
        yield paragraph(f"toc{level}", before + internal_link(anchor, run(text)) + after, extra=tab)
        before = ""
