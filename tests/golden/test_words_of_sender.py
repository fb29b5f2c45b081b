"""Whom a report is for, who made it and who may read it stand in the files that people open; none says "default"."""

import re
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from pypdf import PdfReader

from policycortex.documents.branding import Branding
from policycortex.documents.model import ReportDocument
from policycortex.names import ReportFormat, ReportType
from policycortex.rendering.artifacts import render_artifact
from tests.golden.readers import Page, read_json, read_sheet

Build = Callable[..., ReportDocument]
_WORDS: Final = Branding(
    company="Auditors & Partners",
    prepared_for="The audit committee",
    prepared_by="Ada Auditor",
    classification="Restricted",
)


@pytest.fixture
def named(build: Build) -> ReportDocument:
    """A report with all words of a sender."""
    document = build(findings=60, type=ReportType.REMEDIATION)
    header = replace(document.header, branding=_WORDS, organization_name="Acme Holding", product_version="9.8.7")
    return replace(document, header=header)


def test_the_words_stand_in_every_format_for_people(named: ReportDocument, tmp_path: Path) -> None:
    """On the cover and, the classification, on each page of the PDF; in HTML, on two sheets, in JSON and OSCAL."""
    made = {
        kind: render_artifact(named, kind, tmp_path).path
        for kind in (ReportFormat.PDF, ReportFormat.HTML, ReportFormat.EXCEL, ReportFormat.JSON, ReportFormat.OSCAL)
    }
    reader = PdfReader(made[ReportFormat.PDF])
    pages = [" ".join(page.extract_text().split()) for page in reader.pages]
    assert all("Restricted" in page for page in pages)
    assert all("Auditors & Partners" in page for page in pages[1:])
    assert all(text in pages[0] for text in ("Prepared for The audit committee", "Prepared by Ada Auditor"))
    assert reader.metadata is not None
    assert reader.metadata.author == "Ada Auditor"
    assert "PolicyCortex Reports 9.8.7" in " ".join(pages)
    text = Page(made[ReportFormat.HTML].read_text(encoding="utf-8")).text
    assert all(
        word in text for word in ("Restricted", "The audit committee", "Ada Auditor", "PolicyCortex Reports 9.8.7")
    )
    report = read_json(made[ReportFormat.JSON])["report"]
    assert report["organization"] == "Acme Corporation"
    assert [report[name] for name in ("organization_name", "prepared_for", "prepared_by", "classification")] == [
        "Acme Holding",
        "The audit committee",
        "Ada Auditor",
        "Restricted",
    ]
    assert report["product_version"] == "9.8.7"
    about = dict(row[:2] for row in read_sheet(made[ReportFormat.EXCEL], "About"))
    assert (about["Prepared for"], about["Prepared by"], about["Classification"]) == (
        "The audit committee",
        "Ada Auditor",
        "Restricted",
    )
    with zipfile.ZipFile(made[ReportFormat.EXCEL]) as book:
        assert "&amp;L&amp;8 Restricted · " in book.read("xl/worksheets/sheet1.xml").decode()
    metadata = read_json(made[ReportFormat.OSCAL])["assessment-results"]["metadata"]
    assert metadata["props"] == [{"name": "marking", "value": "Restricted"}]
    assert metadata["parties"][0]["name"] == "Acme Holding"


def test_an_organisation_without_a_name_is_not_called_default(build: Build, tmp_path: Path) -> None:
    """The first organisation of an installation has the id ``default``, which is no name for readers.

    Nor is it one in the footer of a Word document or in the properties of a file: its author is the product.
    """
    document = build(findings=12)
    document = replace(document, header=replace(document.header, organization="default"))
    reader = PdfReader(render_artifact(document, ReportFormat.PDF, tmp_path).path)
    pages = [page.extract_text() for page in reader.pages]
    page = Page(render_artifact(document, ReportFormat.HTML, tmp_path).path.read_text(encoding="utf-8"))
    with zipfile.ZipFile(render_artifact(document, ReportFormat.DOCX, tmp_path).path) as word:
        footers = [word.read(name).decode() for name in word.namelist() if "footer" in name and name.endswith(".xml")]
    assert not [text for text in (*pages, page.text) if "default" in text or "Prepared for" in text]
    assert footers
    assert not [text for text in footers if ">default" in text]
    assert reader.metadata is not None
    assert reader.metadata.author == "PolicyCortex Reports"


def test_the_facts_of_the_cover_end_above_the_contents(named: ReportDocument, tmp_path: Path) -> None:
    """Also with the longest words, in German and of a report made again: the last fact is above the first entry."""
    words = replace(_WORDS, prepared_for="Prüfungsausschuss " * 6, prepared_by="Prüferinnen und Prüfer " * 5)
    header = replace(named.header, locale="de", branding=words, known_on=named.header.generated_at, made_from="rpt_0")
    path = render_artifact(replace(named, header=header), ReportFormat.PDF, tmp_path).path
    words_of_page = subprocess.run(
        ["pdftotext", "-f", "1", "-l", "1", "-bbox", str(path), "-"], check=True, capture_output=True, text=True
    )
    places = re.findall(r'yMin="([\d.]+)" xMax="[\d.]+" yMax="([\d.]+)">([^<]*)<', words_of_page.stdout)
    contents = next(float(top) for top, _, word in places if word == "Inhalt")
    last = max(float(bottom) for _, bottom, word in places if word in {"rpt_0", "rpt_0123456789abcdef", "UTC"})
    assert last < contents
