"""Reports that are requested in the Dagster UI: an asset by period and kind, and a job with typed periods.

The run makes the request itself. Run again, it finds the report and makes nothing new.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from pipelines.defs.ingest import OWNERS
from pipelines.defs.posture import FRAMEWORK_SCORES, REQUIREMENT_RESULTS
from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures, is_last_attempt
from pipelines.partitions import period_reports
from pipelines.report_facts import describe_made, report_tags
from pipelines.report_keys import BY_PERIOD, add_report_keys, period_report_key
from pipelines.resources import CoreResource
from pipelines.run_config import PERIOD_REPORT, REQUEST_REPORTS, config_of
from pipelines.run_traces import report_span
from policycortex.errors import RequestError
from policycortex.names import ANY_FRAMEWORK, TAG_ORGANIZATION, ReportType
from policycortex.period import Period
from policycortex.requests.report_partitions import (
    ReportKind,
    Split,
    key_of_period,
    kind_of_key,
    parts_of_words,
    period_of_key,
)
from policycortex.workflow.period_reports import (
    PeriodReport,
    PeriodReportOptions,
    make_period_report,
    plan_period_report,
)
from policycortex.workflow.reports import fail_report


@dg.asset(
    key=BY_PERIOD,
    deps=[
        dg.AssetDep(key, partition_mapping=dg.AllPartitionMapping()) for key in (REQUIREMENT_RESULTS, FRAMEWORK_SCORES)
    ],
    group_name="reports",
    config_schema=PERIOD_REPORT,
    partitions_def=period_reports,
    owners=OWNERS,
    kinds={"pdf", "csv", "json"},
    retry_policy=RETRY_TRANSIENT,
    description="Reports that are requested here, by period (`2026-Q3`, `2026-07`, `2026-07-01..2026-09-30`) and kind "
    "(`soc2 audit`). Pick partitions or type new ones; a backfill makes one report of each. A report whose input has "
    "not changed is kept.",
)
def by_period(context: dg.AssetExecutionContext, core: CoreResource) -> dg.MaterializeResult[None]:
    """Make the report of the run's partition; days that it reads and that have changed are assessed first."""
    keys = context.partition_key.keys_by_dimension
    with core_errors_as_failures(core):
        period, kind = period_of_key(keys["period"]), kind_of_key(keys["report"])
        _check_organization(context.run.tags.get(TAG_ORGANIZATION), kind)
        options = _options(config_of(context))
        planned = plan_period_report(core.settings(), period, kind, options, now=datetime.now(UTC))
    return dg.MaterializeResult(metadata=_make(context, core, planned, retry_number=context.retry_number))


make_period_reports = dg.define_asset_job(
    "make_period_reports",
    selection=[BY_PERIOD],
    description="Make the report of a period and kind; a backfill makes several. Unchanged reports are kept.",
)


@dg.op(
    name="make_requested",
    config_schema=REQUEST_REPORTS,
    out=dg.Out(dg.Nothing),
    retry_policy=RETRY_TRANSIENT,
    description="Makes a report for each period, framework and type of the configuration.",
)
def make_requested(context: dg.OpExecutionContext, core: CoreResource) -> None:
    """All are checked before the first is made. Each becomes a materialization of ``reports/by_period``."""
    config = dict(context.op_config)
    config["organization"] = context.run.tags.get(TAG_ORGANIZATION, config["organization"])
    now, settings = datetime.now(UTC), core.settings()
    with core_errors_as_failures(core):
        planned = {
            (key_of_period(period), kind.key): plan_period_report(settings, period, kind, _options(config), now=now)
            for period in _periods(context, config, now)
            for kind in _kinds(config)
        }
    add_report_keys(context.instance, periods=[period for period, _ in planned], kinds=[kind for _, kind in planned])
    for (period, kind), one in planned.items():
        facts = _make(context, core, one, retry_number=context.retry_number)
        event = dg.AssetMaterialization(BY_PERIOD, partition=period_report_key(period, kind), metadata=facts)
        context.log_event(event)


@dg.job(
    name="request_reports",
    description="Make reports of typed periods: 2026-Q3, last_quarter, a list of ranges, a year by months. Each is "
    "shown as a partition of `reports/by_period`. Unchanged reports are kept.",
)
def request_reports() -> None:
    """One op."""
    make_requested()


def _make(
    context: dg.AssetExecutionContext | dg.OpExecutionContext,
    core: CoreResource,
    planned: PeriodReport,
    *,
    retry_number: int,
) -> dict[str, Any]:
    """Make one report and return its facts; after the last attempt a failed report is marked as failed."""
    settings, ids = core.settings(), list[str]()
    context.instance.add_run_tags(context.run.run_id, report_tags(planned.request))
    context.log.info("report %r", planned.request.name)

    def note(report_id: str) -> None:
        ids.append(report_id)
        context.log.info("report %s is requested and made by this run", report_id)

    try:
        with core_errors_as_failures(core), report_span(context, settings, {"policycortex.attempt": retry_number + 1}):
            made = make_period_report(
                settings,
                planned,
                run_id=context.run.run_id,
                now=datetime.now(UTC),
                progress=context.log.info,
                on_report=note,
            )
    except dg.Failure as failure:
        if ids and is_last_attempt(failure, retry_number):
            fail_report(settings, ids[-1], failure.description or "the run failed")
        raise
    context.instance.add_run_tags(context.run.run_id, report_tags(planned.request, made.row.id))
    return describe_made(settings, made)


def _check_organization(tagged: str | None, kind: ReportKind) -> None:
    """Whoever may start runs of one organisation starts them with its tag."""
    if tagged is not None and tagged != kind.organization:
        raise RequestError(f"the run is tagged for {tagged}, but its partition {kind.key!r} is of {kind.organization}")


def _options(config: Mapping[str, Any]) -> PeriodReportOptions:
    return PeriodReportOptions(**{name: config[name] for name in PERIOD_REPORT})


def _periods(context: dg.OpExecutionContext, config: Mapping[str, Any], now: datetime) -> Iterator[Period]:
    """Of the configuration. Raises RequestError where one of its lists is empty, so that nothing would be made."""
    if empty := [name for name in ("periods", "frameworks", "types") if not config[name]]:
        raise RequestError(f"{' and '.join(empty)}: name at least one, else no report is made")
    for words in config["periods"]:
        found = parts_of_words(words, Split(config["split"]), now=now, zone=config["timezone"])
        for left_out in found.left_out:
            context.log.warning("of %r, %s: no report is made of these days", words, left_out)
        yield from found.parts


def _kinds(config: Mapping[str, Any]) -> Iterator[ReportKind]:
    for framework in config["frameworks"]:
        for each in config["types"]:
            yield ReportKind(
                organization=config["organization"],
                framework=None if framework == ANY_FRAMEWORK else framework,
                type=ReportType(each),
            )
