"""After the clock was set back: sensors and schedules of Dagster go on, with what they had."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    InProcessCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from pipelines.platform.future_ticks import repair_future_ticks
from policycortex.settings import DAGSTER_DATABASE_VARIABLE, Settings
from policycortex_cli.home import open_instance
from tests.support.backends import FleetBackend

_NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
_AHEAD = (_NOW + timedelta(minutes=10)).timestamp()
_BEFORE = (_NOW - timedelta(minutes=10)).timestamp()


@pytest.fixture(params=["folder", "postgres"])
def instance(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """Dagster's own storage of a new installation."""
    for name in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY", DAGSTER_DATABASE_VARIABLE):
        monkeypatch.setenv(name, "set back after the test, for an instance sets it")
    settings = Settings(home=tmp_path)
    if request.param == "postgres":
        fleet: FleetBackend = request.getfixturevalue("fleet")
        settings = fleet.bare_settings(tmp_path)
    with open_instance(settings) as opened:
        yield opened


@pytest.mark.parametrize("kind", [InstigatorType.SENSOR, InstigatorType.SCHEDULE])
def test_times_ahead_become_now(instance: dg.DagsterInstance, kind: InstigatorType) -> None:
    """Ticks of the future are removed, older ones and the cursor stay; a second repair changes nothing."""
    data: SensorInstigatorData | ScheduleInstigatorData = (
        SensorInstigatorData(last_tick_timestamp=_AHEAD, last_tick_start_timestamp=_BEFORE, cursor="c", min_interval=5)
        if kind is InstigatorType.SENSOR
        else ScheduleInstigatorData("* * * * *", start_timestamp=_BEFORE, last_iteration_timestamp=_AHEAD)
    )
    state = _state(kind, data)
    instance.add_instigator_state(state)
    for timestamp in (_BEFORE, _AHEAD):
        _add_tick(instance, state, timestamp)
    repaired = repair_future_ticks(instance, now=_NOW)
    assert (repaired.instigators, repaired.ticks) == (1, 1)
    (after,) = instance.all_instigator_state()
    ahead = "last_tick_timestamp" if kind is InstigatorType.SENSOR else "last_iteration_timestamp"
    before: Any = data
    assert after.instigator_data == before._replace(**{ahead: _NOW.timestamp()})
    assert [tick.timestamp for tick in instance.get_ticks(state.instigator_origin_id, state.selector_id)] == [_BEFORE]
    again = repair_future_ticks(instance, now=_NOW + timedelta(seconds=1))
    assert (again.instigators, again.ticks) == (0, 0)


def _state(kind: InstigatorType, data: SensorInstigatorData | ScheduleInstigatorData) -> InstigatorState:
    location = InProcessCodeLocationOrigin(
        loadable_target_origin=LoadableTargetOrigin(module_name="pipelines.definitions")
    )
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "repository"), "an_instigator")
    return InstigatorState(origin, kind, InstigatorStatus.RUNNING, data)


def _add_tick(instance: dg.DagsterInstance, state: InstigatorState, timestamp: float) -> None:
    instance.create_tick(
        TickData(
            instigator_origin_id=state.instigator_origin_id,
            instigator_name=state.instigator_name,
            instigator_type=state.instigator_type,
            status=TickStatus.SKIPPED,
            timestamp=timestamp,
            selector_id=state.selector_id,
        )
    )
