"""How one framework developed over its scored days: score, requirements met, and the causes of the change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from policycortex.scoring.rounding import rounded_change
from policycortex.scoring.trend_causes import BucketCause, DayCause, ScoredDay, causes_between


@dataclass(frozen=True, slots=True, kw_only=True)
class MetCount:
    """Requirements met among those assessed on one day."""

    met: int
    assessed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkProgress:
    """One framework from its first to its newest scored day."""

    framework_id: str
    days: tuple[ScoredDay, ...]
    """Scored days, at least one, oldest first."""
    met: MetCount | None
    """On the newest day; None where no requirement was assessed."""
    met_change: int | None
    """Requirements met then minus those met on the first day; None unless both days have some."""
    causes: tuple[BucketCause, ...]
    """Of ``change_points``; empty without a change, or when the daily causes do not add up to it."""

    @property
    def change_points(self) -> float | None:
        """Newest score minus the first, as both are rounded; None with fewer than two scored days."""
        if len(self.days) < 2:
            return None
        return rounded_change(self.days[0].exact_pct, self.days[-1].exact_pct, 2)


def measure_progress(
    framework_id: str, days: Sequence[ScoredDay], met: Mapping[date, MetCount], causes: Iterable[DayCause]
) -> FrameworkProgress:
    """The progress over ``days``, at least one, oldest first. ``met``: of the first and the newest day."""
    first, newest = (met.get(day.day) for day in (days[0], days[-1]))
    return FrameworkProgress(
        framework_id=framework_id,
        days=tuple(days),
        met=newest,
        met_change=newest.met - first.met if len(days) > 1 and first and newest else None,
        causes=causes_between(days[0], days[-1], causes) if len(days) > 1 else (),
    )
