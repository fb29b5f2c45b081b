"""Three frameworks over 10,000, 100,000 and a million findings: ``python -m benchmarks.scoring [FINDINGS...]``."""

import subprocess
import sys
from pathlib import Path

from benchmarks.data import BENCH, ocsf_file
from benchmarks.harness import CPU, ROOT, Contender, interleave, python
from benchmarks.results import BenchmarkTable, Limit, save

OURS, SQL, PROWLER = "policycortex", "bare aggregated SQL", "Prowler's own library"
MERGED, TALLIED = "pandas, merged and counted", "pandas, counted per check first"
WORK = "work_cpu_ms"
MOST_FOR_PROWLER = 100_000
"""Above it Prowler's rows would need about 9 GB."""
LEAST_FOR_SQL = 10_000
"""At this size the fixed cost of a commit hides the scoring, so that a comparison with bare SQL says nothing."""


def main() -> None:
    """All rounds of each size."""
    sizes = [int(text) for text in sys.argv[1:]] or [10_000, 100_000, 1_000_000]
    save("scoring", "Scoring three frameworks", [_compare(size) for size in sizes])


def _compare(findings: int) -> BenchmarkTable:
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
    return BenchmarkTable(
        name=f"{findings:,} findings",
        measured=interleave(contenders),
        limits=_limits(findings),
        columns=(WORK, "cpu_seconds", "peak_mb", "failed"),
        note=(
            "SOC 2, HIPAA and ISO 27001. Work is CPU time from the stored findings to the written results, without "
            "Python imports; for policycortex and SQL the lake is open already, for Prowler the findings are in memory "
            "and the work is to make rows and write CSV. Failed is the sum over requirements; it is equal for all. "
            "Prowler has none: it counts muted findings as failed and writes rows instead of counts."
        ),
    )


def _limits(findings: int) -> list[Limit]:
    reason = (
        "policycortex replaces three tables in two commits, whatever the size: half of the work is DuckLake's catalog, "
        "an eighth is the scoring"
    )
    limits = [
        Limit(figure=WORK, ours=OURS, against=MERGED, at_most=0.25, why_missed=reason),
        Limit(figure=WORK, ours=OURS, against=TALLIED, at_most=0.25, why_missed=reason),
    ]
    if findings > LEAST_FOR_SQL:
        limits.append(Limit(figure=WORK, ours=OURS, against=SQL, at_most=1.25, why_missed=reason))
    if findings == MOST_FOR_PROWLER:
        limits += [Limit(figure=figure, ours=OURS, against=PROWLER, at_most=1 / 20) for figure in (WORK, CPU)]
    return limits


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
