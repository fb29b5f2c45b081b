"""Conditions of a delivery: which reports are withheld, and the reason."""

from dataclasses import replace

import pytest

from policycortex.delivery.conditions import Condition, Outline, reason_to_withhold


def _outline(score: float | None = 90.0, digest: str = "a", criticals: tuple[str, ...] = ("c1",)) -> Outline:
    return Outline(score_pct=score, state_digest=digest, criticals=frozenset(criticals))


def test_always_sends() -> None:
    """Also if nothing changed."""
    assert reason_to_withhold(Condition.ALWAYS, report=_outline(), previous=_outline()) is None


def test_an_unchanged_report_is_withheld_and_the_first_one_sent() -> None:
    """The first has no previous report."""
    assert reason_to_withhold(Condition.ONLY_IF_CHANGED, report=_outline(), previous=_outline())
    assert reason_to_withhold(Condition.ONLY_IF_CHANGED, report=_outline(), previous=None) is None
    moved = _outline(digest="b")
    assert reason_to_withhold(Condition.ONLY_IF_CHANGED, report=moved, previous=_outline()) is None


@pytest.mark.parametrize(("score", "is_sent"), [(89.9, True), (90.0, False), (95.0, False), (None, True)])
def test_a_score_below_the_threshold_is_sent(score: float | None, is_sent: bool) -> None:
    """Sent below the threshold, not at it; an unknown score is sent."""
    reason = reason_to_withhold(Condition.SCORE_BELOW, report=_outline(score), previous=None, threshold_pct=90.0)
    assert (reason is None) is is_sent


def test_only_a_critical_finding_that_was_not_there_is_new() -> None:
    """One fixed and one new finding leave the count equal, and the report is sent."""
    previous = _outline(criticals=("c1", "c2"))
    assert reason_to_withhold(Condition.NEW_CRITICALS, report=_outline(criticals=("c1",)), previous=previous)
    swapped = _outline(criticals=("c1", "c3"))
    assert reason_to_withhold(Condition.NEW_CRITICALS, report=swapped, previous=previous) is None
    assert reason_to_withhold(Condition.NEW_CRITICALS, report=_outline(criticals=()), previous=None)


def test_a_report_without_findings_is_empty() -> None:
    """One finding of any status is enough."""
    assert reason_to_withhold(Condition.NOT_EMPTY, report=_outline(), previous=None)
    full = replace(_outline(), finding_count=1)
    assert reason_to_withhold(Condition.NOT_EMPTY, report=full, previous=full) is None
