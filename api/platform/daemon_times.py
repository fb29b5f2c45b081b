"""Compares the newest heartbeats and ticks of Dagster's daemon with the clock. Pure.

After the clock of the machine was set back, Dagster evaluates no sensor until it has caught up, and reports no error.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

AHEAD: Final = timedelta(minutes=1)
"""A time that is further ahead was written before the clock was set back, or by a machine with another clock."""
_HEARTBEAT_AGE: Final = timedelta(minutes=5)
"""The daemon writes a heartbeat every 30 s. Dagster itself calls it healthy for half an hour without any."""
TICK_AGE: Final = timedelta(minutes=10)
"""An evaluation of a sensor may take a minute, and the daemon evaluates one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestTime:
    """When a daemon sent its newest heartbeat, or a sensor was last evaluated."""

    name: str
    at: datetime
    allowed_age: timedelta


def newest_heartbeats(statuses: Iterable[Mapping[str, Any]]) -> list[NewestTime]:
    """Of the required daemons in Dagster's answer. One without heartbeat is left out: Dagster calls it unhealthy."""
    return [
        _newest(f"heartbeat of the {status['daemonType']} daemon", status["lastHeartbeatTime"], _HEARTBEAT_AGE)
        for status in statuses
        if status["required"] and status.get("lastHeartbeatTime") is not None
    ]


def newest_ticks(sensors: Iterable[Mapping[str, Any]]) -> list[NewestTime]:
    """Of the sensors in Dagster's answer. One that was never evaluated is left out."""
    return [
        _newest(
            f"evaluation of the sensor {sensor['name']}",
            max(tick["timestamp"] for tick in ticks),
            TICK_AGE + timedelta(seconds=sensor["minIntervalSeconds"]),
        )
        for sensor in sensors
        if (ticks := sensor["sensorState"]["ticks"])
    ]


def find_faults(times: Iterable[NewestTime], *, now: datetime) -> str:
    """What is wrong, in one line; "" if nothing is."""
    faults = [fault for time in times if (fault := _fault(time, now))]
    more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
    return faults[0] + more if faults else ""


def _newest(name: str, timestamp: float, allowed_age: timedelta) -> NewestTime:
    return NewestTime(name=name, at=datetime.fromtimestamp(timestamp, UTC), allowed_age=allowed_age)


def _fault(time: NewestTime, now: datetime) -> str:
    if time.at > now + AHEAD:
        ahead = (time.at - now).total_seconds()
        return f"the newest {time.name} is {ahead:.0f} s ahead: the clock was set back; restart the service"
    if time.at < now - time.allowed_age:
        return f"the newest {time.name} is {(now - time.at).total_seconds():.0f} s old"
    return ""
