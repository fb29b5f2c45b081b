"""What one row of findings costs an engine: ``python -m benchmarks.documents.rows FOLDER ENGINE``.

The report is made with all findings and without any; the difference is the rows'. A first one warms caches.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Final

import pikepdf
import typst

from benchmarks.documents.chromium import FLAGS
from benchmarks.documents.pages import read_document, write_page
from policycortex.documents.model import ReportDocument
from policycortex.documents.template_files import templates_folder
from policycortex.names import FindingsDetail, ReportFormat
from policycortex.rendering.artifacts import RenderingOptions, render_artifact
from policycortex.rendering.options import report_locale
from policycortex.rendering.pdf.annex import blocks_of, page_frame
from policycortex.rendering.pdf.annex_content import finding_rows
from policycortex.rendering.pdf.annex_items import AnnexContext
from policycortex.rendering.pdf.finding_groups import sort_by_check

Engine = Callable[[ReportDocument, Path], Path]


def main(folder: str, engine: str) -> None:
    """Both reports, and what their difference is by row."""
    document = read_document(Path(folder))
    bare, render = replace(document, detail=FindingsDetail.NONE), ENGINES[engine]
    place = Path(folder) / engine
    place.mkdir(exist_ok=True)
    render(bare, place)
    without, _ = _measure(render, bare, place)
    whole, path = _measure(render, document, place)
    with pikepdf.open(path) as pdf:
        pages = len(pdf.pages)
    per_row = 1000 * (whole - without) / document.findings.total
    print(json.dumps({"cpu_ms_per_row": per_row, "pages": pages, "file_mb": path.stat().st_size / 1e6}))


def _measure(render: Engine, document: ReportDocument, place: Path) -> tuple[float, Path]:
    before = _cpu_seconds()
    path = render(document, place)
    return _cpu_seconds() - before, path


def _cpu_seconds() -> float:
    """Of this process, its threads, and the children it waited for."""
    usages = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _annex(document: ReportDocument, place: Path) -> Path:
    return render_artifact(document, ReportFormat.PDF, place, options=RenderingOptions(page_rows=0)).path


def _weasyprint(document: ReportDocument, place: Path) -> Path:
    options = RenderingOptions(page_rows=document.findings.total)
    return render_artifact(document, ReportFormat.PDF, place, options=options).path


def _chromium(document: ReportDocument, place: Path) -> Path:
    page, path = write_page(document, place), place / "chromium.pdf"
    given = [f"--user-data-dir={place / 'profile'}", f"--print-to-pdf={path}", page.as_uri()]
    subprocess.run([*FLAGS, *given], check=True, stderr=subprocess.DEVNULL)
    return path


def _typst(document: ReportDocument, place: Path) -> Path:
    """The annex's own template once over all rows; without findings a table of its head alone."""
    shown = document.findings.total if document.show_detailed_findings else 0
    locale = report_locale(document, RenderingOptions())
    printed = sort_by_check(replace(document.findings, total=shown), place / "by_check.parquet")
    rows = finding_rows(printed, AnnexContext(document=document, locale=locale, anchors={}))
    given = page_frame(document, locale) | {"blocks": list(blocks_of(rows))}
    folder, path = templates_folder(), place / "typst.pdf"
    fonts = typst.Fonts(include_system_fonts=True, include_embedded_fonts=False, font_paths=[folder / "fonts"])
    typst.compile(
        folder / "report" / "annex.typ", path, root=folder / "report", font_paths=fonts,
        sys_inputs={"given": json.dumps(given)},
    )  # fmt: skip
    return path


ENGINES: Final[Mapping[str, Engine]] = {
    "annex": _annex,
    "weasyprint": _weasyprint,
    "chromium": _chromium,
    "typst": _typst,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
