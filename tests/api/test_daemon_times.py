"""``/readyz`` tells times of Dagster's daemon that cannot be, and old ones."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.platform.daemon_times import find_faults, newest_heartbeats, newest_ticks

_NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("beat", "tick", "fault"),
    [
        (-20, -5, ""),
        (20, 30, ""),
        (600, -5, "the newest heartbeat of the SENSOR daemon is 600 s ahead: the clock was set back; restart"),
        (-20, 600, "the newest evaluation of the sensor landing_zone is 600 s ahead"),
        (-400, -5, "the newest heartbeat of the SENSOR daemon is 400 s old"),
        (-20, -700, "the newest evaluation of the sensor landing_zone is 700 s old"),
        (600, 600, "restart the service and 1 more"),
    ],
)
def test_times_are_compared_with_the_clock(beat: int, tick: int, fault: str) -> None:
    """Seconds from now of the newest heartbeat and of the newest tick of a sensor with an interval of 30 s."""
    statuses = [{"daemonType": "SENSOR", "required": True, "healthy": True, "lastHeartbeatTime": _at(beat)}]
    times = [*newest_heartbeats(statuses), *newest_ticks([_sensor(tick)])]
    found = find_faults(times, now=_NOW)
    assert fault in found
    assert bool(fault) == bool(found)


def test_what_never_ran_has_no_time() -> None:
    """A daemon that is not required or has no heartbeat, and a sensor without ticks."""
    statuses: list[dict[str, Any]] = [
        {"daemonType": "ASSET", "required": False, "lastHeartbeatTime": _at(-9999)},
        {"daemonType": "SENSOR", "required": True, "lastHeartbeatTime": None},
    ]
    assert newest_heartbeats(statuses) == []
    assert newest_ticks([{"name": "a", "minIntervalSeconds": 5, "sensorState": {"ticks": []}}]) == []


def _sensor(seconds: int) -> dict[str, Any]:
    return {
        "name": "landing_zone",
        "minIntervalSeconds": 30,
        "sensorState": {"ticks": [{"timestamp": _at(seconds)}]},
    }


def _at(seconds: int) -> float:
    return (_NOW + timedelta(seconds=seconds)).timestamp()
