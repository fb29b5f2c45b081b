"""100,000 findings in each format that came after OCSF: ``python -m benchmarks.formats [FINDINGS]``."""

import shutil
import subprocess
import sys

from benchmarks.data import BENCH
from benchmarks.harness import PEAK, ROOT, Contender, interleave, python
from benchmarks.results import BenchmarkTable, Limit, save

OURS, LIBRARY = "policycortex", "json.load or csv.reader"
READING = "reading_cpu_seconds"
FILES = (
    "trivy.json", "trivy_one_target.json", "kube_bench.json", "powerpipe.json", "scc.json", "security_lake.parquet",
    "powerpipe.csv", "prowler.csv", "defender.csv",
)  # fmt: skip
SMALL_RECORDS = "records of 300 to 900 bytes: decoding them costs less than making a finding of 29 fields of each"
CSV = "csv.reader only splits the rows; half of the time here makes the findings"
WHY_MISSED = {"kube_bench.json": SMALL_RECORDS, "powerpipe.json": SMALL_RECORDS}


def main() -> None:
    """All rounds of each file."""
    findings = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    folder = BENCH / f"formats-{findings}"
    if not folder.exists():  # in a process of its own: what this one holds would count as the peak of the others
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        subprocess.run(python("benchmarks.formats.files", part, findings), cwd=ROOT, check=True)
        part.rename(folder)
    comparisons = []
    for name in FILES:
        same = name.replace(".parquet", ".json")
        contenders = [
            Contender(name=OURS, command=python("benchmarks.formats.ours", folder / name)),
            Contender(name=LIBRARY, command=python("benchmarks.formats.with_library", folder / same)),
        ]
        why = WHY_MISSED.get(name, CSV if name.endswith(".csv") else "")
        limits = [
            Limit(figure=PEAK, ours=OURS, at_most=400),
            Limit(figure=READING, ours=OURS, against=LIBRARY, at_most=1, why_missed=why),
        ]
        note = (
            f"{name}, {(folder / name).stat().st_size / 1e6:.0f} MB. Parquet is compared with the same records as JSON."
        )
        columns = (READING, "cpu_seconds", "wall_seconds", PEAK)
        measured = interleave(contenders)
        comparisons.append(
            BenchmarkTable(
                name=f"{findings:,} findings in {name}", measured=measured, limits=limits, note=note, columns=columns
            )
        )
    save("formats", "Formats", comparisons)


if __name__ == "__main__":
    main()
