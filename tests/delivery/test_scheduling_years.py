"""Two years of a simulated service: the stored ticks are those of the calendar.

The clock advances by minutes, hours or weeks, as if the service were called, busy or down. The oracle visits each UTC
minute (``tests.properties.test_scheduling``) and shares no code with the product. It also verifies the calculation
itself for 204 schedules in twelve zones.
"""

import random
from contextlib import closing
from copy import deepcopy
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from policycortex.storage.registry import open_registry
from policycortex.workflow.scheduling import claim_due_ticks, create_schedule
from tests.properties.test_scheduling import END, START, expected_ticks, lost_minutes, minutes_of
from tests.support.ledger import MONTHLY, settings_of

_ZONES = ("America/New_York", "America/Sao_Paulo", "Africa/Casablanca", "Australia/Lord_Howe", "Pacific/Apia")
_PER_ZONE = 12
_MINUTE = timedelta(minutes=1)


def _rare_cron(chance: random.Random) -> str:
    """A time between 0:00 and 3:59, where clocks change, on one or two days of the month or one of the week."""
    minute, hour, month = chance.randrange(60), chance.randrange(4), chance.choice(["*", "*", "1-6", "3,4,9,10,12"])
    days = chance.choice([f"{chance.randint(1, 31)} {month} *", f"* {month} {chance.randrange(7)}", f"30,31 {month} *"])
    return f"{minute} {hour} {days}" if "31 2" not in days else f"{minute} {hour} 28 {month} *"


@pytest.mark.timeout(900)
def test_two_years_of_claims_have_each_tick_once(tmp_path: Path) -> None:
    """60 schedules in five zones; one of each zone's makes reports, the others skip late ticks."""
    chance = random.Random(2011)  # noqa: S311 - test data
    settings, created = settings_of(tmp_path), {}
    with closing(open_registry(settings)) as registry:
        for zone in _ZONES:
            for number in range(_PER_ZONE):
                body = deepcopy(MONTHLY) | {"delivery": {}}
                policy = {"misfire": "skip" if number else "all", "grace_seconds": 0}
                body["schedule"] = {"cron": _rare_cron(chance), "timezone": zone, **policy}
                made = create_schedule(
                    settings, registry, body, organization="default", created_by=None, now=START - _MINUTE
                )
                created[made.id] = made
        now = START
        while now < END - _MINUTE:
            now = min(now + _MINUTE * int(10 ** chance.uniform(2.5, 4.8)), END - _MINUTE)
            claim_due_ticks(settings, now=now)
        ticks: dict[str, list[int]] = {}
        for made in created.values():
            rows, total = registry.schedules.list_ticks(made.id, limit=10_000)
            assert total == len(rows)
            ticks[made.id] = sorted(int(row.tick.timestamp()) // 60 for row in rows)
            if made.misfire == "all":
                assert all(row.report_id is not None for row in rows)
                assert len({row.report_id for row in rows}) == total
    for zone in _ZONES:
        whole = minutes_of(zone)
        lost, night = lost_minutes(whole), whole.filter(pl.col("hour") < 4)
        for made in created.values():
            if made.timezone == zone:
                assert ticks[made.id] == expected_ticks(made.cron, night, lost), (made.cron, zone)
    assert sum(map(len, ticks.values())) > 1_000
