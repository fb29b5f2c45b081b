"""``python -m benchmarks.backfill.plain HOME MONTHS FRAMEWORK...``: the same functions in a loop, without Dagster."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.backfill.span import FIRST, last_day
from policycortex.names import ReportFormat
from policycortex.period import Period, whole_months
from policycortex.settings import Settings
from policycortex.workflow.monthly import MonthlyReportOptions, make_monthly_report
from policycortex.workflow.posture import rebuild_days, score_days

_OPTIONS = MonthlyReportOptions(formats=(ReportFormat.CSV, ReportFormat.JSON))


def main(home: str, count: str, *frameworks: str) -> None:
    """Score each month's days, then report on each month and framework."""
    settings, now = Settings(home=Path(home)), datetime.now(UTC)
    months = whole_months(FIRST, last_day(int(count)))
    for month in months:
        period = Period.of_month(month)
        days = [period.first_date + timedelta(days=n) for n in range((period.last_date - period.first_date).days + 1)]
        rebuild_days(settings, days)
        score_days(settings, days, now=now)
    made = [
        make_monthly_report(settings, month, framework, options=_OPTIONS, run_id="bench", now=now)
        for month in months
        for framework in frameworks
    ]
    print(json.dumps({"reports": sum(report.is_new for report in made)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
