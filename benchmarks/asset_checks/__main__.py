"""CPU seconds and peak memory of each asset check, as a Markdown table.

    python -m benchmarks.asset_checks HOME [FINDINGS]

HOME is made if it is not there: two scans of FINDINGS findings (a million) on two days. Each check is a process of its
own; the row "no check" is what such a process costs without one.
"""

import sys
from pathlib import Path
from typing import Final

from benchmarks.harness import CPU, PEAK, Contender, interleave, python

MILLION: Final = 1_000_000
CHECKS: Final = (
    "no check",
    "records_reconcile",
    "layers_agree",
    "quarantine_rate",
    "silent_accounts",
    "scan_coverage",
    "scores_in_range",
    "score_jumps",
    "report_files",
    "deliveries_in_time",
)


def main(home: Path, findings: int) -> None:
    """Fill the home in a process of its own, measure, and print the table."""
    if not (home / "lake").exists():
        fill = python("benchmarks.asset_checks.fill", home, findings)
        interleave([Contender(name="fill", command=fill, timeout_seconds=7200)], rounds=1)
    contenders = [Contender(name=name, command=python("benchmarks.asset_checks.one", home, name)) for name in CHECKS]
    print("| check | CPU s | peak MB |\n| --- | --- | --- |")
    for each in interleave(contenders):
        print(f"| {each.name} | {each.middle(CPU):.2f} | {each.middle(PEAK):.0f} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else MILLION)
