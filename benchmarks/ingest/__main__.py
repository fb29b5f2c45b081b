"""100,000 and a million OCSF findings into Parquet: ``python -m benchmarks.ingest [FINDINGS...]``."""

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.data import BENCH, ocsf_file
from benchmarks.harness import PEAK, ROOT, Contender, interleave, python
from benchmarks.results import BenchmarkTable, Limit, save

OURS, DAMAGED, DUCKDB, JSON = "policycortex", "policycortex, 12 damaged records", "duckdb read_json", "json.load"
MOST_FOR_JSON = 100_000
"""With more findings ``json.load`` would need 13 GB."""


def main() -> None:
    """All rounds of each size."""
    sizes = [int(text) for text in sys.argv[1:]] or [100_000, 1_000_000]
    save("ingest", "Ingest", [_compare(size) for size in sizes])


def _compare(findings: int) -> BenchmarkTable:
    clean, damaged = ocsf_file(findings), ocsf_file(findings, bad_records=12)
    work = BENCH / "ingest"
    work.mkdir(parents=True, exist_ok=True)
    contenders = [
        _ours(OURS, work / "clean", clean),
        _ours(DAMAGED, work / "damaged", damaged),
        Contender(name=DUCKDB, command=python("benchmarks.ingest.with_duckdb", clean, work / "duckdb.parquet")),
    ]
    limits = [Limit(figure=PEAK, ours=name, at_most=400) for name in (OURS, DAMAGED)]
    if findings <= MOST_FOR_JSON:
        with_json = python("benchmarks.ingest.with_json", clean, work / "json.parquet")
        contenders.append(Contender(name=JSON, command=with_json))
    measured = interleave(contenders)
    shutil.rmtree(work)
    megabytes = clean.stat().st_size / 1e6
    note = (
        f"One file of {megabytes:.0f} MB. All write the same columns to Parquet; policycortex also "
        "stores texts and relations once by digest, quarantines damaged records, and commits to the lake."
    )
    columns = ("cpu_seconds", "wall_seconds", "peak_mb", "rows")
    return BenchmarkTable(name=f"{findings:,} findings", measured=measured, limits=limits, note=note, columns=columns)


def _ours(name: str, home: Path, file: Path) -> Contender:
    """Import into an existing lake, because a lake is created once per installation."""

    def prepare() -> None:
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run(python("benchmarks.ingest.ours", home), cwd=ROOT, check=True)

    return Contender(name=name, command=python("benchmarks.ingest.ours", home, file), prepare=prepare)


if __name__ == "__main__":
    main()
