"""``python -m benchmarks.asset_checks.fill HOME FINDINGS``: two scans on two days, imported, rebuilt and assessed."""

import sys
from datetime import timedelta
from pathlib import Path

from benchmarks.data import SCAN_DAY
from policycortex.findings.samples import write_samples
from policycortex.names import DEFAULT_ORGANIZATION
from policycortex.period import Period
from policycortex.settings import Settings
from policycortex.workflow.analytics_days import rebuild_analytics
from policycortex.workflow.ingest import ingest_files
from policycortex.workflow.posture import rebuild_days, score_days


def fill(home: Path, findings: int) -> None:
    """One account, two seeds."""
    settings, days = Settings(home=home), [SCAN_DAY - timedelta(days=1), SCAN_DAY]
    for number, day in enumerate(days):
        folder, period = home / "files" / str(number), Period(start=day, end=day + timedelta(days=1))
        write_samples(folder, period=period, findings_per_scan=findings, clouds=("aws",), seed=number)
        ingest_files(settings, [folder], organization=DEFAULT_ORGANIZATION, now=day)
    dates = [day.date() for day in days]
    rebuild_days(settings, dates)
    score_days(settings, dates)
    rebuild_analytics(settings, dates)


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]))
