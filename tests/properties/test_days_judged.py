"""Days judged together come out as each judged alone, whatever checks the others hold."""

from datetime import date, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from policycortex.frameworks.catalog import load_builtin_frameworks
from policycortex.scoring.model import MAPPING_SCHEMA, TALLY_SCHEMA, WAIVED_SCHEMA
from policycortex.workflow.assessed_period import DayReadings, judge_days

_SOC2 = load_builtin_frameworks()["soc2"]
_CHECKS = [*sorted({check for _, check in _SOC2.crosswalk.relations})[:6], "own_check", "other_check"]
_MAPPINGS = pl.DataFrame(
    [("m1", "SOC2", "cc_6_1"), ("m1", "CIS", "1.1"), ("m2", "SOC2", "cc_7_2"), ("m2", "SOC2", "no such")],
    schema=MAPPING_SCHEMA,
    orient="row",
)
_EVERYWHERE = {"framework": None, "requirement_id": None}
_FIRST = date(2026, 11, 1)
_COUNT = st.integers(0, 5)
_TALLY = st.tuples(
    st.sampled_from(["aws", "azure"]),
    st.sampled_from(_CHECKS),
    st.sampled_from(["m0", "m1", "m2"]),
    st.sampled_from(["critical", "low"]),
    *[_COUNT] * 4,
)
_DAY = st.lists(_TALLY, max_size=8, unique_by=lambda row: row[:4]).map(
    lambda rows: pl.DataFrame(rows, schema=TALLY_SCHEMA, orient="row")
)


@settings(max_examples=50)
@given(st.lists(st.tuples(_DAY, st.booleans()), max_size=4))
def test_a_day_is_judged_by_its_own_findings(drawn: list[tuple[pl.DataFrame, bool]]) -> None:
    """The crosswalk is asked once for the checks of all days; a day with the findings of the day before (drawn with
    true) has its posture. Of chosen days, only these are judged, and alike."""
    by_day: dict[date, pl.DataFrame] = {}
    for n, (tallies, is_repeated) in enumerate(drawn):
        before = by_day.get(_FIRST + timedelta(days=n - 1))
        by_day[_FIRST + timedelta(days=n)] = before.clone() if is_repeated and before is not None else tallies
    readings = DayReadings(by_day=by_day, waived={}, mappings=_MAPPINGS)
    together = judge_days(readings, _SOC2)
    alone = {
        day: judge_days(DayReadings(by_day={day: tallies}, waived={}, mappings=_MAPPINGS), _SOC2)[day]
        for day, tallies in by_day.items()
    }
    assert together == alone
    chosen = set(by_day) - {date(2026, 11, 2)} | {date(2026, 12, 1)}
    assert judge_days(readings, _SOC2, days=chosen) == {day: alone[day] for day in by_day if day in chosen}


def test_a_waiver_counts_on_its_days_of_equal_findings() -> None:
    """Two failing findings on four days, of which waivers accept none, one, one and two."""
    tallies = pl.DataFrame([("aws", _CHECKS[0], "m0", "low", 0, 2, 0, 0)], schema=TALLY_SCHEMA, orient="row")
    days = [_FIRST + timedelta(days=n) for n in range(4)]
    waived = {
        day: pl.DataFrame([("aws", _CHECKS[0], "m0", "low", [_EVERYWHERE], count)], schema=WAIVED_SCHEMA, orient="row")
        for day, count in zip(days[1:], (1, 1, 2), strict=True)
    }
    readings = DayReadings(by_day=dict.fromkeys(days, tallies), waived=waived, mappings=_MAPPINGS)
    counted = [posture.counts for posture in judge_days(readings, _SOC2).values()]
    assert [(counts.failed, counts.waived) for counts in counted] == [(2, 0), (1, 1), (1, 1), (0, 2)]
