"""The share of what is at stake that fails: the risk score of version 2, unchanged, under its true name.

    share = 100 * sum over failing i of w_i * d_i  /  sum over all i of w_i
    d_i   = a_severity + a_exposure * exposed_i + a_age * min(1, age_i / sla_i) + a_environment * criticality_i

w is the severity's weight, and the a's add up to 1. It is a density: passing findings lower it. It is computed for
history and for comparison with it; words alone decide what is exposed, as in version 2.
"""

from collections.abc import Iterable
from fractions import Fraction
from math import lcm, prod

from policycortex.scoring.risk_kinds import KindCount, RiskKind
from policycortex.scoring.risk_model import RiskPart, RiskWeights


class ShareScale:
    """Weights of kinds of findings under one set of weights: whole numbers of one unit, cached per kind."""

    def __init__(self, weights: RiskWeights) -> None:
        self._weights = weights
        self._known: dict[RiskKind, tuple[int, int]] = {}
        tables = (weights.severity, weights.parts, weights.criticality)
        denominators = [lcm(*(exact(number).denominator for number in table.values())) for table in tables]
        self._unit = prod(denominators) * lcm(*(int(days) for days in weights.sla_days.values()))

    def share(self, counts: Iterable[KindCount]) -> Fraction | None:
        """Return the exact share, 0-100; None when nothing was assessed."""
        load, stake = 0, 0
        for kind, passed, failed in counts:
            at_stake, failing = self._weighed(kind)
            stake += at_stake * (passed + failed)
            load += failing * failed
        return min(Fraction(100), Fraction(100 * load, stake)) if stake else None

    def _weighed(self, kind: RiskKind) -> tuple[int, int]:
        """What one finding puts at stake, and what one that fails loses of it."""
        if kind not in self._known:
            weight = exact(self._weights.severity[kind.severity]) * self._unit
            self._known[kind] = (int(weight), int(weight * self._degree(kind)))
        return self._known[kind]

    def _degree(self, kind: RiskKind) -> Fraction:
        weights = self._weights
        parts = {part: exact(share) for part, share in weights.parts.items()}
        return (
            parts[RiskPart.SEVERITY]
            + parts[RiskPart.EXPOSURE] * kind.has_word
            + parts[RiskPart.AGE] * Fraction(kind.age, int(weights.sla_days[kind.severity]))
            + parts[RiskPart.ENVIRONMENT] * exact(weights.criticality[kind.environment])
        )


def exact(weight: float) -> Fraction:
    """Return the decimal number that was written: 0.1 is 1/10."""
    return Fraction(str(weight))
