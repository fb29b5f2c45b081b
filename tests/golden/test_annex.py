"""A report with an annex reads as one document: pages, numbers, tags and outline join without a seam."""

import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pikepdf
import polars as pl
import pytest
from pypdf import PdfReader

from policycortex.documents.model import ReportDocument
from policycortex.names import FindingsDetail, ReportFormat, ReportType
from policycortex.rendering.artifacts import RenderedArtifact, RenderingOptions, render_artifact
from policycortex.rendering.pdf.structure import kids_of
from tests.golden.page_ends import read_page_ends
from tests.golden.readers import read_pdf_text
from tests.support.samples.documents import Sample, build_document
from tests.support.samples.findings_table import REQUIREMENTS, make_findings

Build = Callable[..., ReportDocument]
_FINDINGS = 560
_SAMPLE = Sample(findings=_FINDINGS, type=ReportType.AUDIT)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> RenderedArtifact:
    """560 findings, all in the annex: more than two chunks of it. Rendered once, read only."""
    folder = tmp_path_factory.mktemp("annex")
    return render_artifact(
        replace(build_document(folder, _SAMPLE), detail=FindingsDetail.ALL), ReportFormat.PDF, folder
    )


def test_an_annex_is_one_document_with_its_front(artifact: RenderedArtifact) -> None:
    """Numbers run through, every finding stands once and tagged, the outline is true, and qpdf has no complaint."""
    pages = _page_texts(artifact.path)
    assert len(pages) == artifact.pages
    assert [_last_line(text) for text in pages[1:]] == [f"{n} / {len(pages)}" for n in range(2, len(pages) + 1)]
    with pikepdf.open(artifact.path) as pdf:
        assert pdf.check_pdf_syntax() == []
        assert len(list(_finding_rows(pdf))) == _FINDINGS
        assert {page.StructParents for page in pdf.pages} <= set(_keys(pdf.Root.StructTreeRoot.ParentTree))
        with pdf.open_outline() as outline:
            marks = outline.root[-1].children
            for mark in [m for m in marks if "–" in m.title]:
                status, severity = mark.title.split(" – ")
                assert isinstance(mark.destination, pikepdf.Array)
                text = pages[_page_number(pdf, mark.destination[0])]
                assert status in text
                assert severity.removesuffix("rmational") in text


def test_every_failing_finding_is_linked_with_each_of_its_requirements(artifact: RenderedArtifact) -> None:
    """Beyond 500 findings too: a link from each requirement to each finding, and by its check back to all of them."""
    frame = make_findings(_SAMPLE)
    failing = frame.filter((pl.col("status") == "FAIL") & ~pl.col("muted") & ~pl.col("waived"))
    pairs = failing.select("number", "check_id", "requirements").explode("requirements")
    reader = PdfReader(artifact.path)
    links = [
        (page, annotation["/Dest"])
        for page in reader.pages
        for annotation in (each.get_object() for each in page.get("/Annots", []))
        if annotation["/Subtype"] == "/Link" and "/Dest" in annotation
    ]
    reached = Counter(name for _, name in links)
    assert {number: reached[number] for number in failing["number"]} == dict(pairs.group_by("number").len().iter_rows())
    assert set(reached) <= set(reader.named_destinations)
    checks = {reader.named_destinations[name].page.idnum for name in reached if name.startswith("check-")}  # type: ignore[union-attr]
    assert (
        len([name for name in reader.named_destinations if name.startswith("check-")]) == frame["check_id"].n_unique()
    )
    back = {name for page, name in links if page.indirect_reference and page.indirect_reference.idnum in checks}
    assert {f"requirement-{n}" for n, row in enumerate(REQUIREMENTS, 1) if row[0] in set(pairs["requirements"])} <= back


def test_no_page_of_the_annex_ends_early(artifact: RenderedArtifact) -> None:
    """Where one chunk ends and the next begins the page is as full as its neighbours, so the joint does not show."""
    findings = next(section.pages for section in artifact.sections if section.name == "Findings")
    assert artifact.pages is not None
    assert min(read_page_ends(artifact.path)[artifact.pages - findings : -1]) > 0.85


@pytest.mark.parametrize("page_rows", [100, 10], ids=["designed pages", "annex"])
def test_no_character_is_set_as_an_empty_box(page_rows: int, tmp_path: Path) -> None:
    """Emoji, Thai, Devanagari and rare Han characters are set, others are numbers; cover and running header too.

    Glyph 0 of a font is the box. It is used nowhere.
    """
    text = "Q4 東京 🚀👩🏽‍💻 ที่ภาษาไทย हिन्दी 𠮷 ক"
    document = build_document(tmp_path, Sample(findings=12, name=text))
    path = tmp_path / "findings.parquet"
    pl.read_parquet(path).with_columns(title=pl.lit(text), resource_uid=pl.lit(text)).write_parquet(path)
    made = render_artifact(document, ReportFormat.PDF, tmp_path, options=RenderingOptions(page_rows=page_rows))
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
    artifact = render_artifact(document, ReportFormat.PDF, tmp_path, options=RenderingOptions(page_rows=10))
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


def _finding_rows(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    """Rows of three cells that begin with a link, which only the findings have, without the heads of tables."""
    document = pdf.Root.StructTreeRoot.K[0]
    for table in (each for part in document.K if pikepdf.Name.Sect == part.S for each in kids_of(part)):
        for body in (each for each in kids_of(table) if pikepdf.Name.TBody == each.S):
            yield from (row for row in kids_of(body) if len(kids_of(row)) == 3 and _has_link(kids_of(row)[0]))


def _has_link(element: pikepdf.Object) -> bool:
    return any(kid.get("/S") == pikepdf.Name.Link or _has_link(kid) for kid in kids_of(element))


def _keys(tree: pikepdf.Object) -> Iterator[int]:
    for kid in tree.get("/Kids", []):
        yield from _keys(kid)
    numbers = tree.get("/Nums", pikepdf.Array())
    yield from (int(numbers[n]) for n in range(0, len(numbers), 2))
