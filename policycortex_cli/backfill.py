"""``policycortex backfill``: judge a range of days and report on its months; a stop loses one month at most."""

import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from pipelines.partitions import range_tags, standing_range_tags, today
from policycortex.errors import Problem, RequestError
from policycortex.frameworks.builtin import BUILTIN_IDS
from policycortex.names import TAG_FRAMEWORK, TAG_ORGANIZATION, TAG_PRIORITY, RunPriority
from policycortex.period import FIRST_DAY, Period, whole_months
from policycortex.settings import Settings
from policycortex_cli.runs import HomeRuns, home_runs

_BACKFILL_PRIORITY: Final = {TAG_PRIORITY: RunPriority.BACKFILL.value}


def backfill_days(
    settings: Settings,
    start: date,
    end: date,
    *,
    frameworks: Sequence[str] = (),
    formats: Sequence[str] = (),
    organization: str,
) -> None:
    """Replace the posture of every day from ``start`` to ``end``, both included; a line per finished month.

    With ``frameworks``, each whole closed month is reported on, too; what is there already stays.
    """
    last = min(end, today())
    _refuse(start, last, frameworks)
    months = tuple(_months(start, last))
    with home_runs(settings) as runs:
        for number, (first, final) in enumerate(months, start=1):
            print(f"month {number} of {len(months)}: {first} to {final}", file=sys.stderr)
            runs.execute("refresh_posture", tags=range_tags(first, final) | _BACKFILL_PRIORITY)
            print(f"judged {first} to {final}")
        closed = whole_months(start, min(last, today().replace(day=1) - timedelta(days=1)))
        for month in closed if frameworks else ():
            for framework_id in frameworks:
                _report(runs, month, framework_id, organization, formats)


def _refuse(start: date, last: date, frameworks: Sequence[str]) -> None:
    if start > last or start < FIRST_DAY:
        told = f"must lie between {FIRST_DAY} and {last}, got {start}"
        raise RequestError(f"--start {told}", details=(Problem(field="start", message=told),))
    for framework_id in frameworks:
        if framework_id not in BUILTIN_IDS:
            told = f"must be one of {', '.join(BUILTIN_IDS)}, got {framework_id!r}"
            raise RequestError(f"--framework {told}", details=(Problem(field="framework", message=told),))


def _report(runs: HomeRuns, month: date, framework_id: str, organization: str, formats: Sequence[str]) -> None:
    config = {"organization": organization} | ({"formats": list(formats)} if formats else {})
    tags = standing_range_tags(framework_id, [month]) | _BACKFILL_PRIORITY
    tags |= {TAG_FRAMEWORK: framework_id, TAG_ORGANIZATION: organization}
    done = runs.execute("make_standing_reports", config={"standing": {"config": config}}, tags=tags)
    told = done.asset_materializations_for_node("standing")[0].metadata
    print(
        f"{told['report_id'].value}  {month:%Y-%m}  {framework_id}  {told['score'].value}"
        f"{'' if told['is_new'].value else '  (was there)'}"
    )


def _months(start: date, end: date) -> Iterator[tuple[date, date]]:
    while start <= end:
        month = Period.of_month(start)
        yield start, min(end, month.last_date)
        start = month.end.date()
