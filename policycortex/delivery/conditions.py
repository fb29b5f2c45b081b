"""Whether a finished report is worth sending: conditions a schedule may put on its delivery. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class Condition(StrEnum):
    """By the words of the API's ``delivery.condition``."""

    ALWAYS = "always"
    ONLY_IF_CHANGED = "only_if_changed"
    SCORE_BELOW = "score_below"
    NEW_CRITICALS = "new_criticals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What conditions look at in a finished report."""

    score_pct: float | None
    state_digest: str
    """Of every finding's check, resource and status; equal digests mean that nothing moved."""
    criticals: frozenset[str]
    """Failing critical findings by check and resource: which they are, not only how many."""


def reason_to_withhold(
    condition: Condition, *, report: Outline, previous: Outline | None, threshold_pct: float | None = None
) -> str | None:
    """Why the report is not sent, in plain words; None: send it.

    ``previous`` is the schedule's report before this one; without one everything is new. A score that is not known is
    below every threshold: nobody may believe that all is well because nothing was assessed.
    """
    match condition:
        case Condition.ALWAYS:
            return None
        case Condition.ONLY_IF_CHANGED:
            is_same = previous is not None and previous.state_digest == report.state_digest
            return "nothing changed since the report before" if is_same else None
        case Condition.SCORE_BELOW:
            return _reason_by_score(report.score_pct, threshold_pct)
        case Condition.NEW_CRITICALS:
            known = previous.criticals if previous is not None else frozenset()
            is_new = bool(report.criticals - known)
            return None if is_new else "no critical finding is new since the report before"
    assert_never(condition)


def _reason_by_score(score_pct: float | None, threshold_pct: float | None) -> str | None:
    if score_pct is None or threshold_pct is None or score_pct < threshold_pct:
        return None
    return f"the score {score_pct:.1f} is not below {threshold_pct:g}"
