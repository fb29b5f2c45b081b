"""The risk score of a posture, 0 (none seen) to 100: how much of the severity at stake is failing.

Formula, version 1: ``100 * sum(w_s * failed_s) / sum(w_s * (failed_s + passed_s))`` over severities s with the weights
of the score models. Waived and muted findings are accepted risk and stay out.
"""

from policycortex.scoring.model import Posture


def score_risk(posture: Posture) -> float | None:
    """0-100, or None when nothing was assessed: an unknown risk is not a low one."""
    score = posture.scores["severity_weighted"]
    return None if score.value_pct is None else 100 - score.value_pct
