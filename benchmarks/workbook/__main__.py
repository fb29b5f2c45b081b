"""100,000 findings as a workbook: ours with all its sheets, styles and tables beside bare rows of other writers."""

import subprocess
import tempfile

from benchmarks.harness import CPU, PEAK, Contender, interleave, python
from benchmarks.results import BenchmarkTable, Limit, save

ROWS = 100_000

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(python("benchmarks.workbook.findings", folder, ROWS), check=True)
        measured = interleave(
            [
                Contender(name="ours, designed", command=python("benchmarks.workbook.ours", folder)),
                Contender(
                    name="openpyxl write-only, bare", command=python("benchmarks.workbook.with_openpyxl", folder)
                ),
                Contender(
                    name="xlsxwriter constant-memory, bare",
                    command=python("benchmarks.workbook.with_xlsxwriter", folder),
                ),
            ],
        )
    limits = [
        Limit(figure=CPU, ours="ours, designed", against="openpyxl write-only, bare", at_most=0.8),
        Limit(figure=PEAK, ours="ours, designed", at_most=600),
    ]
    save(
        "workbook",
        "Workbook of findings",
        [BenchmarkTable(name=f"{ROWS:,} findings", measured=measured, limits=limits)],
    )
