"""Pages are used: the first page is one page whatever the data, no page is nearly empty, no heading ends a page."""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest
from weasyprint import HTML, Document
from weasyprint.text.fonts import FontConfiguration

from policycortex.documents.locales import open_locale
from policycortex.names import FindingsDetail, ReportFormat, ReportType
from policycortex.rendering.artifacts import render_artifact
from policycortex.rendering.pdf.document import print_page
from policycortex.rendering.pdf.template_fetcher import TemplatesFetcher
from tests.golden.page_ends import pages_that_end_with_a_heading, read_page_ends
from tests.support.samples.documents import Sample, build_document

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
"""Data sets of the first page, every other page in German."""
_LONGEST: Final = frozenset({"hostile", "long names", "twelve notes"})
"""Those that fill the page most, laid out in every type; each other one in half of the types."""
_SETS: Final[Mapping[str, Mapping[str, Any]]] = {
    "ordinary": {},
    "nothing at all": {"findings": 0, "requirements": 0},
    "empty period": {"findings": 0},
    "one finding": {"findings": 1},
    "few": {"findings": 12, "requirements": 4},
    "hostile": {"findings": 57, "hostile": True},
    "long name in German": {"name": _LONG, "locale": "de"},
    "many requirements": {"requirements": 140},
    "no framework": {"requirements": 0},
    "one account": {"accounts": 1, "findings": 90},
    "many failing": {"findings": 900},
    "no list of findings": {"locale": "de"},
    "all muted": {"outcome": "muted"},
    "all waived": {"outcome": "waived", "locale": "de"},
    "2,000 failing": {"outcome": "failing", "findings": 2_000},
}
_CHANGES: Final[Mapping[str, Mapping[str, Any]]] = {
    "no list of findings": {"detail": FindingsDetail.NONE},
    "one account": {"detail": FindingsDetail.ALL},
}
_GROWING: Final = frozenset({ReportType.AUDIT, ReportType.COMPLIANCE, ReportType.REMEDIATION})
_OFTEN: Final = frozenset({ReportType.AUDIT, ReportType.COMPLIANCE})
_ALSO: Final = frozenset({("many failing", ReportType.AUDIT)})
_CASES: Final = [pair for pair in product(_SETS, ReportType) if pair[0] != "2,000 failing" or pair[1] in _GROWING]
"""Each set in each type, the largest in those whose pages before the findings grow with it."""


def _is_always_laid_out(data: str, kind: ReportType) -> bool:
    """Each set in one of the two types most in use and in one of the other six; all other pairs in ``make storm``."""
    place = list(_SETS).index(data) + list(ReportType).index(kind)
    return place % (2 if kind in _OFTEN else 6) == 0 or (data, kind) in _ALSO


def _is_first_page_laid_out(data: str, kind: ReportType) -> bool:
    return data in _LONGEST or (list(_DATA).index(data) + list(ReportType).index(kind)) % 2 == 0


def test_the_first_page_is_one_page_whatever_the_data(tmp_path: Path) -> None:
    """At least forty first pages, laid out in one document: each begins and ends on a page of its own."""
    cases = [case for case in product(_DATA, ReportType) if _is_first_page_laid_out(*case)]
    pages = [_first_page(tmp_path / str(number), *case, number) for number, case in enumerate(cases)]
    head = pages[0][0]
    laid = _lay_out(f"{head}<main>{''.join(section for _, section in pages)}</main></body></html>")
    anchors = {name: number for number, page in enumerate(laid.pages) for name in page.anchors}
    spans = {case: (anchors[f"start-{n}"], anchors[f"end-{n}"]) for n, case in enumerate(cases)}
    assert [case for case, (first, last) in spans.items() if first != last] == []
    assert len({first for first, _ in spans.values()}) == len(cases) >= 40


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(*case, id="-".join(case), marks=() if _is_always_laid_out(*case) else pytest.mark.storm)
        for case in _CASES
    ],
)
def test_no_page_is_nearly_empty_or_ends_with_a_heading(tmp_path: Path, data: str, kind: ReportType) -> None:
    """Every page after the cover but the last is used to a third at least, and none ends with a heading or a head row.

    Read from the finished file: heights by poppler, headings from its tags.
    """
    document = replace(build_document(tmp_path, Sample(**_SETS[data], type=kind)), **_CHANGES.get(data, {}))
    path = render_artifact(document, ReportFormat.PDF, tmp_path).path
    used = read_page_ends(path)
    assert [round(share, 2) for share in used[1:-1] if share < 1 / 3] == []
    assert pages_that_end_with_a_heading(path) == []


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
    section = re.search(r'<section class="part part-executive_summary[^"]*".*?</section>', page, re.DOTALL)
    assert section is not None
    marked = re.sub(r"<h2 id=[^>]*>", f'<h2 id="start-{number}">', section[0], count=1)
    marked = re.sub(r'<div id="end-[^"]*"', f'<div id="end-{number}"', marked, count=1)
    return page[: page.index("</head>")] + "</head><body>", marked


def _lay_out(page: str) -> Document:
    return HTML(string=page, url_fetcher=TemplatesFetcher()).render(font_config=FontConfiguration())
