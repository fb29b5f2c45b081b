"""The causes of a change of the score, from stored daily causes: given only if they add up to it exactly."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from policycortex.scoring.apportion import apportion
from policycortex.scoring.changes_model import Cause
from policycortex.scoring.rounding import round_pct
from policycortex.scoring.trend import TrendBucket


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCause:
    """The effect of one cause on the score on one day; ``points`` is None when a day has no score."""

    day: date
    cause: Cause
    findings: int
    points: Fraction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredDay:
    """The share of findings that passed on one day; ``assessed`` is at least 1."""

    day: date
    passed: int
    assessed: int

    @property
    def exact_pct(self) -> Fraction:
        """0-100, not rounded."""
        return Fraction(100 * self.passed, self.assessed)


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketCause:
    """One cause within a bucket; ``points`` are rounded and add up to the bucket's rounded change."""

    cause: Cause
    findings: int
    points: Decimal


def causes_by_bucket(
    buckets: Sequence[TrendBucket], causes: Iterable[DayCause], *, digits: int = 2
) -> tuple[tuple[BucketCause, ...], ...]:
    """Return the causes of every bucket, in order; empty without a change, or when daily causes do not add up to it.

    Daily causes after the previous bucket's scored day, up to this one's, add up to its change. They do not when a day
    between has no score, or was scored again after its causes were stored.
    """
    by_day: defaultdict[date, list[DayCause]] = defaultdict(list)
    for cause in causes:
        by_day[cause.day].append(cause)
    found: list[tuple[BucketCause, ...]] = []
    before: TrendBucket | None = None
    for bucket in buckets:
        found.append(_bucket_causes(before, bucket, by_day, digits) if before else ())
        before = bucket if bucket.score_pct is not None else before
    return tuple(found)


def causes_between(
    first: ScoredDay, last: ScoredDay, causes: Iterable[DayCause], *, digits: int = 2
) -> tuple[BucketCause, ...]:
    """Every cause of the change from one scored day to a later one, from the causes of the days after the first.

    Empty when the daily causes do not add up to the change.
    """
    inside = [cause for cause in causes if first.day < cause.day <= last.day]
    sums = {cause: sum((c.points or Fraction() for c in inside if c.cause is cause), Fraction()) for cause in Cause}
    if sum(sums.values(), Fraction()) != last.exact_pct - first.exact_pct:
        return ()
    total = _rounded(last, digits) - _rounded(first, digits)
    parts = apportion(list(sums.values()), total, digits) if any(sums.values()) else [Decimal()] * len(sums)
    counts = {cause: sum(c.findings for c in inside if c.cause is cause) for cause in Cause}
    return tuple(
        BucketCause(cause=cause, findings=counts[cause], points=points)
        for cause, points in zip(sums, parts, strict=True)
    )


def _bucket_causes(
    before: TrendBucket, bucket: TrendBucket, by_day: Mapping[date, Sequence[DayCause]], digits: int
) -> tuple[BucketCause, ...]:
    first, last = _scored(before), _scored(bucket)
    if first is None or last is None:
        return ()
    inside = [cause for day, causes in by_day.items() if first.day < day <= last.day for cause in causes]
    return causes_between(first, last, inside, digits=digits)


def _scored(bucket: TrendBucket) -> ScoredDay | None:
    """Counts of findings are whole numbers, so that their floats are exact."""
    if bucket.scored_on is None:
        return None
    return ScoredDay(day=bucket.scored_on, passed=int(bucket.numerator), assessed=int(bucket.denominator))


def _rounded(day: ScoredDay, digits: int) -> Decimal:
    return Decimal(str(round_pct(day.exact_pct, digits)))
