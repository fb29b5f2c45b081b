"""Causes of buckets from daily causes: exact, or not given."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import polars as pl

from policycortex.period import Period
from policycortex.scoring.changes_model import Cause
from policycortex.scoring.trend import HISTORY_SCHEMA, Granularity, TrendBucket, build_trend
from policycortex.scoring.trend_causes import DayCause, ScoredDay, causes_between, causes_by_bucket

D1, D2, D3 = date(2026, 3, 2), date(2026, 3, 4), date(2026, 3, 10)


def weeks() -> tuple[TrendBucket, ...]:
    """1 of 3 and 2 of 3 in the first week, 2 of 4 in the second."""
    found = ((D1, 1.0, 3.0), (D2, 2.0, 3.0), (D3, 2.0, 4.0))
    rows = [("all", day, passed, decided, None, day, day) for day, passed, decided in found]
    frame = pl.DataFrame(rows, schema=HISTORY_SCHEMA, orient="row")
    (series,) = build_trend(frame, Period.of_days(D1, D3), Granularity.WEEK)
    return series.buckets


def cause(day: date, which: Cause, points: Fraction) -> DayCause:
    """The cause of one finding."""
    return DayCause(day=day, cause=which, findings=1, points=points)


FIXED = cause(D2, Cause.FIXED, Fraction(100, 3))
NEW = cause(D3, Cause.NEW_RESOURCES, Fraction(-50, 3))


def test_a_bucket_has_the_causes_since_the_one_before() -> None:
    """66.67 to 50: minus 16.67 by a new resource; the fix of the first week is in no change."""
    first, second = causes_by_bucket(weeks(), [FIXED, NEW])
    assert first == ()
    assert {c.cause: c.points for c in second if c.findings} == {Cause.NEW_RESOURCES: Decimal("-16.67")}
    assert sum((c.points for c in second), Decimal()) == Decimal("50.0") - Decimal("66.67")


def test_causes_that_do_not_add_up_to_the_change_are_not_given() -> None:
    """A day is missing, or has other values."""
    assert causes_by_bucket(weeks(), [FIXED]) == ((), ())
    assert causes_by_bucket(weeks(), [FIXED, cause(D3, Cause.REGRESSED, Fraction(-16))]) == ((), ())
    assert causes_by_bucket((), []) == ()


def test_causes_between_two_days_are_those_after_the_first() -> None:
    """1 of 3 to 2 of 4: one fixed, one new resource, as they add up; a missing cause gives none."""
    first, last = ScoredDay(day=D1, passed=1, assessed=3), ScoredDay(day=D3, passed=2, assessed=4)
    before = cause(D1, Cause.REGRESSED, Fraction(-5))
    found = causes_between(first, last, [before, FIXED, NEW])
    assert {c.cause: c.points for c in found if c.findings} == {
        Cause.FIXED: Decimal("33.34"),
        Cause.NEW_RESOURCES: Decimal("-16.67"),
    }
    assert sum((c.points for c in found), Decimal()) == Decimal("50.0") - Decimal("33.33")
    assert causes_between(first, last, [FIXED]) == ()
