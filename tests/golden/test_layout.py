"""Pages are used: the first page is one page whatever the data, no page is nearly empty, no heading ends a page."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest
from weasyprint import HTML, Document
from weasyprint.formatting_structure import boxes
from weasyprint.text.fonts import FontConfiguration

from policycortex.documents.locales import open_locale
from policycortex.documents.model import ReportDocument
from policycortex.names import FindingsDetail, ReportType
from policycortex.rendering.pdf.document import TemplatesFetcher, print_page
from tests.support.samples.documents import Sample, build_document

Build = Callable[..., ReportDocument]
_LONG: Final = "Requirements of the federal office for the security of information and of networks, part two, " * 3
_DATA: Final[Mapping[str, Mapping[str, Any]]] = {
    "ordinary": {},
    "nothing at all": {"findings": 0, "requirements": 0},
    "empty period": {"findings": 0},
    "one finding": {"findings": 1},
    "hostile": {"findings": 57, "hostile": True},
    "long names": {"name": _LONG},
    "many requirements": {"requirements": 400},
    "twelve notes": {},
}
"""Data sets of the first page, each in five types; every other one in German: 40 pages."""
_TOP, _BOTTOM = 26 / 25.4 * 96, (297 - 22) / 25.4 * 96
_HEADINGS: Final = frozenset({"h2", "h3", "h4", "thead"})


def test_the_first_page_is_one_page_whatever_the_data(tmp_path: Path) -> None:
    """Forty first pages, laid out in one document: each begins and ends on a page of its own."""
    cases = list(product(_DATA, ReportType))
    pages = [_first_page(tmp_path / str(number), *case, number) for number, case in enumerate(cases)]
    head = pages[0][0]
    laid = _lay_out(f"{head}<main>{''.join(section for _, section in pages)}</main></body></html>")
    anchors = {name: number for number, page in enumerate(laid.pages) for name in page.anchors}
    spans = {case: (anchors[f"start-{n}"], anchors[f"end-{n}"]) for n, case in enumerate(cases)}
    assert [case for case, (first, last) in spans.items() if first != last] == []
    assert len({first for first, _ in spans.values()}) == len(cases) == 40


@pytest.mark.parametrize("kind", list(ReportType))
@pytest.mark.parametrize("size", ["small", "ordinary", "much"])
def test_no_page_is_nearly_empty_or_ends_with_a_heading(build: Build, kind: ReportType, size: str) -> None:
    """Every page after the cover but the last is used to a third at least, and none ends with a heading."""
    given = {
        "small": {"findings": 12, "requirements": 4},
        "ordinary": {},
        "much": {"findings": 700, "requirements": 90},
    }
    document = build(type=kind, **given[size])
    printed = document.findings.not_passing(document.findings.path.with_name("printed.parquet"))
    laid = _lay_out(print_page(document, open_locale("en"), printed, has_annex=False))
    used, ends = zip(*(_end_of(page) for page in laid.pages[1:]), strict=True)
    assert [round(share, 2) for share in used[:-1] if share < 1 / 3] == []
    # A requirement without checks is a heading that says so, with nothing below it.
    assert [path for path in ends if (_HEADINGS & set(path) and "is-short" not in path) or "group" in path] == []


def _first_page(folder: Path, data: str, kind: ReportType, number: int) -> tuple[str, str]:
    """The page's head, and its first section with anchors around it."""
    folder.mkdir()
    document = build_document(folder, Sample(**{**_DATA[data], "type": kind, "locale": "de" if number % 2 else "en"}))
    if data == "long names":
        header = replace(document.header, framework_name=_LONG, description=_LONG)
        checks = [replace(check, title=_LONG, remediation=_LONG) for check in document.top_checks]
        document = replace(document, header=header, top_checks=tuple(checks), notes=(_LONG, _LONG))
    if data in {"twelve notes", "hostile"}:
        document = replace(document, notes=(_LONG,) * 12)
    document = replace(document, detail=FindingsDetail.NONE)
    locale = open_locale(document.header.locale)
    page = print_page(document, locale, replace(document.findings, total=0), has_annex=False)
    section = re.search(r'<section class="part part-executive_summary".*?</section>', page, re.DOTALL)
    assert section is not None
    marked = re.sub(r"<h2 id=[^>]*>", f'<h2 id="start-{number}">', section[0], count=1)
    marked = re.sub(r'<div id="end-[^"]*"', f'<div id="end-{number}"', marked, count=1)
    return page[: page.index("</head>")] + "</head><body>", marked


def _lay_out(page: str) -> Document:
    return HTML(string=page, url_fetcher=TemplatesFetcher()).render(font_config=FontConfiguration())


def _end_of(page: Any) -> tuple[float, tuple[str, ...]]:  # noqa: ANN401 - WeasyPrint has no types
    """How far down the page its last text or picture reaches, 0 to 1, and the elements and classes that hold it."""
    found = max(_contents(page._page_box, ()), key=lambda each: each[0], default=(_TOP, ()))
    return (found[0] - _TOP) / (_BOTTOM - _TOP), found[1]


def _contents(box: Any, path: tuple[str, ...]) -> Iterator[tuple[float, tuple[str, ...]]]:  # noqa: ANN401
    if isinstance(box, boxes.MarginBox):
        return
    if isinstance(box, boxes.TextBox | boxes.ReplacedBox) and box.height:
        yield box.position_y + box.height, path
    element = getattr(box, "element", None)
    inner = path
    if element is not None and box.element_tag and not isinstance(box, boxes.PageBox):
        inner = (*path, box.element_tag, *(element.get("class") or "").split())
    for child in getattr(box, "children", ()):
        yield from _contents(child, inner)
