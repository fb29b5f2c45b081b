"""``policycortex backfill``: rebuild and judge a range of days, a run per month: a stop loses one month at most."""

import sys
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from pipelines.partitions import FIRST_DAY, range_tags, today
from policycortex.cli.runs import home_runs
from policycortex.errors import Problem, RequestError
from policycortex.settings import Settings

_BACKFILL_PRIORITY: Final = {"dagster/priority": "-10"}


def backfill_days(settings: Settings, start: date, end: date) -> None:
    """Replace the posture of every day from ``start`` to ``end``, both included; prints a line per finished month."""
    last = min(end, today())
    if start > last or start < FIRST_DAY:
        told = f"must lie between {FIRST_DAY} and {last}, got {start}"
        raise RequestError(f"--start {told}", details=(Problem(field="start", message=told),))
    months = tuple(_months(start, last))
    with home_runs(settings) as runs:
        for number, (first, final) in enumerate(months, start=1):
            print(f"month {number} of {len(months)}: {first} to {final}", file=sys.stderr)
            runs.execute("refresh_posture", tags=range_tags(first, final) | _BACKFILL_PRIORITY)
            print(f"judged {first} to {final}")


def _months(start: date, end: date) -> Iterator[tuple[date, date]]:
    while start <= end:
        following = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield start, min(end, following - timedelta(days=1))
        start = following
