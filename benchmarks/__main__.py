"""All parts, or those named: ``python -m benchmarks [PART...]``. Ends with one table of every bar.

A part is a module ``benchmarks.<part>`` that leaves ``results/<part>.json``. Bars of parts that did not run now are
shown from their last results, with the date. Ends with status 1 if a part could not be run; a missed bar is told.
"""

import json
import subprocess
import sys
from typing import Any

from benchmarks.harness import ROOT, python
from benchmarks.results import RESULTS, bar_line

PARTS = (
    "ingest", "scoring", "history", "analytics", "documents", "workbook", "api_reads", "orders", "backfill",
)  # fmt: skip
"""In the order they run; the longest are not last, so that a failure shows early."""


def main() -> int:
    """Run, then tell."""
    wanted = sys.argv[1:] or [part for part in PARTS if (ROOT / "benchmarks" / part).is_dir()]
    unknown = sorted(set(wanted) - set(PARTS))
    if unknown:
        raise SystemExit(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    failed = [part for part in wanted if subprocess.run(python(f"benchmarks.{part}"), cwd=ROOT, check=False).returncode]
    print("\n".join(summary(load_results())))
    for part in failed:
        print(f"could not run: {part}")
    return 1 if failed else 0


def load_results() -> list[dict[str, Any]]:
    """What each part left last, in the order of PARTS."""
    paths = [RESULTS / f"{part}.json" for part in PARTS]
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]


def summary(results: list[dict[str, Any]]) -> list[str]:
    """Every bar of every part, and how many are met."""
    bars = [
        (each, comparison, bar) for each in results for comparison in each["comparisons"] for bar in comparison["bars"]
    ]
    met = sum(bar["is_met"] for _, _, bar in bars)
    lines = ["## Every bar", "", f"{met} of {len(bars)} met.", "", "| part | comparison | bar | measured |"]
    lines += ["| --- | --- | --- | --- |"]
    for each, comparison, bar in bars:
        lines.append(f"| {each['part']} | {comparison['name']} | {bar_line(bar)} | {each['date'][:10]} |")
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
