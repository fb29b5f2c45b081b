"""Conditions that a schedule may set for its deliveries: whether a completed report is sent. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from policycortex.scoring.rounding import known_pct


class Condition(StrEnum):
    """Values of ``type`` in the API's ``delivery.condition``."""

    ALWAYS = "always"
    ONLY_IF_CHANGED = "only_if_changed"
    SCORE_BELOW = "score_below"
    NEW_CRITICALS = "new_criticals"
    NOT_EMPTY = "not_empty"
    FRESH_WITHIN = "fresh_within"
    """Evaluated by ``delivery.freshness``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The parts of a completed report that conditions use."""

    score_pct: float | None
    state_digest: str
    """SHA-256 over check, resource and status of every finding; equal digests mean that nothing changed."""
    criticals: frozenset[str]
    """Failing critical findings, each as check and resource."""
    finding_count: int = 0
    """Findings in the report's scope, of every status."""


def reason_to_withhold(
    condition: Condition, *, report: Outline, previous: Outline | None, threshold_pct: float | None = None
) -> str | None:
    """Why the report is not sent, as a message; None: send it.

    ``previous`` is the schedule's last report that reached the same destination; without one every finding is new. An
    unknown score counts as below every threshold, so that a report that assessed nothing is not withheld.
    """
    match condition:
        case Condition.ALWAYS | Condition.FRESH_WITHIN:
            return None
        case Condition.ONLY_IF_CHANGED:
            is_same = previous is not None and previous.state_digest == report.state_digest
            return "nothing changed since the last report that was delivered here" if is_same else None
        case Condition.SCORE_BELOW:
            return _reason_by_score(report.score_pct, threshold_pct)
        case Condition.NEW_CRITICALS:
            known = previous.criticals if previous is not None else frozenset()
            is_new = bool(report.criticals - known)
            return None if is_new else "no critical finding is new since the last report that was delivered here"
        case Condition.NOT_EMPTY:
            return None if report.finding_count else "no finding is in the scope of the report"
    assert_never(condition)


def _reason_by_score(score_pct: float | None, threshold_pct: float | None) -> str | None:
    if score_pct is None or threshold_pct is None or score_pct < threshold_pct:
        return None
    return f"the score {known_pct(score_pct, 1):.1f} is not below {threshold_pct:g}"
