"""What a history of indicators is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from policycortex.scoring.model import Posture


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorDays:
    """The postures of the days of a history, in the report's zone."""

    first: date
    last: date
    by_day: Mapping[date, Posture]
    """As last known on each day; days for which no scan counts are absent."""
