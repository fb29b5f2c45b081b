"""The causes of a bucket's change, from causes kept per day: they are told only where they add up to it exactly."""

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
    """What one cause did to the score on one day; ``points`` None where either day has no score."""

    day: date
    cause: Cause
    findings: int
    points: Fraction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketCause:
    """One cause within a bucket; ``points`` as written: a bucket's add up to its change as written."""

    cause: Cause
    findings: int
    points: Decimal


def causes_by_bucket(
    buckets: Sequence[TrendBucket], causes: Iterable[DayCause], *, digits: int = 2
) -> tuple[tuple[BucketCause, ...], ...]:
    """Causes of every bucket, in order; empty without a change, or where days' causes do not make it up.

    Days' causes follow each other, so those after the bucket before and up to this one's scored day add up to its
    change. They do not where a day in between has no score, or was scored anew since its causes were kept.
    """
    by_day: defaultdict[date, list[DayCause]] = defaultdict(list)
    for cause in causes:
        by_day[cause.day].append(cause)
    told: list[tuple[BucketCause, ...]] = []
    before: TrendBucket | None = None
    for bucket in buckets:
        told.append(_told(before, bucket, by_day, digits) if before else ())
        before = bucket if bucket.score_pct is not None else before
    return tuple(told)


def _told(
    before: TrendBucket, bucket: TrendBucket, by_day: Mapping[date, Sequence[DayCause]], digits: int
) -> tuple[BucketCause, ...]:
    first, last = before.scored_on, bucket.scored_on
    if first is None or last is None:
        return ()
    inside = [cause for day, causes in by_day.items() if first < day <= last for cause in causes]
    sums = {cause: sum((c.points or Fraction() for c in inside if c.cause is cause), Fraction()) for cause in Cause}
    if sum(sums.values(), Fraction()) != _exact(bucket) - _exact(before):
        return ()
    total = _written(bucket, digits) - _written(before, digits)
    parts = apportion(list(sums.values()), total, digits) if any(sums.values()) else [Decimal()] * len(sums)
    counts = {cause: sum(c.findings for c in inside if c.cause is cause) for cause in Cause}
    return tuple(
        BucketCause(cause=cause, findings=counts[cause], points=points)
        for cause, points in zip(sums, parts, strict=True)
    )


def _exact(bucket: TrendBucket) -> Fraction:
    """Counts of findings are whole numbers, so their floats are exact."""
    return Fraction(100 * int(bucket.numerator), int(bucket.denominator))


def _written(bucket: TrendBucket, digits: int) -> Decimal:
    return Decimal(str(round_pct(bucket.score_pct, digits)))
