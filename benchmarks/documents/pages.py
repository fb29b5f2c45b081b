"""The HTML that the product lays out, with file paths: ``python -m benchmarks.documents.pages FOLDER``."""

import pickle
import sys
from dataclasses import replace
from pathlib import Path

from policycortex.documents.model import ReportDocument
from policycortex.documents.template_files import templates_folder
from policycortex.names import FindingsDetail
from policycortex.rendering.options import RenderingOptions, report_locale
from policycortex.rendering.pdf.document import print_page
from policycortex.rendering.pdf.template_fetcher import SCHEME


def read_document(folder: Path) -> ReportDocument:
    """Load the document that ``benchmarks.workbook.findings`` wrote there, with all findings on its pages.

    By default a report prints those that do not pass; the other engines print all that they are given.
    """
    document = pickle.loads((folder / "document.pickle").read_bytes())  # noqa: S301 - written by this benchmark
    assert isinstance(document, ReportDocument)
    return replace(document, detail=FindingsDetail.ALL)


def write_page(document: ReportDocument, folder: Path) -> Path:
    """Return page and style with all findings, and file URLs instead of the product's own scheme."""
    shown = document.findings.total if document.show_detailed_findings else 0
    printed = replace(document.findings, total=shown)
    page = print_page(document, report_locale(document, RenderingOptions()), printed, has_annex=False)
    root = f"{templates_folder().resolve().as_uri()}/"
    for name in ("print.css", "fonts.css"):
        style = (templates_folder() / "report" / name).read_text(encoding="utf-8")
        style = style.replace(f"{SCHEME}report/", "").replace(SCHEME, root)
        (folder / name).write_text(style, encoding="utf-8")
    path = folder / "page.html"
    path.write_text(page.replace(f"{SCHEME}report/print.css", "print.css"), encoding="utf-8")
    return path.resolve()


if __name__ == "__main__":
    where = Path(sys.argv[1])
    write_page(read_document(where), where)
