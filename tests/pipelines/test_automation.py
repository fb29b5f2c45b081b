"""Conditions of declarative automation, evaluated on stored days."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import pytest
from dagster._core.definitions.asset_daemon_cursor import AssetDaemonCursor

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
