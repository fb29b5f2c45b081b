"""``policycortex backfill``: assesses a range of days and makes the monthly reports; a stop loses at most one month."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from pipelines.partitions import known_days, today, windows_of
from pipelines.report_keys import add_frameworks, add_months, monthly_windows
from policycortex.errors import Problem, RequestError
from policycortex.names import TAG_FRAMEWORK, TAG_ORGANIZATION, TAG_PRIORITY, RunPriority
from policycortex.period import FIRST_DAY, Period, whole_months
from policycortex.settings import Settings
from policycortex.workflow.monthly import load_framework_ids, unknown_frameworks
from policycortex_cli.runs import HomeRuns, home_runs

_BACKFILL_PRIORITY: Final = {TAG_PRIORITY: RunPriority.BACKFILL.value}


def backfill_days(
    settings: Settings,
    start: date,
    end: date,
    *,
    frameworks: Sequence[str] = (),
    formats: Sequence[str] = (),
    crosswalk: str | None = None,
    organization: str,
) -> None:
    """Replace the posture of each scanned day from ``start`` to ``end``, both included; prints a line per month done.

    With ``frameworks``, makes the monthly reports of each whole closed month, too; existing ones are kept. Raises
    RequestError for days out of range and for a framework that the organisation does not have.
    """
    last = min(end, today())
    _check_days(start, last)
    _check_frameworks(settings, frameworks, organization)
    months = tuple(_months(start, last))
    options: dict[str, object] = {"formats": list(formats), "crosswalk": crosswalk, "organization": organization}
    config = {name: value for name, value in options.items() if value}
    with home_runs(settings) as runs:
        for number, (first, final) in enumerate(months, start=1):
            print(f"month {number} of {len(months)}: {first} to {final}", file=sys.stderr)
            for window in windows_of(runs.instance, known_days(runs.instance, first, final)):
                runs.execute("refresh_posture", tags=window.tags | _BACKFILL_PRIORITY)
            print(f"assessed {first} to {final}")
        add_frameworks(runs.instance, frameworks)
        closed = whole_months(start, min(last, today().replace(day=1) - timedelta(days=1)))
        add_months(runs.instance, closed if frameworks else (), today=today())
        for month in closed if frameworks else ():
            for framework_id in frameworks:
                _report(runs, month, framework_id, config)


def _check_days(start: date, last: date) -> None:
    if start > last or start < FIRST_DAY:
        message = f"must lie between {FIRST_DAY} and {last}, got {start}"
        raise RequestError(f"--start {message}", details=(Problem(field="start", message=message),))


def _check_frameworks(settings: Settings, frameworks: Sequence[str], organization: str) -> None:
    known = load_framework_ids(settings, organization) if frameworks else ()
    if unknown := [framework_id for framework_id in frameworks if framework_id not in known]:
        message = unknown_frameworks(unknown, known)
        raise RequestError(f"--framework: {message}", details=(Problem(field="framework", message=message),))


def _report(runs: HomeRuns, month: date, framework_id: str, config: Mapping[str, object]) -> None:
    [window] = monthly_windows(runs.instance, framework_id, [month])
    tags = window | _BACKFILL_PRIORITY | {TAG_FRAMEWORK: framework_id, TAG_ORGANIZATION: str(config["organization"])}
    done = runs.execute("make_monthly_reports", config={"monthly_reports": {"config": dict(config)}}, tags=tags)
    metadata = done.asset_materializations_for_node("monthly_reports")[0].metadata
    print(
        f"{metadata['report_id'].value}  {month:%Y-%m}  {framework_id}  {metadata['score'].value}"
        f"{'' if metadata['is_new'].value else '  (exists)'}"
    )


def _months(start: date, end: date) -> Iterator[tuple[date, date]]:
    while start <= end:
        month = Period.of_month(start)
        yield start, min(end, month.last_date)
        start = month.end.date()
