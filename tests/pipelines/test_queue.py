"""Which waiting runs Dagster's own queue starts next under the limits of ``serve``: no flood starves anybody."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.run_coordinator import QueuedRunCoordinator
from dagster._core.test_utils import create_run_for_test
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon

from pipelines.defs.deliveries import _request
from policycortex.names import TAG_ORGANIZATION, TAG_PRIORITY, RunPriority
from policycortex.settings import Settings
from policycortex.workflow.due_reports import DueReport
from policycortex_cli.home import instance_config

JOB = RemoteJobOrigin(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("policycortex"), "here"), "make_report")


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """Our limits over Dagster's storages in memory."""
    config = instance_config(Settings(home=tmp_path))
    with dg.DagsterInstance.ephemeral(settings={"concurrency": config["concurrency"]}) as instance:
        instance._run_coordinator = QueuedRunCoordinator(**config["run_coordinator"]["config"])
        yield instance


def wait(queue: dg.DagsterInstance, name: str, *, organization: str = "acme", tags: Mapping[str, str] = {}) -> None:
    """A run of that name at the queue's end."""
    all_tags = {TAG_ORGANIZATION: organization, **tags}
    create_run_for_test(queue, job_name=name, status=dg.DagsterRunStatus.QUEUED, tags=all_tags, remote_job_origin=JOB)


def next_of(queue: dg.DagsterInstance) -> list[str]:
    """What Dagster's daemon would start now, in its order."""
    with QueuedRunCoordinatorDaemon(interval_seconds=1) as daemon:
        chosen = daemon._get_runs_to_dequeue(queue, queue.get_concurrency_config(), None)
    return [run.job_name for run in chosen]


def test_a_flood_of_one_organisation_leaves_a_place_for_the_others(queue: dg.DagsterInstance) -> None:
    """Four places; 101 runs of acme came first, more than a page of the queue holds; globex's one starts now."""
    for number in range(101):
        wait(queue, f"acme {number}")
    wait(queue, "globex", organization="globex")
    assert sorted(next_of(queue)) == ["acme 0", "acme 1", "acme 2", "globex"]


def test_what_works_already_counts(queue: dg.DagsterInstance) -> None:
    """Acme has its three at work: its fourth waits, globex takes the last place."""
    for number in range(3):
        create_run_for_test(
            queue, job_name=f"at work {number}", status=dg.DagsterRunStatus.STARTED, tags={TAG_ORGANIZATION: "acme"}
        )
    wait(queue, "acme")
    wait(queue, "globex", organization="globex")
    assert next_of(queue) == ["globex"]


def test_people_go_before_schedules_and_schedules_before_backfills(queue: dg.DagsterInstance) -> None:
    """Queued the other way round; each of an organisation of its own, so that only the priority decides."""
    ranked = sorted(RunPriority, key=int)
    assert [priority.name for priority in ranked] == ["BACKFILL", "CLOSED_MONTHS", "SCHEDULE", "API", "DELIVERY"]
    for priority in ranked:
        wait(queue, priority.name, organization=priority.name, tags={TAG_PRIORITY: priority.value})
    assert next_of(queue) == ["DELIVERY", "API", "SCHEDULE", "CLOSED_MONTHS"]


def test_backfills_of_dagster_take_one_place_at_a_time(queue: dg.DagsterInstance) -> None:
    """However many are requested; a report waits for none of them."""
    for number in range(4):
        tags = {"dagster/backfill": f"b{number}", TAG_PRIORITY: RunPriority.BACKFILL.value}
        wait(queue, f"backfill {number}", organization=f"o{number}", tags=tags)
    wait(queue, "report", tags={TAG_PRIORITY: RunPriority.API.value})
    assert next_of(queue) == ["report", "backfill 0"]


def test_a_report_of_a_schedule_waits_for_one_that_a_person_ordered(queue: dg.DagsterInstance) -> None:
    """As the sensor asks for them after their first run was lost; the API's own launch is held in tests/api."""

    def priority_of(schedule_id: str | None) -> str:
        due = DueReport(
            report_id="rpt_1",
            organization="acme",
            framework=None,
            partition_key="2026-01-01..2026-01-31",
            schedule_id=schedule_id,
            tick=None,
        )
        return _request(queue, due, run_key="rpt_1").tags[TAG_PRIORITY]

    assert priority_of("sch_1") == RunPriority.SCHEDULE.value
    assert priority_of(None) == RunPriority.API.value
