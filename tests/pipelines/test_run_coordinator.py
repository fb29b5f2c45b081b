"""Which submitted runs start at once, and which are left to Dagster's daemon."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.storage.dagster_run import RunOpConcurrency
from dagster._core.test_utils import create_run_for_test
from dagster_shared.record import copy

from pipelines.platform import run_coordinator
from pipelines.platform.launcher import ForkingRunLauncher
from pipelines.platform.run_coordinator import PromptRunCoordinator
from policycortex.names import TAG_ORGANIZATION
from policycortex.settings import Settings
from policycortex_cli.home import instance_config

JOB = RemoteJobOrigin(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("policycortex"), "here"), "make_report")
QUEUED, STARTING, STARTED = dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED


class _Launcher(ForkingRunLauncher):
    """Notes what it is asked to launch."""

    def __init__(self) -> None:
        super().__init__("no-socket")
        self.launched: list[str] = []
        self.host_answers = True
        self.while_launching: Callable[[], None] = lambda: None

    def is_answering(self) -> bool:
        return self.host_answers

    def launch_run(self, context: Any) -> None:  # noqa: ANN401 - Dagster's
        self.launched.append(context.dagster_run.run_id)
        self.while_launching()


@pytest.fixture
def launcher() -> _Launcher:
    """Of the instance."""
    return _Launcher()


@pytest.fixture
def instance(tmp_path: Path, launcher: _Launcher) -> Iterator[dg.DagsterInstance]:
    """Our coordinator and limits (four runs, three of one organisation, one of backfills) over storages in memory."""
    config = instance_config(Settings(home=tmp_path))
    with dg.DagsterInstance.ephemeral(settings={"concurrency": config["concurrency"]}) as made:
        made._run_coordinator = PromptRunCoordinator(**config["run_coordinator"]["config"])
        made._run_launcher = launcher
        for part in (made._run_coordinator, launcher):
            part.register_instance(made)
        yield made


def submit(
    instance: dg.DagsterInstance, *, tags: Mapping[str, str] = {}, pools: RunOpConcurrency | None = None
) -> dg.DagsterRun:
    """Submit a new run of acme; return it as it is then."""
    all_tags = {TAG_ORGANIZATION: "acme", **tags}
    run = create_run_for_test(instance, job_name="make_report", tags=all_tags, remote_job_origin=JOB)
    context = SubmitRunContext(copy(run, run_op_concurrency=pools), workspace=None)  # type: ignore[arg-type]
    instance.run_coordinator.submit_run(context)
    after = instance.get_run_by_id(run.run_id)
    assert after is not None
    return after


def occupy(instance: dg.DagsterInstance, count: int, status: dg.DagsterRunStatus) -> None:
    """That many runs of another organisation."""
    for number in range(count):
        create_run_for_test(
            instance,
            job_name=f"other {number}",
            status=status,
            tags={TAG_ORGANIZATION: "globex"},
            remote_job_origin=JOB,
        )


def test_a_run_that_fits_starts_at_once(instance: dg.DagsterInstance, launcher: _Launcher) -> None:
    """The daemon never sees it, so it cannot launch it again."""
    run = submit(instance)
    assert run.status is STARTING
    assert launcher.launched == [run.run_id]


@pytest.mark.parametrize("status", [STARTED, QUEUED])
def test_the_last_place_of_an_organisation_is_left_to_the_daemon(
    instance: dg.DagsterInstance, launcher: _Launcher, status: dg.DagsterRunStatus
) -> None:
    """Three runs at work or waiting may all be acme's for what the coordinator knows."""
    occupy(instance, 3, status)
    assert submit(instance).status is QUEUED
    assert launcher.launched == []


def test_a_run_of_a_backfill_starts_only_beside_no_other(instance: dg.DagsterInstance) -> None:
    """One backfill's run at a time, as everywhere."""
    backfill = {"dagster/backfill": "b1"}
    assert [submit(instance, tags=backfill).status for _ in range(2)] == [STARTING, QUEUED]


def test_a_run_with_a_pool_waits_for_the_daemon(instance: dg.DagsterInstance) -> None:
    """Only one run writes to the lake at a time."""
    pool = RunOpConcurrency(root_key_counts={"lake": 1}, has_unconstrained_root_nodes=False)
    assert submit(instance, pools=pool).status is QUEUED


def test_a_run_waits_while_the_run_host_restarts(instance: dg.DagsterInstance, launcher: _Launcher) -> None:
    """The request that submits it does not."""
    launcher.host_answers = False
    assert submit(instance).status is QUEUED


def test_a_second_submission_waits_for_the_first(
    instance: dg.DagsterInstance, launcher: _Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the count of runs until the launch nobody else launches, so that two do not take one place."""
    monkeypatch.setattr(run_coordinator, "_LOCK_SECONDS", 0)
    meanwhile = list[dg.DagsterRunStatus]()
    launcher.while_launching = lambda: meanwhile.append(submit(instance).status)
    assert submit(instance).status is STARTING
    assert meanwhile == [QUEUED]
    assert len(launcher.launched) == 1
