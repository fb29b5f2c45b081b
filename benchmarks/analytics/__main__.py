"""Trends and risk of the last 30 days, from 30 and from 365 days of history of 100,000 findings a day."""

import subprocess

from benchmarks.data import BENCH
from benchmarks.harness import ROOT, Contender, interleave, python
from benchmarks.results import Bar, Comparison, save

MONTH, YEAR = "30 days of history", "365 days of history"
FIGURE = "answer_cpu_ms"
QUESTIONS = {
    "trends": "Trends of all findings",
    "trends-soc2": "Trends of SOC 2",
    "risk": "Risk of all findings",
    "risk-soc2": "Risk of SOC 2",
}


def main() -> None:
    """All rounds of each question."""
    homes = {name: BENCH / f"analytics-{days}" for name, days in ((MONTH, 30), (YEAR, 365))}
    for name, days in ((MONTH, 30), (YEAR, 365)):
        subprocess.run(python("benchmarks.analytics.lake", homes[name], days), cwd=ROOT, check=True)
    comparisons = []
    for question, title in QUESTIONS.items():
        contenders = [
            Contender(name=name, command=python("benchmarks.analytics.ask", home, question, 30))
            for name, home in homes.items()
        ]
        comparisons.append(
            Comparison(
                name=f"{title}, the last 30 days",
                measured=interleave(contenders),
                bars=[Bar(figure=FIGURE, ours=YEAR, against=MONTH, at_most=1.25)],
                columns=(FIGURE, "cpu_seconds", "peak_mb"),
                note="CPU of one answer with the lake opened anew, median of five in each process.",
            )
        )
    save("analytics", "Analytics over a year", comparisons)


if __name__ == "__main__":
    main()
