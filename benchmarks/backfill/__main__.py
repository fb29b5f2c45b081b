"""24 months under four frameworks by ``policycortex backfill``, one month, and the same without Dagster.

``python -m benchmarks.backfill [MONTHS]``: fewer, to try it.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.backfill.span import FIRST, last_day
from benchmarks.data import BENCH
from benchmarks.harness import CPU, ROOT, Contender, Measured, interleave, python
from benchmarks.results import BenchmarkTable, Limit, save

FRAMEWORKS = ("soc2", "hipaa", "iso27001", "nist_csf")
MONTH, ALL, PLAIN = "one month", "all months", "all months without Dagster"
MONTHS = 24
PER_REPORT = "cpu_seconds_per_report"
PROGRAM = Path(sys.executable).with_name("policycortex")


def main() -> None:
    """Each run gets a copy of the same home."""
    months = int(sys.argv[1]) if len(sys.argv) > 1 else MONTHS
    filled, work = BENCH / "backfill-filled", BENCH / "backfill"
    if not (filled / "done").exists():
        shutil.rmtree(filled, ignore_errors=True)
        subprocess.run(python("benchmarks.backfill.home", filled), cwd=ROOT, check=True)
        (filled / "done").touch()

    def prepare() -> None:
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(filled, work)

    contenders = [
        Contender(name=MONTH, command=_backfill(work, 1), prepare=prepare),
        Contender(name=ALL, command=_backfill(work, months), prepare=prepare),
        Contender(name=PLAIN, command=python("benchmarks.backfill.plain", work, months, *FRAMEWORKS), prepare=prepare),
    ]
    measured = [
        _per_report(each, len(FRAMEWORKS) * (1 if each.name == MONTH else months)) for each in interleave(contenders)
    ]
    shutil.rmtree(work)
    save("backfill", "Backfill of two years", [_compared(measured, months)])


def _compared(measured: list[Measured], months: int) -> BenchmarkTable:
    return BenchmarkTable(
        name=f"{months} months under four frameworks, a scan of 300 findings every two weeks",
        measured=measured,
        limits=[Limit(figure=PER_REPORT, ours=ALL, against=MONTH, at_most=1.0)],
        columns=(CPU, PER_REPORT, "wall_seconds", "peak_mb"),
        note=f"{months * len(FRAMEWORKS)} reports (4 for one month) as CSV and JSON; days are scored first. CPU per "
        "report is lower for all months, because the start is needed once. Without Dagster the same functions are "
        "called in a loop.",
    )


def _backfill(home: Path, months: int) -> list[str]:
    words = [word for framework in FRAMEWORKS for word in ("--framework", framework)]
    command = [
        str(PROGRAM),
        "backfill",
        "--home",
        str(home),
        "--start",
        str(FIRST),
        "--end",
        str(last_day(months)),
        *words,
    ]
    return [*command, "--format", "csv", "--format", "json"]


def _per_report(measured: Measured, reports: int) -> Measured:
    spent = [seconds / reports for seconds in measured.figures[CPU]]
    return Measured(name=measured.name, figures={**measured.figures, PER_REPORT: spent})


if __name__ == "__main__":
    main()
