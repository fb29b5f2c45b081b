"""Conditions of declarative automation, evaluated on stored days."""

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.definitions.asset_daemon_cursor import AssetDaemonCursor
from dagster._core.definitions.automation_tick_evaluation_context import AutomationTickEvaluationContext
from dagster._core.definitions.sensor_definition import SensorType

from pipelines.definitions import defs
from pipelines.partitions import add_scan_days

DAY = "2024-05-02"
CONDITIONED = dg.AssetSelection.groups("posture", "analytics")
DAILY = {
    "core/finding_state",
    "core/scan_coverage",
    "marts/check_tallies",
    "marts/requirement_results",
    "marts/framework_scores",
    "core/failing_since",
    "marts/remediations",
    "marts/risk",
    "marts/changes",
    "core/poam_items",
}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Dagster's storages in memory, with one scanned day."""
    with dg.DagsterInstance.ephemeral() as ephemeral:
        add_scan_days(ephemeral, [date.fromisoformat(DAY)])
        yield ephemeral


class Evaluations:
    """Evaluations of all conditions, each going on from the one before."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._cursor: AssetDaemonCursor | None = None

    def requested(self) -> set[str]:
        """Assets of which something is requested."""
        found = dg.evaluate_automation_conditions(
            defs=defs, instance=self._instance, cursor=self._cursor, asset_selection=CONDITIONED
        )
        self._cursor = found.cursor
        return {each.key.to_user_string() for each in found.results if each.true_subset.size}


def make(instance: dg.DagsterInstance, *keys: str) -> None:
    """Report that the day of these assets, or these assets without days, are made."""
    for key in keys:
        partition = None if key in {"core/waivers", "core/attestations"} else DAY
        instance.report_runless_asset_event(dg.AssetMaterialization(dg.AssetKey(key.split("/")), partition=partition))


def test_a_day_without_a_run_is_made_at_the_second_look(instance: dg.DagsterInstance) -> None:
    """At the first look the run that follows the import has not begun. All its tables are asked for together."""
    make(instance, "core/findings", "core/waivers", "core/attestations")
    looks = Evaluations(instance)
    assert looks.requested() == set()
    assert looks.requested() == DAILY
    make(instance, *DAILY)
    assert looks.requested() == set()


def test_an_upgrade_that_adds_a_table_has_its_days_made(instance: dg.DagsterInstance) -> None:
    """Plans of action came later than the days: they alone are requested, once for all days."""
    make(instance, "core/findings", "core/waivers", "core/attestations", *(DAILY - {"core/poam_items"}))
    looks = Evaluations(instance)
    assert [looks.requested(), looks.requested()] == [set(), {"core/poam_items"}]


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED])
def test_a_day_that_a_run_makes_is_left_to_it(instance: dg.DagsterInstance, status: dg.DagsterRunStatus) -> None:
    """Waiting or started; when the run failed, a person decides."""
    make(instance, "core/findings", "core/waivers", "core/attestations")
    job = defs.resolve_job_def("refresh_posture")
    run = instance.create_run_for_job(job, status=status, tags={"dagster/partition": DAY})
    looks = Evaluations(instance)
    assert [looks.requested(), looks.requested()] == [set(), set()]
    instance.report_run_failed(run)
    assert looks.requested() == set()


def test_waivers_and_attestations_are_counted_at_once_and_each_night(instance: dg.DagsterInstance) -> None:
    """They have no days; before this nothing ever made them."""
    looks = Evaluations(instance)
    assert looks.requested() == {"core/waivers", "core/attestations"}
    make(instance, "core/waivers", "core/attestations")
    assert looks.requested() == set()


def test_an_evaluation_asks_as_often_with_many_days_and_runs_as_with_few() -> None:
    """Day by day it would ask more often each year. Dagster's daemon evaluates, which ends no evaluation after 60 s."""
    assert defs.get_repository_def().get_sensor_def("missing_results").sensor_type is SensorType.AUTO_MATERIALIZE
    counts = [_count_statements(days=days, runs=runs) for days, runs in ((2, 1), (20, 3))]
    assert counts[0] == counts[1]
    assert all(counts[0])


def _count_statements(*, days: int, runs: int) -> list[int]:
    """Statements of the first evaluation, of one without news, and of that after a new day, as the daemon does them."""
    first = date.fromisoformat(DAY)
    with dg.DagsterInstance.ephemeral() as ephemeral:
        made = [first + timedelta(days=number) for number in range(days)]
        add_scan_days(ephemeral, made)
        for key in DAILY:
            for day in made * runs:
                event = dg.AssetMaterialization(dg.AssetKey(key.split("/")), partition=day.isoformat())
                ephemeral.report_runless_asset_event(event)
        ticks = _Ticks(ephemeral)
        counts = [ticks.statements(), ticks.statements()]
        add_scan_days(ephemeral, [first + timedelta(days=days)])
        return [*counts, ticks.statements()]


class _Ticks:
    """Evaluations of the conditions with the caches that the daemon has."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance, self._cursor = instance, AssetDaemonCursor.empty(0)

    def statements(self) -> int:
        """Number of SQL statements of the next evaluation."""
        executed = Counter[str]()

        def count(*_: object) -> None:
            executed["all"] += 1

        sa.event.listen(sa.Engine, "before_cursor_execute", count)
        try:
            _, self._cursor, _ = AutomationTickEvaluationContext(
                evaluation_id=self._cursor.evaluation_id + 1,
                instance=self._instance,
                asset_graph=defs.resolve_asset_graph(),
                cursor=self._cursor,
                materialize_run_tags={},
                observe_run_tags={},
                auto_observe_asset_keys=set(),
                asset_selection=CONDITIONED,
                logger=logging.getLogger(__name__),
                emit_backfills=True,
            ).evaluate()
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", count)
        return executed["all"]
