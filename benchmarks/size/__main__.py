"""A scan of 300 accounts with 250,000 and 1,000,000 findings: ``python -m benchmarks.size [FINDINGS...]``.

Each step is a whole process: the import of 300 files, the judging of the day, and a SOC 2 report of it.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

from benchmarks.data import BENCH
from benchmarks.harness import CPU, PEAK, ROOT, WALL, Contender, interleave, python
from benchmarks.results import BenchmarkTable, Limit, save

SIZES = (250_000, 1_000_000)
MOST_MB = 4_000
"""Memory of the machine, with 2 cores, on which a million findings are imported, judged and reported."""


def main() -> None:
    """One round: most of a step is CPU time, and together they take minutes."""
    sizes = [int(text) for text in sys.argv[1:]] or list(SIZES)
    files, homes = ({size: BENCH / f"{name}-{size}" for size in sizes} for name in ("accounts", "size"))
    for size in sizes:
        subprocess.run(python("benchmarks.size.files", files[size], size), cwd=ROOT, check=True)
    steps = {
        "Import of 300 files": [
            _step(size, "benchmarks.size.steps", "import", homes[size], files[size], emptied=homes[size])
            for size in sizes
        ],
        "Judging of the day": [_step(size, "benchmarks.size.steps", "judge", homes[size]) for size in sizes],
        "SOC 2 report, JSON and PDF": [
            _step(size, "benchmarks.history.report", homes[size], "json", "pdf") for size in sizes
        ],
    }
    tables = [
        BenchmarkTable(
            name=name,
            measured=interleave(contenders, rounds=1),
            limits=_limits(sizes),
            columns=(CPU, WALL, PEAK),
            note=f"Linear growth would be {' and '.join(f'{b / a:g}' for a, b in pairwise(sizes))} times.",
        )
        for name, contenders in steps.items()
    ]
    save("size", "300 accounts with up to a million findings", tables)


def _step(size: int, module: str, *arguments: object, emptied: Path | None = None) -> Contender:
    prepare = partial(shutil.rmtree, emptied, ignore_errors=True) if emptied else None
    return Contender(name=_name(size), command=python(module, *arguments), prepare=prepare)


def _name(size: int) -> str:
    return f"{size:,} findings"


def _limits(sizes: Sequence[int]) -> list[Limit]:
    return [
        *(Limit(figure=CPU, ours=_name(b), against=_name(a), at_most=b / a) for a, b in pairwise(sizes)),
        *(Limit(figure=PEAK, ours=_name(size), at_most=MOST_MB) for size in sizes),
    ]


if __name__ == "__main__":
    main()
