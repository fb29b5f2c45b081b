"""Deterministic findings of the project's own generator, made once per size and kept under ``var/bench``."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.harness import ROOT

BENCH = ROOT / "var" / "bench"
SCAN_DAY = datetime(2026, 9, 15, tzinfo=UTC)


def ocsf_file(findings: int, *, bad_records: int = 0) -> Path:
    """One scan of one account in Prowler's form: an array of ``findings`` good records, and damaged ones on top."""
    folder = BENCH / f"ocsf-{findings}-{bad_records}"
    made = sorted(folder.glob("*.json"))
    if made:
        return made[0]
    # In a process of its own: what this one holds would count as the peak of the commands it starts.
    subprocess.run(
        [sys.executable, "-m", "benchmarks.data", folder, str(findings), str(bad_records)], cwd=ROOT, check=True
    )
    return next(folder.glob("*.json"))


def main(folder: str, findings: str, bad_records: str) -> None:
    """Write one file into ``folder``."""
    from policycortex.findings.samples import write_samples  # noqa: PLC0415
    from policycortex.period import Period  # noqa: PLC0415

    write_samples(
        Path(folder),
        period=Period(start=SCAN_DAY, end=SCAN_DAY + timedelta(days=1)),
        findings_per_scan=int(findings),
        clouds=("aws",),
        bad_records=int(bad_records),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
