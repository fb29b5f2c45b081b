"""The numbers of a risk score as they are shown: each part is rounded so that the parts add up to the rounded total."""

from collections.abc import Mapping
from dataclasses import dataclass

from policycortex.scoring.risk_model import RiskPart, RiskScore
from policycortex.scoring.rounding import Percent, known_pct, round_parts, round_pct


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRisk:
    """A risk score, rounded; 0-100."""

    value: Percent
    worst: float
    """With ``others`` it adds up to ``value``."""
    others: float
    parts: Mapping[RiskPart, float]
    """They add up to ``value``."""
    share_pct: Percent | None


def write_risk(score: RiskScore, digits: int = 2) -> WrittenRisk | None:
    """Round ``score`` to ``digits`` places; None where nothing was assessed."""
    if score.value is None:
        return None
    lines = round_parts({"worst": score.worst, "others": score.others}, score.value, digits)
    return WrittenRisk(
        value=known_pct(score.value, digits),
        worst=lines["worst"],
        others=lines["others"],
        parts=round_parts(score.parts, score.value, digits),
        share_pct=round_pct(score.share_pct, digits),
    )
