"""Assembles all Dagster definitions. The code location, the command line and the tests call the same function."""

from collections.abc import Mapping
from typing import Final

import dagster as dg

from pipelines.automation import automation_sensor
from pipelines.defs.analytics import analytics
from pipelines.defs.attestation_notices import hourly_attestations, note_attestations
from pipelines.defs.checks import CHECKS
from pipelines.defs.data_checks import DATA_CHECKS, check_reports, check_reports_daily
from pipelines.defs.deliveries import (
    due_reports,
    load_customer_schedules,
    schedule_definitions,
)
from pipelines.defs.events import find_events, hourly_events
from pipelines.defs.ingest import findings, imports
from pipelines.defs.jobs import JOBS, POSTURE
from pipelines.defs.landing import landing_zone
from pipelines.defs.maintenance import nightly_upkeep, remove_garbage
from pipelines.defs.monthly import monthly_reports
from pipelines.defs.outbox import with_outbox
from pipelines.defs.period_reports import by_period, make_period_reports, request_reports
from pipelines.defs.poam import poam_items
from pipelines.defs.posture import days, scores
from pipelines.defs.reports import artifacts
from pipelines.defs.retention import expire_due_reports, export_audit_trail, hourly_retention, hourly_trail
from pipelines.defs.schedules import closed_months, historical_audit
from pipelines.defs.sensors import posture_follows_imports
from pipelines.defs.tickets import hourly_tickets, plan_tickets
from pipelines.defs.waivers import ATTESTATIONS, WAIVERS, attestations, changed_frameworks, rescore_posture, waivers
from pipelines.platform.code_references import with_code_references
from pipelines.platform.service_logs import log_like_the_service
from pipelines.resources import CoreResource
from pipelines.run_config import fixed_resources

_UPKEEP_JOBS: Final = (
    find_events,
    plan_tickets,
    export_audit_trail,
    expire_due_reports,
    note_attestations,
    remove_garbage,
)
_HOURLY: Final = (hourly_trail, hourly_retention, hourly_attestations, hourly_events, hourly_tickets)


def build_defs(
    *, core: CoreResource | None = None, loggers: Mapping[str, dg.LoggerDefinition] | None = None
) -> dg.Definitions:
    """The definitions; ``core`` and ``loggers`` replace the defaults.

    The steps of a run execute in one process: another interpreter per step would cost 2 seconds each.
    """
    core = core or CoreResource()
    resources = fixed_resources(core)
    sending_jobs, outbox = with_outbox(resources)
    assets = [
        findings,
        imports,
        days,
        scores,
        analytics,
        poam_items,
        waivers,
        attestations,
        artifacts,
        by_period,
        monthly_reports,
    ]
    return dg.Definitions(
        assets=with_code_references(assets, core.settings().source_url),
        asset_checks=[*CHECKS, *DATA_CHECKS],
        jobs=[
            *JOBS,
            make_period_reports,
            check_reports,
            request_reports,
            rescore_posture,
            *sending_jobs,
            *_UPKEEP_JOBS,
        ],
        sensors=[
            landing_zone,
            posture_follows_imports,
            changed_frameworks,
            due_reports,
            outbox,
            schedule_definitions,
            automation_sensor(dg.AssetSelection.assets(*POSTURE, WAIVERS, ATTESTATIONS)),
        ],
        schedules=[
            historical_audit,
            closed_months,
            *_HOURLY,
            nightly_upkeep,
            check_reports_daily,
            *load_customer_schedules(core),
        ],
        resources=resources,
        loggers=loggers,
        executor=dg.in_process_executor,
    )


def policycortex_definitions(*, home: str = "") -> dg.Definitions:
    """The definitions for a team's own deployment: ``dg.Definitions.merge(policycortex_definitions(), own)``.

    ``home`` is the folder of the installation; empty: ``POLICYCORTEX_HOME``. Own assets may use the resource ``core``.
    """
    return build_defs(core=CoreResource(home=home))


log_like_the_service()

defs = build_defs()
