"""Sixteen days of findings that map to CC6.1 of SOC 2: a home that all workers of a test session copy."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from filelock import FileLock

from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.analytics_days import rebuild_analytics
from policycortex.workflow.posture import rebuild_days
from tests.support.api_server import SERVED, ApiServer, run_server
from tests.support.empty_homes import copy_home
from tests.support.samples.lake import finding, import_findings

DAYS: Final = 16
RELATIONS: Final = '{"SOC2":["cc_6_1"]}'
ORGANIZATION: Final = "analytics"


def fill(settings: Settings, today: date) -> None:
    """Up to yesterday: of 16 findings one more passes each day."""
    days = [today - timedelta(days=DAYS - n) for n in range(DAYS)]
    with open_lake(settings) as lake:
        for number, day in enumerate(days):
            found = [
                finding(day, "c1", f"r{r:02}", "PASS" if r < number else "FAIL", relations=RELATIONS)
                for r in range(DAYS)
            ]
            import_findings(lake, found, organization=ORGANIZATION)
    rebuild_days(settings, days)
    rebuild_analytics(settings, days)


def serve_history(factory: pytest.TempPathFactory, empty_home: Path) -> Iterator[ApiServer]:
    """A server over a copy of the home, which the first worker that needs it makes: that takes 20 seconds of CPU."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    today = datetime.now(UTC).date()
    made = shared / f"history-{today}"
    with FileLock(shared / "history.lock"):
        if not made.exists():
            making = copy_home(empty_home, factory.mktemp("making") / "home")
            fill(Settings(home=making), today)
            shutil.move(making, made)
    home = copy_home(made, factory.mktemp("history") / "home")
    yield from run_server(Settings(home=home, **SERVED))
