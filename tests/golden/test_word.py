"""The Word document: real headings, tables and links for people who write into it; safe, the same bytes each time."""

import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import docx
import polars as pl
import pytest

from policycortex.documents.locales import open_locale
from policycortex.documents.model import ReportDocument
from policycortex.names import FindingsDetail, ReportFormat, ReportType
from policycortex.rendering.artifacts import RenderingOptions, render_artifact
from policycortex.reports.registry import shown_sections
from tests.golden.readers import read_word_text

Build = Callable[..., ReportDocument]
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_EXTERNAL = re.compile(r'TargetMode="External"')


def _render(document: ReportDocument, folder: Path, **options: Any) -> Path:  # noqa: ANN401 - fields of the options
    return render_artifact(document, ReportFormat.DOCX, folder, options=RenderingOptions(**options)).path


def _parts(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as package:
        return {n: package.read(n).decode() for n in package.namelist() if n.endswith((".xml", ".rels"))}


def _text(element: Any) -> str:  # noqa: ANN401 - lxml's elements
    return "".join(each.text or "" for each in element.iter(f"{_W}t"))


@pytest.mark.parametrize("kind", list(ReportType))
def test_a_report_is_headings_tables_and_fields(build: Build, tmp_path: Path, kind: ReportType) -> None:
    """Sections are headings in order, tables repeat their heads on each page, contents and page numbers are fields."""
    document = build(type=kind, findings=60)
    path = _render(document, tmp_path)
    made, parts = docx.Document(str(path)), _parts(path)
    titles = [open_locale("en").text(f"section.{section.id}") for section in shown_sections(document)]
    headings = [line.text for line in made.paragraphs if line.style is not None and line.style.name == "Heading 1"]
    assert headings == titles
    breaks = [line.text for line in made.paragraphs if line.paragraph_format.page_break_before]
    assert breaks == ["Contents", titles[0]]
    heads = [row for row in made.element.body.iter(f"{_W}tr") if row.find(f"{_W}trPr/{_W}tblHeader") is not None]
    assert len(heads) >= 3
    assert 'TOC \\o "1-2"'.replace('"', "&quot;") in parts["word/document.xml"].replace('"1-2"', "&quot;1-2&quot;")
    footer = "".join(text for name, text in parts.items() if name.startswith("word/footer"))
    assert all(instruction in footer for instruction in (" PAGE ", " NUMPAGES "))
    assert made.core_properties.title == document.header.name
    assert made.core_properties.identifier == document.header.id


def test_every_link_leads_to_a_place_in_the_document(build: Build, tmp_path: Path) -> None:
    """In an audit report from each requirement to all its failing findings that count, and from these back."""
    document = build(type=ReportType.AUDIT, findings=120)
    body = docx.Document(str(_render(document, tmp_path))).element.body
    places = {mark.get(f"{_W}name") for mark in body.iter(f"{_W}bookmarkStart")}
    links = [(link.get(f"{_W}anchor"), _text(link)) for link in body.iter(f"{_W}hyperlink")]
    assert {anchor for anchor, _ in links} <= places
    failing = document.findings.head(120).filter((pl.col("status") == "FAIL") & ~pl.col("muted") & ~pl.col("waived"))
    numbers = failing["number"].to_list()
    assert {number.replace("-", "_") for number in numbers} <= places
    pairs = [(each, row["number"]) for row in failing.to_dicts() for each in row["requirements"]]
    shown = [text for _, text in links if text in set(numbers)]
    # once for each requirement, and once in its own row, where it leads to its check
    assert sorted(shown) == sorted([*(number for _, number in pairs), *numbers])
    assert {each for each, _ in pairs} <= {text for _, text in links}


def test_markdown_of_scanners_is_lists_code_and_links(build: Build, tmp_path: Path) -> None:
    """One bullet or number per item, each level further right, code with its lines and spaces, a link to the web."""
    text = (
        "Close **port** 22:\n\n1. First\n2. Then\n   - inner `name`\n\n- apart\n\n"
        "```\nif open:\n    close()\n```\n\nSee [the guide](https://example.com/a)."
    )
    document = build(type=ReportType.REMEDIATION, findings=60)
    check = replace(document.top_checks[0], remediation=text, risk="")
    path = _render(replace(document, top_checks=(check, *document.top_checks[1:])), tmp_path)
    lines = docx.Document(str(path)).paragraphs
    start = next(number for number, line in enumerate(lines) if line.text == "What to do: Close port 22:")
    shown = [(line.style.name if line.style is not None else "", line.text) for line in lines[start : start + 7]]
    assert shown == [
        ("Normal", "What to do: Close port 22:"),
        ("ListNumbered", "1. First"),
        ("ListNumbered", "2. Then"),
        ("List Bullet", "inner name"),
        ("List Bullet", "apart"),
        ("CodeBlock", "if open:\n    close()"),
        ("Normal", "See the guide (https://example.com/a)."),
    ]
    indents = [line.paragraph_format.left_indent for line in lines[start + 1 : start + 5]]
    assert indents[0] == indents[1] == indents[3]
    assert (indents[2] or 0) > (indents[0] or 0)
    assert [run.text for run in lines[start].runs if run.bold] == ["What to do:", "port"]
    assert 'HYPERLINK "https://example.com/a"' in _parts(path)["word/document.xml"].replace("&quot;", '"')


def test_hostile_text_is_text(build: Build, tmp_path: Path) -> None:
    """Well-formed XML, nothing outside the package, no field made of a text; the texts are there to read."""
    document = replace(build(type=ReportType.AUDIT, findings=57, hostile=True), detail=FindingsDetail.ALL)
    path = _render(document, tmp_path, watermark='"/><x a="&')
    parts = _parts(path)
    for text in parts.values():
        ET.fromstring(text)  # noqa: S314 - our own file
        assert not _EXTERNAL.search(text)
    instructions = [unescape(each) for each in re.findall(r"<w:instrText[^>]*>([^<]*)<", parts["word/document.xml"])]
    assert instructions[0].startswith(" TOC ")
    assert [each for each in instructions[1:] if not re.fullmatch(r' HYPERLINK "https?://[^" \\]+" ', each)] == []
    shown = read_word_text(path)
    for text in ("<script>alert(1)</script>", "a[U+202E]gnp.exe", "{{ 7*7 }}", "@SUM(1)"):
        assert text.replace(" ", "") in shown.replace(" ", "")


def test_a_document_with_fewer_findings_says_n_of_n(build: Build, tmp_path: Path) -> None:
    """An editor does not take any number of rows; the complete files are named."""
    text = read_word_text(_render(build(findings=240), tmp_path, word_findings=10))
    assert "Printed: 10 of 240 findings." in text
    assert "All 240 findings are in the CSV and JSON files" in text
    numbers = set(re.findall(r"F-\d{3}", text.replace("such as F-001", "")))
    assert len(numbers) == 10


def test_watermark_language_and_classification(build: Build, tmp_path: Path) -> None:
    """The watermark is in the page header; words are German; the classification is on each page."""
    document = build(findings=20, locale="de")
    branding = replace(document.header.branding, classification="Vertraulich & intern")
    document = replace(document, header=replace(document.header, branding=branding))
    path = _render(document, tmp_path, watermark="ENTWURF")
    parts = _parts(path)
    assert 'string="ENTWURF"' in "".join(text for name, text in parts.items() if name.startswith("word/header"))
    assert "Vertraulich &amp; intern" in "".join(t for name, t in parts.items() if name.startswith("word/footer"))
    assert "Zusammenfassung" in read_word_text(path)
    assert 'w:val="de-DE"' in parts["word/styles.xml"]
