"""The laws of the risk score, version 3: over examples by Hypothesis and over seeded random cases."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policycortex.names import Severity
from policycortex.scoring.ages import SLA_DAYS
from policycortex.scoring.risk import assess_risk
from policycortex.scoring.risk_kinds import KindCount, RiskKind
from policycortex.scoring.risk_model import RISK_ITEM_SCHEMA, RiskBand, RiskPart, RiskScore, RiskWeights
from policycortex.scoring.risk_scale import RiskScale
from policycortex.scoring.risk_written import write_risk

WEIGHTS = RiskWeights()
SCALE = RiskScale(WEIGHTS)
ENVIRONMENTS = tuple(WEIGHTS.criticality)
TODAY = date(2026, 11, 20)
WORST = RiskKind("critical", is_exposed=True, has_word=False, age=7, environment="production")
BANDS = tuple(RiskBand)


def kind_of(severity: str, exposed: int, days: int, environment: str) -> RiskKind:
    """A kind whose age is within the limit of its severity."""
    return RiskKind(severity, bool(exposed), bool(exposed), min(days, SLA_DAYS[Severity(severity)]), environment)


kinds = st.builds(
    kind_of,
    st.sampled_from([s.value for s in Severity]),
    st.integers(0, 1),
    st.integers(0, 400),
    st.sampled_from(ENVIRONMENTS),
)
counts = st.lists(st.tuples(kinds, st.integers(0, 400), st.sampled_from((0, 0, 1, 2, 30, 5000))), max_size=10)


def score_of(many: Iterable[tuple[RiskKind, int, int]]) -> RiskScore:
    """The score of findings by kind, passing and failing."""
    return SCALE.score(KindCount(*each) for each in many)


def check_laws(many: list[tuple[RiskKind, int, int]], added: RiskKind, place: list[tuple[RiskKind, int, int]]) -> None:
    """All laws for one case; ``place`` is some of its findings."""
    now = score_of(many)
    value = now.value or 0.0
    assert 0 <= value <= 100
    more = score_of([*many, (added, 0, 1)])
    assert more.value is not None
    assert more.value >= value, "a failing finding more never lowers it"
    assert (score_of(place).value or 0.0) <= value, "the whole is at least every place"
    number = next((n for n, (_, _, failed) in enumerate(many) if failed), None)
    if number is not None:
        kind, passed, failed = many[number]
        fixed = score_of([*many[:number], (kind, passed + 1, failed - 1), *many[number + 1 :]])
        assert (fixed.value or 0.0) <= value, "fixing never raises it"
    clean = score_of([(added, 3000, 0), *reversed(many)])
    same = (value, now.worst, now.others, now.parts, now.failed)
    assert (clean.value, clean.worst, clean.others, clean.parts, clean.failed) == same, "nor order nor passing counts"
    grave = score_of([*many, (WORST, 0, 1)])
    assert (grave.value or 0.0) >= 80
    assert grave.band is RiskBand.ACT_NOW
    check_band(many, now)
    check_written(now)


def check_band(many: Iterable[tuple[RiskKind, int, int]], found: RiskScore) -> None:
    """The band is that of the worst finding alone."""
    failing = [kind for kind, _, failed in many if failed]
    if failing:
        alone = score_of([(max(failing, key=SCALE.points), 0, 1)])
        assert (alone.band, alone.value) == (found.band, found.worst)


def check_written(found: RiskScore) -> None:
    """Both lines and the four parts add up to the score as it is written; it is 0 only where nothing fails."""
    digits = 1 + found.failed % 2
    written = write_risk(found, digits)
    if written is None:
        assert not found.assessed
        return
    scale = 10**digits
    total = round(written.value * scale)
    assert round(written.worst * scale) + round(written.others * scale) == total
    assert sum(round(part * scale) for part in written.parts.values()) == total
    assert (written.value == 0.0) == (found.failed == 0)
    assert written.value < 100


@given(counts, kinds, st.data())
def test_laws_hold(many: list[tuple[RiskKind, int, int]], added: RiskKind, data: st.DataObject) -> None:
    """For findings that Hypothesis chooses; its smallest counter-example is shown."""
    place = data.draw(st.lists(st.sampled_from(many), unique=True)) if many else []
    check_laws(many, added, place)


def random_cases(
    number: int,
) -> Iterator[tuple[list[tuple[RiskKind, int, int]], RiskKind, list[tuple[RiskKind, int, int]]]]:
    """Seeded cases from empty to many findings."""
    chance = random.Random(18)  # noqa: S311 - not for keys

    def some() -> RiskKind:
        severity = chance.choice(list(Severity)).value
        return kind_of(severity, chance.randrange(2), chance.randrange(400), chance.choice(ENVIRONMENTS))

    for _ in range(number):
        many = [
            (some(), chance.choice((0, 5, 3000)), chance.choice((0, 1, 1, 7, 900))) for _ in range(chance.randrange(5))
        ]
        yield many, some(), [each for each in many if chance.random() < 0.5]


@pytest.mark.parametrize("number", [4_000, pytest.param(20_000, marks=pytest.mark.storm)])
def test_laws_hold_in_random_cases(number: int) -> None:
    """The same cases in every run; five times as many in ``make storm``."""
    for case in random_cases(number):
        check_laws(*case)


item_rows = st.lists(
    st.tuples(
        st.just("aws"),
        st.sampled_from("ab"),
        st.sampled_from(("production", "staging", "else")),
        st.sampled_from(("s3", "iam")),
        st.sampled_from(("c1", "public_c2")),
        st.just("m"),
        st.just(""),
        st.sampled_from([s.value for s in Severity]),
        st.integers(-2, 400).map(lambda days: TODAY - timedelta(days=days)),
        st.sampled_from((None, True, False)),
        st.just("r"),
        st.integers(0, 3),
        st.integers(0, 3),
    ),
    max_size=8,
)


@given(item_rows, st.randoms())
def test_every_group_is_at_most_the_whole_and_rows_have_no_order(
    rows: list[tuple[object, ...]], chance: random.Random
) -> None:
    """Over accounts, services, environments and providers; shuffled rows, split or not, give equal bits."""

    def risk_of(many: list[tuple[object, ...]]) -> object:
        frame = pl.DataFrame(many, schema=RISK_ITEM_SCHEMA, orient="row")
        return assess_risk(frame, as_of=TODAY, weights=WEIGHTS)

    frame = pl.DataFrame(rows, schema=RISK_ITEM_SCHEMA, orient="row")
    risk = assess_risk(frame, as_of=TODAY, weights=WEIGHTS)
    for group in risk.groups:
        assert (group.score.value or 0.0) <= (risk.total.value or 0.0)
    split = [part for *head, passed, failed in rows for part in ((*head, passed, 0), (*head, 0, failed))]
    shuffled = chance.sample(split, len(split))
    assert risk_of(shuffled) == risk
    for item in risk.top:
        fixed = [row if (row[1], row[4]) != (item.account_id, item.check_id) else (*row[:-1], 0) for row in rows]
        again = assess_risk(
            pl.DataFrame([*fixed, (*rows[0][:-2], 1, 0)], schema=RISK_ITEM_SCHEMA, orient="row"),
            as_of=TODAY,
            weights=WEIGHTS,
        )
        assert again.total.value == item.risk_without
        assert item.lowers_by == (risk.total.value or 0.0) - item.risk_without


@pytest.mark.parametrize("part", list(RiskPart))
def test_a_worse_property_never_lowers_it(part: RiskPart) -> None:
    """Exposed, older, in production, more severe: each alone raises the points of a finding."""
    mild = RiskKind("high", is_exposed=False, has_word=False, age=3, environment="staging")
    worse = {
        RiskPart.SEVERITY: mild._replace(severity="critical"),
        RiskPart.EXPOSURE: mild._replace(is_exposed=True),
        RiskPart.AGE: mild._replace(age=30),
        RiskPart.ENVIRONMENT: mild._replace(environment="production"),
    }[part]
    assert SCALE.points(worse) > SCALE.points(mild) > 0


def test_every_band_occurs() -> None:
    """From nothing that fails to a critical finding: 0, 0.4 * 3, 25, 35 and 80 points."""
    alone = [
        RiskKind("informational", is_exposed=False, has_word=False, age=0, environment="test"),
        RiskKind("medium", is_exposed=True, has_word=False, age=90, environment="production"),
        RiskKind("high", is_exposed=False, has_word=False, age=30, environment="production"),
        WORST,
    ]
    found = [score_of([(WORST, 1, 0)]).band, *(score_of([(kind, 0, 1)]).band for kind in alone)]
    assert Counter(found) == Counter(BANDS)
