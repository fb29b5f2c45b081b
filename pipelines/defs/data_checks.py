"""Asset checks of findings, scans, scores, reports and deliveries. Each result has numbers and evidence, passed or not.

What is checked, and what is wrong, is decided by the core: ``policycortex.workflow.scan_checks`` and its neighbours.
Checks that run together are one step: a step of its own would cost each of them 0.1 seconds more.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

import dagster as dg

from pipelines.defs.analytics import CHANGES
from pipelines.defs.ingest import FINDINGS, IMPORTS
from pipelines.defs.posture import FRAMEWORK_SCORES, SCAN_COVERAGE
from pipelines.defs.reports import ARTIFACTS
from pipelines.failures import core_errors_as_failures
from pipelines.metadata import frame_table
from pipelines.resources import CoreResource
from policycortex.names import TAG_GROUP, UPKEEP
from policycortex.settings import Settings
from policycortex.workflow.data_check import DataCheck
from policycortex.workflow.report_checks import check_deliveries, check_report_files
from policycortex.workflow.scan_checks import check_quarantine, check_scan_coverage, check_silent_accounts
from policycortex.workflow.score_checks import check_score_jumps, check_score_values

Check = Callable[[Settings, datetime], DataCheck]


def _spec(name: str, asset: dg.AssetKey, description: str | None, *after: dg.AssetKey) -> dg.AssetCheckSpec:
    """``description`` is the docstring of the core's check; the check runs after the assets ``after``, too."""
    return dg.AssetCheckSpec(
        name=name, asset=asset, description=" ".join((description or "").split()), additional_deps=after
    )


_QUARANTINE_RATE: Final = _spec("quarantine_rate", FINDINGS, check_quarantine.__doc__, IMPORTS)
_SILENT: Final = _spec("silent_accounts", SCAN_COVERAGE, check_silent_accounts.__doc__, FRAMEWORK_SCORES)
_COVERAGE: Final = _spec("scan_coverage", SCAN_COVERAGE, check_scan_coverage.__doc__, FRAMEWORK_SCORES)
_VALUES: Final = _spec("scores_in_range", FRAMEWORK_SCORES, check_score_values.__doc__)
_JUMPS: Final = _spec("score_jumps", FRAMEWORK_SCORES, check_score_jumps.__doc__, CHANGES)
_FILES: Final = _spec("report_files", ARTIFACTS, check_report_files.__doc__)
_DELIVERIES: Final = _spec("deliveries_in_time", ARTIFACTS, check_deliveries.__doc__)

_CHECKS: Final[Mapping[dg.AssetCheckKey, Check]] = {
    _QUARANTINE_RATE.key: lambda settings, _now: check_quarantine(settings),
    _SILENT.key: lambda settings, _now: check_silent_accounts(settings),
    _COVERAGE.key: lambda settings, _now: check_scan_coverage(settings),
    _VALUES.key: lambda settings, _now: check_score_values(settings),
    _JUMPS.key: lambda settings, _now: check_score_jumps(settings),
    _FILES.key: lambda settings, _now: check_report_files(settings),
    _DELIVERIES.key: lambda settings, now: check_deliveries(settings, now=now),
}


@dg.multi_asset_check(name="check_imports", specs=[_QUARANTINE_RATE])
def check_imports(core: CoreResource) -> Iterator[dg.AssetCheckResult]:
    """After each import."""
    yield from _evaluate(core, [_QUARANTINE_RATE.key])


@dg.multi_asset_check(name="check_posture", specs=[_SILENT, _COVERAGE, _VALUES, _JUMPS], can_subset=True)
def check_posture(context: dg.AssetCheckExecutionContext, core: CoreResource) -> Iterator[dg.AssetCheckResult]:
    """After each rebuild; a run that only rescores evaluates the checks of scores."""
    yield from _evaluate(core, sorted(context.selected_asset_check_keys))


@dg.multi_asset_check(name="check_report_store", specs=[_FILES, _DELIVERIES], can_subset=True)
def check_report_store(context: dg.AssetCheckExecutionContext, core: CoreResource) -> Iterator[dg.AssetCheckResult]:
    """In a job of its own: a report does not wait for it."""
    yield from _evaluate(core, sorted(context.selected_asset_check_keys))


def _evaluate(core: CoreResource, keys: list[dg.AssetCheckKey]) -> Iterator[dg.AssetCheckResult]:
    for key in keys:
        with core_errors_as_failures(core):
            found = _CHECKS[key](core.settings(), datetime.now(UTC))
        yield dg.AssetCheckResult(
            asset_key=key.asset_key,
            check_name=key.name,
            passed=found.is_passed,
            severity=dg.AssetCheckSeverity.ERROR if found.is_error else dg.AssetCheckSeverity.WARN,
            description=found.message,
            metadata={**found.numbers, "evidence": frame_table(found.evidence)},
        )


DATA_CHECKS: Final = (check_imports, check_posture, check_report_store)

check_reports = dg.define_asset_job(
    "check_reports",
    selection=dg.AssetSelection.checks(check_report_store),
    tags={TAG_GROUP: UPKEEP},
    description="Check that the files of the newest reports are stored and agree, and that no delivery is late.",
)

check_reports_daily = dg.ScheduleDefinition(
    name="check_reports_daily",
    job=check_reports,
    cron_schedule="45 4 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each day, checks the files of the newest reports and the open deliveries.",
)
