"""The risk score by hand, its refusals, and the exact effect of fixing findings."""

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policycortex.errors import ConfigurationError
from policycortex.names import Severity
from policycortex.scoring.risk import assess_risk
from policycortex.scoring.risk_model import RISK_ITEM_SCHEMA, Risk, RiskPart, RiskWeights

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
) -> tuple[object, ...]:
    """A row of RISK_ITEM_SCHEMA."""
    since = None if age is None else TODAY - timedelta(days=age)
    return ("aws", account, environment, "s3", check, "m", title, severity, since, passed, failed)


def risk_of(*rows: tuple[object, ...], weights: RiskWeights = WEIGHTS, **how: object) -> Risk:
    """Risk on TODAY."""
    frame = pl.DataFrame(list(rows), schema=RISK_ITEM_SCHEMA, orient="row")
    return assess_risk(frame, as_of=TODAY, weights=weights, **how)  # type: ignore[arg-type]


def test_parts_by_hand() -> None:
    """One of two high findings fails in staging, 15 of 30 days old, unexposed.

    Stake 2 * 8 = 16, load 8 of it: half of (0.4 severity + 0 exposure + 0.2 * 0.5 age + 0.2 * 0.5 environment) = 30.
    """
    score = risk_of(item(passed=1, age=None), item(failed=1, age=15, environment="staging")).total
    assert score.parts == pytest.approx({"severity": 20, "exposure": 0, "age": 5, "environment": 5})
    assert score.value == pytest.approx(30)
    assert (score.failed, score.assessed) == (1, 2)


def test_the_ends_of_the_scale() -> None:
    """All failing, exposed, overdue, in production is 100; none failing 0; nothing assessed is unknown."""
    assert risk_of(item("bucket_public_access", failed=3, age=400)).total.value == pytest.approx(100)
    assert risk_of(item(passed=3)).total.value == 0
    empty = risk_of()
    assert empty.total.value is None
    assert (empty.top, empty.groups) == ((), ())


@pytest.mark.parametrize(
    ("check", "title", "exposure"),
    [("s3_bucket_Public_access", "", 20), ("CKV_AWS_20", "S3 ACL allows everyone to read", 20), ("iam_mfa", "MFA", 0)],
)
def test_exposure_follows_from_the_words_of_a_check(check: str, title: str, exposure: float) -> None:
    """Its id or its title, in any case."""
    assert risk_of(item(check, failed=1, title=title)).total.parts[RiskPart.EXPOSURE] == pytest.approx(exposure)


def test_an_unclassified_environment_counts_as_unknown() -> None:
    """0.75 of the environment's 20 points."""
    for environment in ("unknown", "qa-7"):
        parts = risk_of(item(failed=1, environment=environment)).total.parts
        assert parts[RiskPart.ENVIRONMENT] == pytest.approx(15)


def test_every_group_has_its_own_risk() -> None:
    """Account a fails, account b passes: 60 and 0 points, and the framework related only to b's check has 0."""
    related = pl.DataFrame(
        [("aws", "c2", "m", "R1")], schema=["provider", "check_id", "mapping_id", "requirement_id"], orient="row"
    )
    risk = risk_of(item(failed=1, account="a"), item("c2", passed=1, account="b"), relations={"tiny": related})
    values = {(g.dimension, g.label): g.score.value for g in risk.groups}
    assert values["account", "a"] == pytest.approx(60)
    assert values["account", "b"] == 0
    assert values["framework", "tiny"] == 0
    assert values["provider", "aws"] == pytest.approx(30)
    assert [g.label for g in risk.groups if g.dimension == "account"] == ["a", "b"]


rows = st.lists(
    st.builds(
        item,
        st.sampled_from(("c1", "c2", "public_c3")),
        st.sampled_from([s.value for s in Severity]),
        age=st.none() | st.integers(-3, 500),
        passed=st.integers(0, 9),
        failed=st.integers(0, 9),
        environment=st.sampled_from(("production", "staging", "else")),
        account=st.sampled_from(("a", "b")),
    ),
    max_size=8,
)


@settings(deadline=None)
@given(rows, st.integers(0, 7))
def test_fixing_never_raises_risk_and_parts_add_up(many: list[tuple[object, ...]], index: int) -> None:
    """0 to 100 or None; the parts are the whole; a fail that becomes a pass lowers it; age never lowers it."""
    total = risk_of(*many).total
    assert total.value is None or 0 <= total.value <= 100
    assert total.value is None or sum(total.parts.values()) == pytest.approx(total.value)
    if not many or not many[index % len(many)][-1]:
        return
    place = index % len(many)
    *head, since, passed, failed = many[place]
    mended = [*many[:place], (*head, since, passed + 1, failed - 1), *many[place + 1 :]]  # type: ignore[operator]
    older = [*many[:place], (*head, date(2020, 1, 1), passed, failed), *many[place + 1 :]]
    now, then, later = total.value, risk_of(*mended).total.value, risk_of(*older).total.value
    assert now is not None
    assert then is not None
    assert later is not None
    assert then <= now + 1e-9 <= later + 2e-9


@settings(deadline=None)
@given(rows)
def test_the_effect_of_an_item_equals_a_recalculation(many: list[tuple[object, ...]]) -> None:
    """Recalculated with its findings passing; largest first, and the total number is given."""
    risk = risk_of(*many, top=2)
    assert risk.top_of == len({(row[1], row[4]) for row in many if row[-1]})
    assert len(risk.top) == min(2, risk.top_of)
    assert [i.lowers_by for i in risk.top] == sorted((i.lowers_by for i in risk.top), reverse=True)
    for top in risk.top:
        mended = [
            (*row[:-2], row[-2] + row[-1], 0) if (row[1], row[4]) == (top.account_id, top.check_id) else row  # type: ignore[operator]
            for row in many
        ]
        assert risk_of(*mended).total.value == pytest.approx(top.risk_without, abs=1e-9)


def test_weights_can_be_changed() -> None:
    """Severity alone: the weighted share of failing findings, as in version 1."""
    alone = replace(
        WEIGHTS, parts={RiskPart.SEVERITY: 1.0, RiskPart.EXPOSURE: 0, RiskPart.AGE: 0, RiskPart.ENVIRONMENT: 0}
    )
    score = risk_of(item(passed=3), item(severity="low", failed=4), weights=alone).total
    assert score.value == pytest.approx(100 * 8 / 32)


def test_weights_that_give_no_score_are_refused_all_at_once() -> None:
    """Every problem is named."""
    with pytest.raises(ConfigurationError, match=r"parts\.age is 2.*criticality\.production is -1.*add up to 2\.8"):
        RiskWeights(
            parts={RiskPart.SEVERITY: 0.4, RiskPart.EXPOSURE: 0.2, RiskPart.AGE: 2, RiskPart.ENVIRONMENT: 0.2},
            criticality={"production": -1, "unknown": 1},
        )
    with pytest.raises(ConfigurationError, match="parts lack severity"):
        RiskWeights(parts={RiskPart.EXPOSURE: 0.5, RiskPart.AGE: 0.2, RiskPart.ENVIRONMENT: 0.3})
