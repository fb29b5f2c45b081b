"""The risk score by hand, version 3, the share at stake beside it, and refused weights."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from math import exp

import polars as pl
import pytest

from policycortex.errors import ConfigurationError
from policycortex.scoring.risk import assess_risk, count_exposure
from policycortex.scoring.risk_model import RISK_ITEM_SCHEMA, Risk, RiskBand, RiskPart, RiskWeights
from policycortex.scoring.risk_written import write_risk

TODAY = date(2026, 11, 20)
WEIGHTS = RiskWeights()


def item(  # one group of findings; a test names only the fields it needs
    check: str = "c1",
    severity: str = "high",
    *,
    age: int | None = 0,
    passed: int = 0,
    failed: int = 0,
    environment: str = "production",
    account: str = "acc",
    title: str = "",
    is_exposed: bool | None = None,
    resource: str | None = "r1",
) -> tuple[object, ...]:
    """A row of RISK_ITEM_SCHEMA."""
    since = None if age is None else TODAY - timedelta(days=age)
    named = ("aws", account, environment, "s3", check, "m", title, severity, since)
    return (*named, is_exposed, resource, passed, failed)


def risk_of(*rows: tuple[object, ...], weights: RiskWeights = WEIGHTS, **how: object) -> Risk:
    """Risk on TODAY."""
    frame = pl.DataFrame(list(rows), schema=RISK_ITEM_SCHEMA, orient="row")
    return assess_risk(frame, as_of=TODAY, weights=weights, **how)  # type: ignore[arg-type]


def test_points_by_hand() -> None:
    """A high finding in staging, 15 of 30 days old, unexposed: 50 * (0.4 + 0 + 0.15 * 15/30 + 0.15 * 0.5) = 27.5.

    A passing finding beside it changes nothing. The band is plan: 10 or more, below 30.
    """
    score = risk_of(item(passed=1, age=None), item(failed=1, age=15, environment="staging")).total
    assert score.parts == pytest.approx({"severity": 20, "exposure": 0, "age": 3.75, "environment": 3.75})
    assert (score.value, score.worst, score.others, score.band) == (27.5, 27.5, 0, RiskBand.PLAN)
    assert (score.failed, score.assessed) == (1, 2)


def test_others_add_a_part_of_the_distance_to_100() -> None:
    """Worst 80 and nine more of 80: 80 + 20 * (1 - e^(-720 / 4000)) = 83.29; written in two lines that add up."""
    score = risk_of(item("c", "critical", failed=10, age=7, is_exposed=True)).total
    assert score.value == pytest.approx(80 + 20 * (1 - exp(-720 / 4000)))
    written = write_risk(score, 1)
    assert written is not None
    assert (written.value, written.worst, written.others) == (83.3, 80, 3.3)


def test_the_ends_of_the_scale() -> None:
    """None failing is 0, nothing assessed unknown, a finding of each severity alone at most its ceiling; never 100."""
    assert (risk_of(item(passed=3)).total.value, risk_of(item(passed=3)).total.band) == (0, RiskBand.NONE)
    empty = risk_of()
    assert (empty.total.value, empty.total.band, empty.worst, empty.top, empty.groups) == (None, None, None, (), ())
    for severity, ceiling in WEIGHTS.ceilings.items():
        assert risk_of(item("public", severity, failed=1, age=400)).total.value == ceiling
    most = write_risk(risk_of(item("public", "critical", failed=10**9, age=400)).total)
    assert most is not None
    assert most.value == 99.99


def test_numbers_of_the_version_before_that_misled() -> None:
    """3,000 passing findings, an export of failing rows alone, and a milder failing finding beside.

    Three exposed, overdue criticals are 80.78, act now, in each case; the share at stake is what it was: 9.09 of 3,000.
    """
    three = item("public", "critical", failed=3, age=400)
    alone = risk_of(three).total
    diluted = risk_of(three, item(passed=60, age=None)).total
    written = write_risk(diluted)
    assert written is not None
    assert (alone.value, alone.band) == (diluted.value, RiskBand.ACT_NOW)
    assert (written.value, written.share_pct) == (80.78, 9.09)
    assert write_risk(alone).share_pct == 100  # type: ignore[union-attr]
    milder = risk_of(three, item(severity="low", failed=1)).total
    assert (milder.value or 0) > (alone.value or 0)
    assert (milder.share_pct or 0) < (alone.share_pct or 0)


def test_the_worst_finding_is_named() -> None:
    """The most points, then the longest failing; with the first resource by name and how many are alike."""
    risk = risk_of(
        item("new", "critical", failed=1, age=8, is_exposed=True),
        item("old", "critical", failed=2, age=9, is_exposed=True, title="Old", resource="bucket-1"),
        item("worse-name", "low", failed=7, age=300),
    )
    worst = risk.worst
    assert worst is not None
    assert (worst.check_id, worst.title, worst.resource_uid, worst.points, worst.alike) == (
        "old", "Old", "bucket-1", 80, 3,
    )  # fmt: skip
    assert worst.failing_since == TODAY - timedelta(days=9)
    assert (risk.exposed_criticals, risk.overdue) == (3, 10)


@pytest.mark.parametrize(
    ("check", "title", "category", "is_exposed"),
    [
        ("s3_bucket_Public_access", "", None, True),
        ("CKV_AWS_20", "S3 ACL allows everyone to read", None, True),
        ("iam_mfa", "MFA", None, False),
        ("s3_bucket_public_access", "", False, False),
        ("iam_mfa", "MFA", True, True),
    ],
)
def test_exposure_follows_from_the_category_and_else_from_words(
    check: str, title: str, category: bool | None, is_exposed: bool
) -> None:
    """Words of id or title, in any case, decide only without a category; the share reads words alone."""
    row = item(check, failed=1, title=title, is_exposed=category)
    risk = risk_of(row)
    assert risk.total.parts[RiskPart.EXPOSURE] == (15 if is_exposed else 0)
    counted = count_exposure(pl.DataFrame([row], schema=RISK_ITEM_SCHEMA, orient="row"), weights=WEIGHTS)
    assert [(each.exposed, each.other) for each in counted if each.severity == "high"] == [
        (1, 0) if is_exposed else (0, 1)
    ]
    has_word = check != "iam_mfa"
    assert risk.total.share_pct == (80 if has_word else 60)


def test_an_unclassified_environment_counts_as_unknown() -> None:
    """0.75 of the environment's 7.5 points."""
    for environment in ("unknown", "qa-7"):
        parts = risk_of(item(failed=1, environment=environment)).total.parts
        assert parts[RiskPart.ENVIRONMENT] == pytest.approx(5.625)


