"""Waivers and attestations as assets, and rescoring of past days when frameworks change."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from pipelines.automation import COUNTED_NIGHTLY
from pipelines.defs.ingest import OWNERS
from pipelines.defs.jobs import refresh_posture
from pipelines.defs.posture import FRAMEWORK_SCORES, REQUIREMENT_RESULTS
from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures
from pipelines.partitions import windows_of
from pipelines.report_keys import offer_frameworks
from pipelines.resources import CoreResource
from pipelines.sensor_core import core_of
from pipelines.stored_days import adopt_earlier_version
from policycortex.scoring.approvals import ApprovalStatus
from policycortex.storage.lake.catalog import SCHEMA_VERSION
from policycortex.storage.registry import open_registry
from policycortex.storage.registry.approvals import ApprovalRepository
from policycortex.workflow.analytics_days import load_unbuilt_days
from policycortex.workflow.posture import load_framework_versions, load_rescore_days

WAIVERS = dg.AssetKey(["core", "waivers"])
ATTESTATIONS = dg.AssetKey(["core", "attestations"])


def _columns(noun: str) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn("organization", "VARCHAR", description=f"The organisation that the {noun} belong to."),
            dg.TableColumn("status", "VARCHAR", description=", ".join(ApprovalStatus)),
            dg.TableColumn(noun, "BIGINT", description=f"Number of {noun} with this status."),
        ]
    )


def _counted(core: CoreResource, noun: str) -> dg.MaterializeResult[None]:
    """Count the records of each organisation by their status now; ``noun`` is the registry's name of them."""
    now = datetime.now(UTC)
    with core_errors_as_failures(core), closing(open_registry(core.settings())) as registry:
        records: ApprovalRepository[Any] = getattr(registry, noun)
        counts = Counter(
            (organization, record.status_at(now))
            for organization in records.list_organizations()
            for record in records.list_records(organization)
        )
    by_status = {status.value: sum(n for (_, s), n in counts.items() if s is status) for status in ApprovalStatus}
    return dg.MaterializeResult(metadata={"dagster/row_count": len(counts), noun: counts.total(), **by_status})


@dg.asset(
    key=WAIVERS,
    group_name="posture",
    owners=OWNERS,
    kinds={"sqlalchemy"},
    retry_policy=RETRY_TRANSIENT,
    automation_condition=COUNTED_NIGHTLY,
    metadata={"dagster/column_schema": _columns("waivers"), "grain": "One organisation and one status of its waivers."},
    description="Waivers in the registry, counted by status. Scores read the registry itself, as of the end of "
    "each day.",
)
def waivers(core: CoreResource) -> dg.MaterializeResult[None]:
    """Count the waivers of each organisation by their status now."""
    return _counted(core, "waivers")


@dg.asset(
    key=ATTESTATIONS,
    group_name="posture",
    owners=OWNERS,
    kinds={"sqlalchemy"},
    retry_policy=RETRY_TRANSIENT,
    automation_condition=COUNTED_NIGHTLY,
    metadata={
        "dagster/column_schema": _columns("attestations"),
        "grain": "One organisation and one status of its attestations.",
    },
    description="What people state of requirements, in the registry, counted by status. Requirement results read the "
    "registry itself, as of the end of each day.",
)
def attestations(core: CoreResource) -> dg.MaterializeResult[None]:
    """Count the attestations of each organisation by their status now."""
    return _counted(core, "attestations")


rescore_posture = dg.define_asset_job(
    "rescore_posture",
    selection=[REQUIREMENT_RESULTS, FRAMEWORK_SCORES],
    description="Assess a range of days again from their tallies; findings are not read.",
)


@dg.sensor(
    jobs=[rescore_posture, refresh_posture],
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="When a framework was added, changed or removed, assesses again the days whose results used another "
    "version. After an upgrade of the lake, builds the days again whose figures the upgrade removed.",
)
def changed_frameworks(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Reads the lake only when the frameworks, or the version of its tables, have changed since the last evaluation."""
    core = core_of(context)
    with core_errors_as_failures(core):
        versions = load_framework_versions(core.settings())
        fingerprint = hashlib.sha256(repr((SCHEMA_VERSION, sorted(versions.items()))).encode()).hexdigest()
        if fingerprint == context.cursor:
            yield dg.SkipReason("frameworks have not changed")
            return
        adopt_earlier_version(context.instance, core.settings())
        known, standing = {framework_id for _, framework_id in versions}, core.settings().standing_frameworks
        offer_frameworks(context.instance, [id_ for id_ in standing if id_ in known])
        outdated = set(load_rescore_days(core.settings()))
        unbuilt = set(load_unbuilt_days(core.settings()))
    for job, days in (("refresh_posture", unbuilt), ("rescore_posture", outdated - unbuilt)):
        for window in windows_of(context.instance, days):
            yield dg.RunRequest(run_key=f"{fingerprint}:{job}:{window.start}", job_name=job, tags=window.tags)
    context.update_cursor(fingerprint)
