"""``make gallery``: one page of each report type as a picture, from a sample company that does not exist.

    python -m tests.pictures.gallery [FOLDER]

Look at them before you change a template, and after.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pikepdf

from policycortex.documents.locales import open_locale
from policycortex.names import ReportFormat, ReportType
from policycortex.rendering.artifacts import render_artifact
from tests.support.samples.documents import Sample, build_document

_FOLDER: Final = Path(__file__).parents[2] / "docs" / "gallery"
_SHOWN: Final[Mapping[ReportType, str]] = {
    ReportType.COMPLIANCE: "executive_summary",
    ReportType.AUDIT: "evidence",
    ReportType.RISK: "executive_summary",
    ReportType.TREND: "executive_summary",
    ReportType.REMEDIATION: "remediation_plan",
}
"""The section whose first page stands for its type."""
FINDINGS: Final = 160
_DOTS_PER_INCH: Final = 110
_NAMES: Final[Mapping[ReportType, str]] = {
    ReportType.COMPLIANCE: "November 2026 SOC 2 compliance report",
    ReportType.AUDIT: "SOC 2 evidence for the 2026 audit",
    ReportType.RISK: "Cloud risk, November 2026",
    ReportType.TREND: "SOC 2 over November 2026",
    ReportType.REMEDIATION: "What to mend first, December 2026",
}


def main(folder: Path) -> None:
    """Write ``<type>.png`` for each type, and the cover of the first, into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, section in _SHOWN.items():
        with TemporaryDirectory() as spool:
            document = build_document(Path(spool), Sample(type=kind, findings=FINDINGS, name=_NAMES[kind]))
            path = render_artifact(document, ReportFormat.PDF, Path(spool)).path
            _draw(path, _page_of(path, section), folder / kind.value)
            if kind is ReportType.COMPLIANCE:
                _draw(path, 1, folder / "cover")


def _page_of(path: Path, section: str) -> int:
    """The page a section begins on, counted from 1, as the outline tells."""
    title = open_locale("en").text(f"section.{section}")
    with pikepdf.open(path) as pdf, pdf.open_outline() as outline:
        mark = next(item for item in outline.root if item.title == title)
        assert isinstance(mark.destination, pikepdf.Array)
        page = mark.destination[0]
        return next(n for n, each in enumerate(pdf.pages, start=1) if each.objgen == page.objgen)


def _draw(path: Path, page: int, target: Path) -> None:
    pages = ["-f", str(page), "-l", str(page)]
    subprocess.run(
        ["pdftoppm", "-png", "-singlefile", "-r", str(_DOTS_PER_INCH), *pages, str(path), str(target)], check=True
    )
    print(f"{target}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else _FOLDER)
