"""A report with an annex reads as one document: pages, numbers, tags and outline join without a seam."""

import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pikepdf
import polars as pl
import pytest

from policycortex.documents.model import ReportDocument
from policycortex.names import FindingsDetail, ReportFormat
from policycortex.rendering.artifacts import RenderedArtifact, RenderingOptions, render_artifact
from tests.golden.readers import read_pdf_text
from tests.support.samples.documents import Sample, build_document

Build = Callable[..., ReportDocument]
_FINDINGS = 560


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> RenderedArtifact:
    """560 findings, all in the annex: more than two chunks of it. Rendered once, read only."""
    folder = tmp_path_factory.mktemp("annex")
    document = replace(build_document(folder, Sample(findings=_FINDINGS)), detail=FindingsDetail.ALL)
    return render_artifact(document, ReportFormat.PDF, folder, options=RenderingOptions(page_findings=100))


def test_an_annex_is_one_document_with_its_front(artifact: RenderedArtifact) -> None:
    """Numbers run through, every finding stands once and tagged, the outline is true, and qpdf has no complaint."""
    pages = _page_texts(artifact.path)
    assert len(pages) == artifact.pages
    assert [_last_line(text) for text in pages[1:]] == [f"{n} / {len(pages)}" for n in range(2, len(pages) + 1)]
    with pikepdf.open(artifact.path) as pdf:
        assert pdf.check_pdf_syntax() == []
        rows = [row for table in _tables(pdf) for row in table.K[1].K]
        assert len(rows) == _FINDINGS
        assert {page.StructParents for page in pdf.pages} <= set(_keys(pdf.Root.StructTreeRoot.ParentTree))
        with pdf.open_outline() as outline:
            marks = outline.root[-1].children
            for mark in [m for m in marks if "–" in m.title]:
                status, severity = mark.title.split(" – ")
                assert isinstance(mark.destination, pikepdf.Array)
                text = pages[_page_number(pdf, mark.destination[0])]
                assert status in text
                assert severity.removesuffix("rmational") in text


def test_no_page_of_the_annex_ends_early(artifact: RenderedArtifact) -> None:
    """Where one chunk ends and the next begins the page is as full as its neighbours, so the joint does not show."""
    with pikepdf.open(artifact.path) as pdf:
        counts = Counter(_page_number(pdf, row.K[0].Pg) for table in _tables(pdf) for row in table.K[1].K)
    per_page = [counts[page] for page in sorted(counts)]
    assert min(per_page[:-1]) >= max(per_page) - 6


@pytest.mark.parametrize("page_findings", [100, 10], ids=["designed pages", "annex"])
def test_no_character_is_set_as_an_empty_box(page_findings: int, tmp_path: Path) -> None:
    """Emoji, Thai, Devanagari and rare Han characters are set, others are numbers; cover and running header too.

    Glyph 0 of a font is the box. It is used nowhere.
    """
    text = "Q4 東京 🚀👩🏽‍💻 ที่ภาษาไทย हिन्दी 𠮷 ক"
    document = build_document(tmp_path, Sample(findings=12, name=text))
    path = tmp_path / "findings.parquet"
    pl.read_parquet(path).with_columns(title=pl.lit(text), resource_uid=pl.lit(text)).write_parquet(path)
    made = render_artifact(document, ReportFormat.PDF, tmp_path, options=RenderingOptions(page_findings=page_findings))
    pages = _page_texts(made.path)
    for page in (pages[0], pages[-1]):
        assert all(part in page for part in ("🚀", "𠮷", "[U+0995]"))
    with pikepdf.open(made.path) as pdf:
        assert [number for number, page in enumerate(pdf.pages) if 0 in _glyphs(page)] == []


def _glyphs(page: pikepdf.Page) -> set[int]:
    """Glyphs of all texts on a page; every font of a report takes two bytes for one."""
    shown: list[bytes] = []
    for instruction in pikepdf.parse_content_stream(page, "Tj TJ"):
        for operand in instruction.operands:
            items = operand if isinstance(operand, pikepdf.Array) else [operand]
            shown += [bytes(item) for item in items if isinstance(item, pikepdf.String)]
    return {int.from_bytes(text[at : at + 2]) for text in shown for at in range(0, len(text), 2)}


def test_hostile_text_is_text_in_the_annex(build: Build, tmp_path: Path) -> None:
    """Commands of the typesetting language show as written, endless words are cut with a mark."""
    document = replace(build(findings=57, hostile=True), detail=FindingsDetail.ALL)
    artifact = render_artifact(document, ReportFormat.PDF, tmp_path, options=RenderingOptions(page_findings=10))
    text = read_pdf_text(artifact.path).replace(" ", "")
    for shown in ('#read("/etc/passwd")$x$*b*_i_`c`@ref<lab>', "<script>alert(1)</script>", "a[U+202E]gnp.exe", "WWW…"):
        assert shown in text


def _page_number(pdf: pikepdf.Pdf, page: pikepdf.Object) -> int:
    return next(n for n, each in enumerate(pdf.pages) if each.objgen == page.objgen)


def _page_texts(path: Path) -> list[str]:
    text = subprocess.run(["pdftotext", "-layout", str(path), "-"], check=True, capture_output=True, text=True).stdout
    return text.split("\f")[:-1]


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1].strip()


def _tables(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    document = pdf.Root.StructTreeRoot.K[0]
    return (child for child in document.K if pikepdf.Name.Table == child.S)


def _keys(tree: pikepdf.Object) -> Iterator[int]:
    for kid in tree.get("/Kids", []):
        yield from _keys(kid)
    numbers = tree.get("/Nums", pikepdf.Array())
    yield from (int(numbers[n]) for n in range(0, len(numbers), 2))
