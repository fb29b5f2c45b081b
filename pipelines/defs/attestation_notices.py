"""Each hour, says which attestations end soon and which have ended."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures
from pipelines.resources import CoreResource
from policycortex.names import TAG_GROUP, UPKEEP
from policycortex.workflow.attestation_notices import has_due_notices, note_ends


@dg.op(name="note_ends", retry_policy=RETRY_TRANSIENT, description="Notes which attestations end soon or have ended.")
def note_attestation_ends(context: dg.OpExecutionContext, core: CoreResource) -> None:
    """One audit event and one alert for each, once."""
    with core_errors_as_failures(core):
        noted = note_ends(core.settings(), now=datetime.now(UTC))
    context.add_output_metadata(
        {kind: [id_ for id_, each in noted if each == kind] for kind in ("expiring", "expired")}
    )


@dg.job(
    name="note_attestations",
    tags={TAG_GROUP: UPKEEP},
    description="Report attestations that end soon and those that have ended, each once.",
)
def note_attestations() -> None:
    """One op."""
    note_attestation_ends()


@dg.schedule(
    name="hourly_attestations",
    job=note_attestations,
    cron_schedule="17 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each hour, reports attestations that end within POLICYCORTEX_ATTESTATION_NOTICE_DAYS or have ended.",
)
def hourly_attestations(core: CoreResource) -> dg.RunRequest | dg.SkipReason:
    """No run where nothing is to be reported."""
    with core_errors_as_failures(core):
        is_due = has_due_notices(core.settings(), now=datetime.now(UTC))
    return dg.RunRequest() if is_due else dg.SkipReason("no attestation ends soon or has ended")
