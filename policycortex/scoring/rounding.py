"""The one rounding of percentages and points: from the exact number, once, wherever it is shown.

A percentage is never rounded to 0 or 100 unless it is exactly that. A change is the difference of two rounded numbers,
as a reader would subtract them.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Self, TypeAlias, TypeVar

from policycortex.scoring.apportion import apportion

Exact: TypeAlias = Fraction | float
K = TypeVar("K")


class Percent(float):
    """A percentage, rounded or not, that remembers the exact one, so that nothing is rounded twice."""

    __slots__ = ("exact",)
    exact: Fraction

    def __new__(cls, value: float, exact: Fraction) -> Self:
        """``value`` is the number itself, ``exact`` what it was rounded from."""
        made = super().__new__(cls, value)
        made.exact = exact
        return made

    def __getnewargs__(self) -> tuple[float, Fraction]:  # type: ignore[override]  # float has one argument
        """For copies and pickles."""
        return (float(self), self.exact)


def round_pct(value_pct: Exact | None, digits: int = 2) -> Percent | None:
    """Round ``value_pct``, or what it was rounded from, to ``digits`` places; None stays None.

    A score below 100 is never rounded to 100, one above 0 never to 0: 99.996 gives 99.99, and 99.95 with one digit
    gives 99.9. Raises ValueError outside 0-100: such a number is not a percentage and must not be shown.
    """
    return None if value_pct is None else known_pct(value_pct, digits)


def known_pct(value_pct: Exact, digits: int = 2) -> Percent:
    """``round_pct`` of a number that is never None."""
    if not 0 <= value_pct <= 100:
        raise ValueError(f"a score must lie between 0 and 100, got {value_pct}")
    exact = _exact(value_pct)
    step = Fraction(1, 10**digits)
    rounded = Fraction(round(exact, digits))
    if exact < 100 <= rounded:
        rounded = 100 - step
    elif exact > 0 >= rounded:
        rounded = step
    return Percent(float(rounded), exact)


def round_points(points: Exact, digits: int = 2) -> float:
    """Round a difference or a gain of points; one that is not 0 is never rounded to 0."""
    exact, step = _exact(points), 10.0**-digits
    rounded = float(round(exact, digits))
    if exact and not rounded:
        return round(step if exact > 0 else -step, digits)
    return rounded


def round_share(share: Exact) -> float:
    """Round a share from 0 to 1 to four places; one that is neither 0 nor 1 is never rounded to either."""
    return round(float(known_pct(100 * _exact(share), 2)) / 100, 4)


def percent_of(numerator: Exact, denominator: Exact) -> Percent | None:
    """Return 100 * ``numerator`` / ``denominator``, not rounded; None where the denominator is 0."""
    if not denominator:
        return None
    exact = 100 * Fraction(numerator) / Fraction(denominator)
    return Percent(float(exact), exact)


def pass_pct(passed: int, failed: int) -> Percent | None:
    """Share of passing among deciding findings, 0-100, as ``round_pct`` rounds it; None without any."""
    return round_pct(percent_of(passed, passed + failed))


def rounded_change(before: Exact | None, after: Exact | None, digits: int) -> float | None:
    """Rounded ``after`` minus rounded ``before``: 0 only where both are the same as shown. None without either."""
    if before is None or after is None:
        return None
    return float(_decimal(known_pct(after, digits)) - _decimal(known_pct(before, digits)))


def round_parts(parts: Mapping[K, Exact], total: Exact, digits: int = 2) -> dict[K, float]:
    """Round ``parts`` of the percentage ``total`` so that they add up to it as it is rounded."""
    exact = [_exact(part) for part in parts.values()]
    if not any(exact):
        return dict.fromkeys(parts, 0.0)
    return dict(zip(parts, map(float, apportion(exact, _decimal(known_pct(total, digits)), digits)), strict=True))


def _decimal(rounded: Percent) -> Decimal:
    return Decimal(repr(float(rounded)))


def _exact(value: Exact) -> Fraction:
    return value.exact if isinstance(value, Percent) else Fraction(value)
