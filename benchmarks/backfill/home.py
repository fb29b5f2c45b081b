"""``python -m benchmarks.backfill.home HOME``: a scan every two weeks of 2024 and 2025, imported and not scored."""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from benchmarks.backfill.span import FIRST
from policycortex.findings.samples import write_samples
from policycortex.names import DEFAULT_ORGANIZATION
from policycortex.period import Period
from policycortex.settings import Settings
from policycortex.workflow.ingest import ingest_files

LAST: Final = date(2025, 12, 31)
FINDINGS: Final = 300


def fill(home: Path) -> None:
    """Write and import."""
    files = write_samples(
        home / "findings",
        period=Period.of_days(FIRST, LAST),
        every_days=14,
        findings_per_scan=FINDINGS,
        clouds=("aws",),
        bad_records=0,
    )
    ingest_files(Settings(home=home), files, organization=DEFAULT_ORGANIZATION, now=datetime(2026, 1, 1, tzinfo=UTC))


if __name__ == "__main__":
    fill(Path(sys.argv[1]))
