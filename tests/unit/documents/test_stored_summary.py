"""Key figures of stored summaries, of this version and of earlier ones, and their risk side by side."""

from typing import Any

from policycortex.documents.stored_summary import compare_risk, read_figures

OLD: dict[str, Any] = {
    "compliance_score": 87.45,
    "score": {"numerator": 87449, "denominator": 100000, "coverage": {"assessed": 27, "total": 61}},
    "models": {"requirements_passed": 51.85},
    "risk_score": 9.7,
}
NEW: dict[str, Any] = {
    **OLD,
    "requirements": {"met": 13, "assessed": 27, "total": 61},
    "risk_score": 80.78,
    "risk": {"version": "3", "band": "act_now"},
}


def test_summaries_of_every_version_have_their_figures() -> None:
    """14 of 27 is 51.85 %; the old risk is version 2 without a band; the score is rounded once: 87.4, not 87.5."""
    old, new = read_figures(OLD), read_figures(NEW)
    assert (old.requirements_met, old.requirements_assessed, old.requirements_total) == (14, 27, 61)
    assert (new.requirements_met, new.requirements_assessed, new.requirements_total) == (13, 27, 61)
    assert (old.risk_score, old.risk_version, old.risk_band) == (9.7, "2", None)
    assert (new.risk_score, new.risk_version, new.risk_band) == (80.78, "3", "act_now")
    assert old.score_pct is not None
    assert f"{float(old.score_pct.exact):.3f}" == "87.449"


def test_a_report_of_nothing_has_no_figures() -> None:
    """No framework, no score, no risk."""
    nothing = read_figures({"compliance_score": None, "requirements": {"met": 0, "assessed": 0, "total": 0}})
    assert (nothing.score_pct, nothing.requirements_met, nothing.risk_score, nothing.risk_version) == (None,) * 4
    assert read_figures({}) == nothing


def test_risk_of_different_versions_is_not_subtracted() -> None:
    """Only equal versions have a change, which is the difference of the two as shown."""
    mixed = compare_risk(OLD, NEW)
    assert (mixed.before_version, mixed.after_version, mixed.points, mixed.are_comparable) == ("2", "3", None, False)
    assert compare_risk(OLD, {**OLD, "risk_score": 9.9}).points == 0.2
    assert not compare_risk({}, {}).are_comparable
