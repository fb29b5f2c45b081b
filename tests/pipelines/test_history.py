"""Old records of Dagster: what is removed, and what must stay."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import sqlalchemy as sa

from pipelines.defs.attestation_notices import hourly_attestations
from pipelines.defs.maintenance import JOBS_WITHOUT_ASSETS
from pipelines.defs.retention import hourly_retention, hourly_trail
from pipelines.platform.history import remove_history
from pipelines.resources import CoreResource
from policycortex.settings import Settings


@dg.job(name="send_alerts")
def send_alerts() -> None:
    """A job of the right name without ops."""


@dg.asset
def kept() -> None:
    """An asset."""


def test_runs_without_assets_end_with_their_time(instance: dg.DagsterInstance) -> None:
    """Ended runs of upkeep and deliveries are removed with their events; open ones, assets' and young ones stay."""
    old = send_alerts.execute_in_process(instance=instance).run_id
    open_run = instance.create_run_for_job(send_alerts).run_id
    asset_run = dg.materialize([kept], instance=instance).run_id
    now = datetime.now(UTC)
    assert remove_history(instance, jobs=JOBS_WITHOUT_ASSETS, before=now - timedelta(days=1)).runs == 0
    removed = remove_history(instance, jobs=JOBS_WITHOUT_ASSETS, before=now + timedelta(hours=1))
    assert removed.runs == 1
    assert {run.run_id for run in instance.get_runs()} == {open_run, asset_run}
    assert not instance.all_logs(old)
    assert instance.get_latest_materialization_event(kept.key) is not None


def test_many_runs_are_removed_with_few_statements(instance: dg.DagsterInstance) -> None:
    """One by one they would take an hour after a year; the tags of the runs go with them."""
    executed = list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        executed.append(statement)

    for _ in range(12):
        instance.create_run_for_job(send_alerts, status=dg.DagsterRunStatus.SUCCESS, tags={"key": "value"})
    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        removed = remove_history(instance, jobs=JOBS_WITHOUT_ASSETS, before=datetime.now(UTC) + timedelta(hours=1))
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert removed.runs == 12
    assert [statement.split()[2] for statement in executed if statement.startswith("DELETE")] == [
        "event_logs", "run_tags", "runs",
    ]  # fmt: skip
    assert instance.get_runs() == []
    assert instance.get_run_tags(["key"]) == []


def test_the_output_of_old_runs_is_removed(instance: dg.DagsterInstance) -> None:
    """Whatever the job; a folder of something else, and a young one, stay."""
    storage = Path(instance.storage_directory())
    for name in ("old", "young"):
        (storage / name / "compute_logs").mkdir(parents=True)
        (storage / name / "compute_logs" / "x.err").write_text("text")
    (storage / "other").mkdir()
    os.utime(storage / "old" / "compute_logs", (1, 1))
    removed = remove_history(instance, jobs=(), before=datetime.now(UTC) - timedelta(days=30))
    assert removed.outputs == 1
    assert {"young", "other"} <= {path.name for path in storage.iterdir()}
    assert not (storage / "old").exists()


def test_every_job_without_assets_is_named(defs: dg.Definitions) -> None:
    """A new one must be added to the list, or its runs stay for ever, as they must where they report partitions of
    an asset or evaluations of its checks."""
    jobs = {job.name: job for job in (defs.resolve_job_def(job.name) for job in defs.jobs or ())}
    found = {name for name, job in jobs.items() if not job.asset_layer.executable_asset_keys}
    assert found - {"request_reports", "check_reports"} == set(JOBS_WITHOUT_ASSETS)


def test_hourly_jobs_make_no_run_without_work(settings: Settings, instance: dg.DagsterInstance) -> None:
    """A skipped tick with its reason."""
    core = CoreResource(home=str(settings.home))
    schedules = (
        (hourly_trail, "not set"),
        (hourly_retention, "no report is past"),
        (hourly_attestations, "no attestation ends soon"),
    )
    for schedule, reason in schedules:
        with dg.build_schedule_context(instance=instance, resources={"core": core}) as context:
            result = schedule.evaluate_tick(context)
        assert not result.run_requests
        assert reason in (result.skip_message or "")
