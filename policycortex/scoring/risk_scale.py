"""The risk score. Formula, version 3, over failing findings i that are neither muted nor waived:

    g_i  = ceiling(severity) * (a_severity + a_exposure * exposed_i + a_age * min(1, age_i / sla_i)
                                + a_environment * criticality_i)
    M    = the largest g_i;  L = the sum of all other g_i
    risk = M + (100 - M) * (1 - exp(-L / burden))

The a's add up to 1. A failing finding more never lowers it, a fixed one never raises it, and passing findings do not
count. Sums are exact, in whole numbers, and the last steps are decimals that are rounded monotonically, so that these
laws hold for the stored numbers, and the same findings give the same bits in any order. ``docs/scoring.md`` compares
it with others.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal
from fractions import Fraction
from math import lcm, nextafter, prod
from typing import Final

from policycortex.scoring.risk_kinds import KindCount, RiskKind
from policycortex.scoring.risk_model import LIMITED_BANDS, RiskBand, RiskPart, RiskScore, RiskWeights
from policycortex.scoring.risk_share import ShareScale, exact

_DIGITS: Final = Context(prec=40)
"""Decimal's exp and its arithmetic are correctly rounded, so that a greater argument never gives a smaller result."""
_BELOW_100: Final = nextafter(100.0, 0.0)


class RiskScale:
    """Points of kinds of findings under one set of weights: whole numbers of ``unit``-ths, cached per kind."""

    def __init__(self, weights: RiskWeights) -> None:
        self._weights = weights
        self._burden = exact(weights.burden)
        self._share = ShareScale(weights).share
        self._parts: dict[RiskKind, tuple[int, ...]] = {}
        tables = (weights.ceilings, weights.degrees, weights.criticality)
        denominators = [lcm(*(exact(number).denominator for number in table.values())) for table in tables]
        self.unit = prod(denominators) * lcm(*(int(days) for days in weights.sla_days.values()))
        self._limits = [(band, exact(weights.bands[band]) * self.unit) for band in LIMITED_BANDS]

    def points(self, kind: RiskKind) -> int:
        """Points of one failing finding, in ``unit``-ths; at most 100 points."""
        return min(sum(self._parts_of(kind)), 100 * self.unit)

    def score(self, counts: Iterable[KindCount]) -> RiskScore:
        """The risk of these findings."""
        listed = tuple(counts)
        failing = [(kind, failed) for kind, _, failed in listed if failed]
        assessed = sum(passed + failed for _, passed, failed in listed)
        most, value, parts = self._total(failing)
        return RiskScore(
            value=value if assessed else None,
            worst=most / self.unit,
            others=value - most / self.unit,
            band=self._band(most) if assessed else None,
            parts=dict(zip(RiskPart, parts, strict=True)),
            share_pct=self._share(listed),
            failed=sum(failed for _, failed in failing),
            assessed=assessed,
        )

    def value(self, most: int, others: int) -> float:
        """Risk of the worst finding's points and those of all others together; 100 is never reached."""
        if not others or most >= 100 * self.unit:
            return most / self.unit
        distance = _quotient(100 * self.unit - most, self.unit)
        load = _quotient(-others * self._burden.denominator, self.unit * self._burden.numerator)
        return min(float(_DIGITS.subtract(100, _DIGITS.multiply(distance, _DIGITS.exp(load)))), _BELOW_100)

    def _total(self, failing: Sequence[tuple[RiskKind, int]]) -> tuple[int, float, list[float]]:
        """Points of the worst finding, the risk, and its parts: what others add is split as their points are."""
        if not failing:
            return 0, 0.0, [0.0] * len(RiskPart)
        worst = max((kind for kind, _ in failing), key=lambda kind: (self.points(kind), kind))
        most, own = self.points(worst), self._parts_of(worst)
        loads = [0] * len(RiskPart)
        for kind, count in failing:
            for number, part in enumerate(self._parts_of(kind)):
                loads[number] += part * count
        others = sum(loads) - most
        value = self.value(most, others)
        factor = (value - most / self.unit) / others if others else 0.0
        return most, value, [part / self.unit + factor * (load - part) for part, load in zip(own, loads, strict=True)]

    def _band(self, most: int) -> RiskBand:
        lowest = RiskBand.WATCH if most else RiskBand.NONE
        return next((band for band, least in self._limits if most >= least), lowest)

    def _parts_of(self, kind: RiskKind) -> tuple[int, ...]:
        """Points by part, in the order of RiskPart."""
        if kind not in self._parts:
            degrees = self._degrees(kind)
            ceiling = exact(self._weights.ceilings[kind.severity]) * self.unit
            self._parts[kind] = tuple(
                int(ceiling * exact(self._weights.degrees[part]) * degrees[part]) for part in RiskPart
            )
        return self._parts[kind]

    def _degrees(self, kind: RiskKind) -> Mapping[RiskPart, Fraction]:
        """How much of each part applies, 0 to 1."""
        return {
            RiskPart.SEVERITY: Fraction(1),
            RiskPart.EXPOSURE: Fraction(kind.is_exposed),
            RiskPart.AGE: Fraction(kind.age, int(self._weights.sla_days[kind.severity])),
            RiskPart.ENVIRONMENT: exact(self._weights.criticality[kind.environment]),
        }


def _quotient(numerator: int, denominator: int) -> Decimal:
    return _DIGITS.divide(Decimal(numerator), Decimal(denominator))
