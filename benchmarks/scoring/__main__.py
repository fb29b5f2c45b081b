"""Three frameworks over 10,000, 100,000 and a million findings: ``python -m benchmarks.scoring [FINDINGS...]``."""

import subprocess
import sys
from pathlib import Path

from benchmarks.data import BENCH, ocsf_file
from benchmarks.harness import CPU, ROOT, Contender, interleave, python
from benchmarks.results import Bar, Comparison, save

OURS, SQL, PROWLER = "policycortex", "bare aggregated SQL", "Prowler's own library"
MERGED, TALLIED = "pandas, merged and counted", "pandas, counted per check first"
WORK = "work_cpu_ms"
MOST_FOR_PROWLER = 100_000
"""Above it Prowler's rows would need some 9 GB."""


def main() -> None:
    """All rounds of each size."""
    sizes = [int(text) for text in sys.argv[1:]] or [10_000, 100_000, 1_000_000]
    save("scoring", "Scoring three frameworks", [_compare(size) for size in sizes])


def _compare(findings: int) -> Comparison:
    file, home = ocsf_file(findings), BENCH / f"scoring-{findings}"
    subprocess.run(python("benchmarks.scoring.lake", home, file), cwd=ROOT, check=True)
    contenders = [
        Contender(name=OURS, command=python("benchmarks.scoring.ours", home)),
        Contender(name=SQL, command=python("benchmarks.scoring.with_sql", home, home / "sql.parquet")),
        *(
            Contender(name=name, command=_in(".venv-pandas", "with_pandas", home, home / "pandas.parquet", way))
            for name, way in ((MERGED, "merged"), (TALLIED, "tallied"))
        ),
        *([_prowler(file, home)] if findings <= MOST_FOR_PROWLER else []),
    ]
    return Comparison(
        name=f"{findings:,} findings",
        measured=interleave(contenders),
        bars=_bars(findings),
        columns=(WORK, "cpu_seconds", "peak_mb", "failed"),
        note=(
            "SOC 2, HIPAA and ISO 27001. Work is CPU from the stored findings to the written results, without imports "
            "and, for ours and SQL, with the lake open; for Prowler it is rows made and CSV written, with its findings "
            "in memory. Failed is the sum over requirements: all agree on it. Prowler counts muted findings as failed "
            "and writes rows, not counts, so it has none."
        ),
    )


def _bars(findings: int) -> list[Bar]:
    fixed = (
        "three tables are replaced in two commits, whatever the size, which the peers do not: half of the work is what "
        "DuckLake asks its catalog for that, an eighth the judging"
    )
    bars = [
        Bar(figure=WORK, ours=OURS, against=SQL, at_most=1.25, why_missed=fixed),
        Bar(figure=WORK, ours=OURS, against=MERGED, at_most=0.25, why_missed=fixed),
        Bar(figure=WORK, ours=OURS, against=TALLIED, at_most=0.25, why_missed=fixed),
    ]
    if findings == MOST_FOR_PROWLER:
        bars += [Bar(figure=figure, ours=OURS, against=PROWLER, at_most=1 / 20) for figure in (WORK, CPU)]
    return bars


def _prowler(file: Path, home: Path) -> Contender:
    return Contender(name=PROWLER, command=_in(".venv-prowler", "with_prowler", file, home / "prowler"))


def _in(environment: str, module: str, *arguments: object) -> list[str]:
    """The command of a peer that has an environment of its own."""
    interpreter = ROOT / environment / "bin" / "python"
    if not interpreter.exists():
        raise SystemExit(f"{interpreter} is missing: deploy/setup-bench.sh makes it")
    return [str(interpreter), "-m", f"benchmarks.scoring.{module}", *map(str, arguments)]


if __name__ == "__main__":
    main()
