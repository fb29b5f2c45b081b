"""PDFs of 500 to 50,000 findings: ``python -m benchmarks.documents [ROUNDS]``."""

import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.data import BENCH
from benchmarks.harness import CPU, PEAK, ROOT, ROUNDS, Contender, Measured, interleave, python
from benchmarks.results import BenchmarkTable, Limit, save

FOLDER = BENCH / "documents"
PER_ROW = "cpu_ms_per_row"
ANNEX, DESIGNED, CHROMIUM, TYPST = "ours, annex", "WeasyPrint", "Chromium", "Typst, one table, no report"
PLAIN, MARKED = "ours, then with a password", "ours, with a watermark"
OURS, BARE, TAGGED = "ours", "bare WeasyPrint", "bare WeasyPrint, tagged"
BROWSER, REPORTLAB = "Chromium's print", "reportlab, plain"
_SLOWER = "WeasyPrint is written in Python and lays out every box; a second is imports, which a run does not repeat"
_LARGER = "Chromium's figure is of the largest of its processes only"
PLACES = ("plain", "marked")
"""Folders into which ``benchmarks.documents.ours`` writes the two."""
FEW, REQUIREMENTS = 500, 140
"""Maximum number of findings on designed pages alone."""
MOST = 50_000
MANY_REQUIREMENTS = 2_000
PASSWORD = "only for this measurement 1"  # noqa: S105 - of a file that is thrown away


def main() -> None:
    """Save after each comparison; one round if a round takes minutes."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    makers = (partial(_whole_report, rounds=rounds), _requirements, _most, partial(_annex, 2_000, rounds=1))
    made: list[BenchmarkTable] = []
    for make in makers:
        made.append(make())
        save("documents", "Documents", made)


_WHY_ANNEX = (
    "findings are grouped by check since the limit was set, 111 on a page instead of 16; WeasyPrint's time is that of "
    "its boxes, so that it gained most"
)


def _annex(findings: int, *, rounds: int) -> BenchmarkTable:
    """CPU per row: a report with all findings minus the same report without; one process makes both."""
    folder = _document(findings)
    module = "benchmarks.documents.rows"
    contenders = [
        Contender(name=ANNEX, command=python(module, folder, "annex")),
        Contender(name=DESIGNED, command=python(module, folder, "weasyprint")),
        Contender(name=CHROMIUM, command=python(module, folder, "chromium")),
        Contender(name=TYPST, command=python(module, folder, "typst")),
    ]
    return BenchmarkTable(
        name=f"{findings:,} findings, every one on a page",
        measured=interleave(contenders, rounds=rounds),
        limits=[Limit(figure=PER_ROW, ours=ANNEX, against=DESIGNED, at_most=0.2, why_missed=_WHY_ANNEX)],
        columns=(PER_ROW, CPU, PEAK, "pages", "file_mb"),
        note="The same rows, columns and styles. Chromium's figure is a lower bound: processes that it does not wait "
        "for are not counted, and its memory is that of its largest process. Typst alone holds everything in memory; "
        "its file has no page numbers, no outline and no report before the table.",
    )


def _requirements() -> BenchmarkTable:
    folder = _document(FEW, MANY_REQUIREMENTS)
    return BenchmarkTable(
        name=f"{MANY_REQUIREMENTS:,} requirements",
        measured=interleave([Contender(name=OURS, command=python("benchmarks.documents.ours", folder))], rounds=1),
        limits=[Limit(figure=PEAK, ours=OURS, at_most=400)],
        columns=(PEAK, CPU, "pages", "file_mb"),
        note=f"A report with {FEW} findings.",
    )


def _most() -> BenchmarkTable:
    folder = _document(MOST)
    contenders = [
        Contender(name=PLAIN, command=python("benchmarks.documents.ours", folder, "", PASSWORD)),
        Contender(name=MARKED, command=python("benchmarks.documents.ours", folder, "confidential")),
    ]
    measured = interleave(contenders, rounds=1)
    return BenchmarkTable(
        name=f"{MOST:,} findings, whole report",
        measured=[_counted(each, folder / place / "report.pdf") for each, place in zip(measured, PLACES, strict=True)],
        limits=[
            *(Limit(figure=PEAK, ours=name, at_most=600) for name in (PLAIN, MARKED)),
            *(Limit(figure="findings_on_pages", ours=name, at_least=MOST) for name in (PLAIN, MARKED)),
        ],
        columns=(CPU, PEAK, "pages", "file_mb", "findings_on_pages", "password_cpu_seconds"),
        note="The copy with a password is made by the same process, as in a run. Poppler counts the findings on pages "
        "of the finished file, in a separate process.",
    )


def _whole_report(*, rounds: int) -> BenchmarkTable:
    folder = _document(FEW, REQUIREMENTS)
    subprocess.run(python("benchmarks.documents.pages", folder), cwd=ROOT, check=True)
    contenders = [
        Contender(name=OURS, command=python("benchmarks.documents.ours", folder)),
        Contender(name=BARE, command=python("benchmarks.documents.bare", folder, "untagged")),
        Contender(name=TAGGED, command=python("benchmarks.documents.bare", folder, "tagged")),
        Contender(name=BROWSER, command=python("benchmarks.documents.chromium", folder)),
        Contender(name=REPORTLAB, command=python("benchmarks.documents.plain", folder)),
    ]
    return BenchmarkTable(
        name=f"A report with {FEW} findings and {REQUIREMENTS} requirements",
        measured=interleave(contenders, rounds=rounds),
        limits=[
            Limit(figure=CPU, ours=OURS, against=TAGGED, at_most=1.15),
            Limit(figure=CPU, ours=OURS, against=BROWSER, at_most=2.5, why_missed=_SLOWER),
            Limit(figure=PEAK, ours=OURS, against=BROWSER, at_most=1.0, why_missed=_LARGER),
            Limit(figure=CPU, ours=OURS, against=REPORTLAB, at_most=2, why_missed=_SLOWER),
        ],
        columns=(CPU, PEAK, "pages", "file_mb"),
        note="Bare WeasyPrint and Chromium read the finished HTML, style and fonts from disk. policycortex starts from "
        "the document and adds page numbers, link texts and an outline. reportlab prints the same texts and tables "
        "without styles, tags and charts. CPU is of all processes; memory is that of the largest, also of Chromium's.",
    )


def _document(findings: int, requirements: int = 13) -> Path:
    folder = FOLDER / str(findings)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(python("benchmarks.workbook.findings", folder, findings, requirements), cwd=ROOT, check=True)
    return folder


def _counted(measured: Measured, path: Path) -> Measured:
    """Add the number of findings on its pages."""
    command = python("benchmarks.documents.count", path)
    counted = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return Measured(name=measured.name, figures={**measured.figures, "findings_on_pages": [float(counted)]})


if __name__ == "__main__":
    main()