def test_every_group_has_its_own_risk() -> None:
    """Account a fails with 27.5 points, account b passes, and the framework related only to b's check has 0."""
    related = pl.DataFrame(
        [("aws", "c2", "m", "R1")], schema=["provider", "check_id", "mapping_id", "requirement_id"], orient="row"
    )
    risk = risk_of(item(failed=1, account="a"), item("c2", passed=1, account="b"), relations={"tiny": related})
    values = {(g.dimension, g.label): g.score.value for g in risk.groups}
    assert values["account", "a"] == values["provider", "aws"] == 27.5
    assert values["account", "b"] == 0
    assert values["framework", "tiny"] == 0
    assert [g.label for g in risk.groups if g.dimension == "account"] == ["a", "b"]


def test_what_lowers_it_most_may_not_be_what_has_most_points() -> None:
    """Thirty high findings have 825 points and one critical 44; only without the critical one the worst falls."""
    risk = risk_of(item("many", failed=30), item("one", "critical", failed=1), top=1)
    assert [top.check_id for top in risk.top] == ["one"]
    assert risk.top_of == 2
    both = risk_of(item("many", failed=30), item("one", "critical", failed=1)).top
    assert [(top.check_id, top.points) for top in both] == [("one", 44), ("many", 825)]
    assert both[0].risk_without == risk_of(item("many", failed=30)).total.value


def test_weights_can_be_changed() -> None:
    """Severity alone: points are the ceiling, and the share that of failing findings by weight, as in version 1."""
    alone = {RiskPart.SEVERITY: 1.0, RiskPart.EXPOSURE: 0, RiskPart.AGE: 0, RiskPart.ENVIRONMENT: 0}
    weights = replace(WEIGHTS, parts=alone, degrees=alone, burden=10, bands={**WEIGHTS.bands, RiskBand.PLAN: 12})
    score = risk_of(item(passed=3), item(severity="low", failed=4), weights=weights).total
    assert score.value == pytest.approx(10 + 90 * (1 - exp(-3)))
    assert score.share_pct == Fraction(25)
    assert score.band is RiskBand.WATCH


def test_weights_that_give_no_score_are_refused_all_at_once() -> None:
    """Every problem is named."""
    with pytest.raises(ConfigurationError, match=r"parts\.age is 2.*criticality\.production is -1.*add up to 2\.8"):
        RiskWeights(
            parts={RiskPart.SEVERITY: 0.4, RiskPart.EXPOSURE: 0.2, RiskPart.AGE: 2, RiskPart.ENVIRONMENT: 0.2},
            criticality={"production": -1, "unknown": 1},
        )
    with pytest.raises(
        ConfigurationError,
        match=r"ceilings\.high is 101.*bands are \[60, 70, 10\], not falling.*burden is 0, not above 0",
    ):
        RiskWeights(
            ceilings={**WEIGHTS.ceilings, "high": 101},
            bands={RiskBand.ACT_NOW: 60, RiskBand.ACT_SOON: 70, RiskBand.PLAN: 10},
            burden=0,
        )
    with pytest.raises(ConfigurationError, match="parts lack severity"):
        RiskWeights(parts={RiskPart.EXPOSURE: 0.5, RiskPart.AGE: 0.2, RiskPart.ENVIRONMENT: 0.3})
