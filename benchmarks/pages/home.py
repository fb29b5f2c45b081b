"""A home with many reports and one scan of many findings, made once per size and kept under ``var/bench``."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.api.seed import ORGANIZATION, Seeded, seed_reports
from benchmarks.data import BENCH, SCAN_DAY, ocsf_file
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex.storage.registry.keys import SCOPES
from policycortex.storage.registry.revision import HEAD
from policycortex.workflow.analytics_days import rebuild_analytics
from policycortex.workflow.ingest import ingest_files
from policycortex.workflow.posture import rebuild_days, score_days


def prepare_home(reports: int, findings: int) -> Seeded:
    """The home, and a fresh key of it."""
    home = BENCH / f"pages-{reports}-{findings}-{HEAD}"
    if not home.exists():
        making = home.with_name(f"{home.name}.making")
        shutil.rmtree(making, ignore_errors=True)
        _fill(making, reports, findings)
        making.rename(home)
    settings = _settings(home)
    registry = open_registry(settings)
    _, token = registry.keys.create_key(organization=ORGANIZATION, name="benchmark", scopes=SCOPES)
    page = registry.reports.list_reports(ORGANIZATION, limit=1, offset=reports // 2)
    registry.close()
    return Seeded(settings=settings, token=token, report_id=page.reports[0].id)


def _fill(home: Path, reports: int, findings: int) -> None:
    seed_reports(home, reports)
    settings, days = _settings(home), [SCAN_DAY.date()]
    ingest_files(settings, [ocsf_file(findings)], organization=ORGANIZATION, now=datetime.now(UTC))
    rebuild_days(settings, days)
    score_days(settings, days)
    rebuild_analytics(settings, days)


def _settings(home: Path) -> Settings:
    return Settings(home=home, rate_limit="10000000/minute", anonymous_rate_limit="10000000/minute")
