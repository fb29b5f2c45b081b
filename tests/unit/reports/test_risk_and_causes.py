"""Risk parts and causes of change, as a document writes them."""

from datetime import date

import polars as pl

from policycortex.documents.locales import open_locale
from policycortex.reports.sections.risk_profile import risk_rows
from policycortex.reports.sections.trend import change_rows
from policycortex.scoring.changes import explain_change
from policycortex.scoring.risk import assess_risk
from policycortex.scoring.risk_model import RISK_ITEM_SCHEMA, RiskWeights
from tests.unit.scoring.changes_sample import side, state

ENGLISH = open_locale("en")


def test_parts_stand_with_their_points_and_reasons() -> None:
    """Of 50 points 20 for severity, 7.5 for production; nothing exposed, nothing old."""
    row = ("aws", "acc", "production", "s3", "c1", "m", "", "high", date(2026, 1, 5), None, None, 0, 1)
    items = pl.DataFrame([row], schema=RISK_ITEM_SCHEMA, orient="row")
    parts = risk_rows(assess_risk(items, as_of=date(2026, 1, 5), weights=RiskWeights()), ENGLISH)
    assert [(p.title, p.points) for p in parts] == [("Severity", 20), ("Exposure", 0), ("Age", 0), ("Environment", 7.5)]
    assert all(p.note for p in parts)
    nothing = assess_risk(items.clear(), as_of=date(2026, 1, 5), weights=RiskWeights())
    assert risk_rows(nothing, ENGLISH) == risk_rows(None, ENGLISH) == ()


def test_causes_add_up_to_the_change_as_it_is_written() -> None:
    """66.7 to 57.1 is written -9.5 or -9.6, whichever the document says: the causes say the same."""
    before = side([state("c1", f"r{n}", "PASS" if n < 4 else "FAIL") for n in range(6)])
    after = side([state("c1", f"r{n}", "PASS" if n in (0, 1, 2, 4) else "FAIL") for n in range(7)])
    change = explain_change(before, after)
    for written in (-9.5, -9.6):
        rows = change_rows(change, written, ENGLISH)
        assert [row.title for row in rows] == ["Fixed", "Regressed", "New resources"]
        assert round(sum(row.points for row in rows), 6) == written
    assert change_rows(change, None, ENGLISH) == change_rows(None, 1.0, ENGLISH) == ()


def test_scores_that_are_one_have_no_causes() -> None:
    """Nothing turned."""
    same = side([state(status="PASS")])
    assert change_rows(explain_change(same, same), 0.0, ENGLISH) == ()
