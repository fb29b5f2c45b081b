"""Reports over 30 days with 1, 12 and 60 months of history, and over 10,000 to a million findings.

``python -m benchmarks.history [MONTHS [FINDINGS]]``: lists such as ``1,12`` and ``10000,100000``.
"""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from benchmarks.data import BENCH, ocsf_file
from benchmarks.harness import PEAK, ROOT, Contender, interleave, python
from benchmarks.results import BenchmarkTable, Limit, save

MONTHS = (1, 12, 60)
SIZES = (10_000, 100_000, 1_000_000)
FIGURE = "report_cpu_ms"
MEMORY_MB = 800
"""Maximum peak of a report of any size: memory must not grow with the findings."""


def main() -> None:
    """History first, then size."""
    months = [int(text) for text in sys.argv[1].split(",")] if len(sys.argv) > 1 else list(MONTHS)
    sizes = [int(text) for text in sys.argv[2].split(",")] if len(sys.argv) > 2 else list(SIZES)
    save("history", "Reports over 30 days", [_by_history(months), _by_size(sizes)])


def _by_history(lengths: list[int]) -> BenchmarkTable:
    names = {months: f"{months} months of history" for months in lengths}
    homes = {months: BENCH / f"behind-{months}" for months in lengths}
    for months, home in homes.items():
        subprocess.run(python("benchmarks.history.past", home, months), cwd=ROOT, check=True)
    contenders = [_report(names[months], homes[months], "csv", "json") for months in lengths]
    return BenchmarkTable(
        name=f"With {', '.join(map(str, lengths))} months of history, a scan of 2,000 findings a day",
        measured=interleave(contenders),
        limits=[
            Limit(figure=FIGURE, ours=names[months], against=names[lengths[0]], at_most=1.25) for months in lengths[1:]
        ],
        columns=(FIGURE, "cpu_seconds", "peak_mb"),
        note="History is the time before the report's 30 days. A report compares them with the previous 30, which one "
        "month of history contains, so that each lake gives the same content. SOC 2 as CSV and JSON, because the "
        "layout of a PDF does not depend on history. Report CPU excludes Python imports and the check of DuckDB's "
        "extensions, which the run host does once.",
    )


def _by_size(sizes: list[int]) -> BenchmarkTable:
    homes = {size: BENCH / f"scoring-{size}" for size in sizes}
    for size, home in homes.items():
        subprocess.run(python("benchmarks.scoring.lake", home, ocsf_file(size)), cwd=ROOT, check=True)
    names = {size: f"{size:,} findings" for size in sizes}
    measured = interleave([_report(names[size], homes[size], "csv", "json") for size in sizes])
    steps = list(pairwise(sizes))
    limits = [
        *(Limit(figure=FIGURE, ours=names[b], against=names[a], at_most=b / a) for a, b in steps),
        *(Limit(figure=PEAK, ours=names[size], at_most=MEMORY_MB) for size in sizes),
    ]
    return BenchmarkTable(
        name=f"{' to '.join(f'{size:,}' for size in (sizes[0], sizes[-1]))} findings in scope",
        measured=measured,
        limits=limits,
        columns=(FIGURE, "cpu_seconds", "peak_mb", "written_mb"),
        note="SOC 2 as CSV and JSON, every finding listed. Linear growth would be ten times per step.",
    )


def _report(name: str, home: Path, *formats: str) -> Contender:
    return Contender(name=name, command=python("benchmarks.history.report", home, *formats))


if __name__ == "__main__":
    main()
