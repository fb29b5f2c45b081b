"""``python -m benchmarks.size.files FOLDER FINDINGS``: one scan of each of 300 accounts, a file each."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

from benchmarks.data import SCAN_DAY
from policycortex.findings.samples import write_samples
from policycortex.period import Period

ACCOUNTS: Final = 300


def main(folder: str, findings: str) -> None:
    """Once; a marker file is written at the end."""
    place = Path(folder)
    mark = place / "complete"
    if mark.exists():
        return
    write_samples(
        place,
        period=Period(start=SCAN_DAY, end=SCAN_DAY + timedelta(days=1)),
        findings_per_scan=int(findings) // ACCOUNTS,
        clouds=("aws",),
        accounts_per_cloud=ACCOUNTS,
        bad_records=0,
    )
    mark.touch()


if __name__ == "__main__":
    main(*sys.argv[1:])
