"""Trends and risk of the last days, from 30 and from 365 days of history of 100,000 findings a day.

``python -m benchmarks.analytics [FOLDER]``: FOLDER holds ``analytics-30`` and ``analytics-365``, made there by
``benchmarks.analytics.lake`` where they are missing. They are not changed: the questions use a copy of the catalog.
"""

import subprocess
import sys
from pathlib import Path

from benchmarks.data import BENCH
from benchmarks.harness import ROOT, Contender, interleave, python
from benchmarks.results import BenchmarkTable, Limit, save

MONTH, YEAR = "30 days of history", "365 days of history"
FIGURE = "answer_cpu_ms"
QUESTIONS = {
    "trends": "Trends of all findings",
    "trends-soc2": "Trends of SOC 2",
    "risk": "Risk of all findings",
    "risk-soc2": "Risk of SOC 2",
}
NOTE = (
    "CPU time of one answer, opening the lake included: the median of five in each process. The catalogs are "
    "maintained as after each built day."
)


def main(folder: Path) -> None:
    """All rounds of each question."""
    homes = {MONTH: _home(folder, 30), YEAR: _home(folder, 365)}
    comparisons = []
    for question, title in QUESTIONS.items():
        contenders = [
            Contender(name=name, command=python("benchmarks.analytics.ask", home, question, 30))
            for name, home in homes.items()
        ]
        comparisons.append(
            BenchmarkTable(
                name=f"{title}, the last 30 days",
                measured=interleave(contenders),
                limits=[Limit(figure=FIGURE, ours=YEAR, against=MONTH, at_most=1.25)],
                columns=(FIGURE, "cpu_seconds", "peak_mb"),
                note=NOTE,
            )
        )
    save("analytics", "Analytics over a year", comparisons)


def _home(folder: Path, days: int) -> Path:
    """A home whose catalog is a copy and whose files are those of the lake of so many days."""
    made, home = folder / f"analytics-{days}", BENCH / f"analytics-{days}-asked"
    subprocess.run(python("benchmarks.analytics.lake", made, days), cwd=ROOT, check=True)
    subprocess.run(python("benchmarks.analytics.lake", made, home, "copy"), cwd=ROOT, check=True)
    return home


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else BENCH)
