"""The cost of 5,000 schedules: CPU seconds of each function that reads them, because wall time depends on other load.

Run: ``.venv/bin/python -m benchmarks.schedules [COUNT]``. The figures of docs/delivery.md come from here.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path

from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex.workflow.due_reports import (
    load_enabled_schedules,
    load_schedule_marks,
    load_startable_reports,
    load_watched_runs,
)
from policycortex.workflow.scheduling import claim_due_ticks, create_schedule, preview_runs

_NOW = datetime(2026, 3, 15, tzinfo=UTC)
_BODY = {
    "name": "Weekly",
    "schedule": {"cron": "0 9 1 * *", "timezone": "America/New_York"},
    "report_template": {"type": "compliance", "framework": "soc2", "scope": {"date_range_type": "last_month"}},
    "delivery": {"email": {"recipients": ["ceo@company.com", "cto@company.com"]}},
}


def measure(label: str, call: Callable[[], object]) -> None:
    """Print the CPU time of one call, and how many it found."""
    begin = time.process_time()
    found = call()
    spent = time.process_time() - begin
    print(f"{label:<58} {spent:8.3f} CPU s   {len(found) if hasattr(found, '__len__') else found}")


def main(count: int) -> None:
    """Make ``count`` schedules; sixty are due in one minute, and all of them a month later."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder))
        with closing(open_registry(settings)) as registry:

            def make_all() -> list[str]:
                made = []
                for number in range(count):
                    body = deepcopy(_BODY) | {"name": f"Schedule {number}"}
                    if number < 60:
                        body["schedule"] = {"cron": "0 0 16 3 *", "timezone": "UTC"}
                    row = create_schedule(settings, registry, body, organization="default", created_by=None, now=_NOW)
                    made.append(row.id)
                return made

            measure(f"make {count} schedules", make_all)
            measure("compare what is loaded (each 15 s)", lambda: load_schedule_marks(settings))
            measure("read them all for Dagster (after a change)", lambda: load_enabled_schedules(settings))
            measure("look for due ticks, none due (each 10 s)", lambda: claim_due_ticks(settings, now=_NOW))
            due = datetime(2026, 3, 16, 0, 0, 30, tzinfo=UTC)
            measure("claim 60 due in one minute, with 120 deliveries", lambda: claim_due_ticks(settings, now=due))
            measure(
                "see what must be started", lambda: load_startable_reports(settings, now=due + timedelta(minutes=2))
            )
            measure("see which runs must be watched", lambda: load_watched_runs(settings, now=due))
            row = registry.schedules.list_schedules("default", limit=1)[0][0]
            measure("preview five runs of one", lambda: preview_runs(row, now=_NOW))
            later = datetime(2026, 4, 1, 13, 0, 30, tzinfo=UTC)
            measure("claim all the others at once", lambda: claim_due_ticks(settings, now=later))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
