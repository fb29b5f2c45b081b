"""Properties of every posture, for any tallies."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.names import Severity
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.model import TALLY_SCHEMA, WAIVED_SCHEMA, Posture
from policycortex.scoring.rounding import round_pct

CHECKS = ("a", "b", "c")
REQUIREMENTS = ("R1", "R2", "R3")
TINY = Framework(
    id="tiny",
    name="Tiny",
    version="1",
    requirements=tuple(
        Requirement(id=i, title=i, section="S", weight=float(n), level_of_risk=2.0) for n, i in enumerate(REQUIREMENTS)
    ),
    crosswalk=Crosswalk(version="1"),
)

counts = st.integers(0, 50)
tally_rows = st.lists(
    st.tuples(st.sampled_from(CHECKS), st.sampled_from([s.value for s in Severity]), counts, counts, counts, counts),
    max_size=8,
)
relation_sets = st.sets(st.tuples(st.sampled_from(CHECKS), st.sampled_from(REQUIREMENTS)))


def posture(
    rows: list[tuple[str, str, int, int, int, int]], related: set[tuple[str, str]], waived: pl.DataFrame | None = None
) -> Posture:
    """The posture of generated tallies under generated relations."""
    tallies = pl.DataFrame([("aws", c, "m", s, *n) for c, s, *n in rows], schema=TALLY_SCHEMA, orient="row")
    columns = dict.fromkeys(("provider", "check_id", "mapping_id", "requirement_id"), pl.String)
    relations = pl.DataFrame([("aws", c, "m", r) for c, r in sorted(related)], schema=columns, orient="row")
    waivers = WAIVED_SCHEMA.to_frame() if waived is None else waived
    return assess_posture(TINY, tallies=tallies, relations=relations, waived=waivers)


@given(tally_rows, relation_sets)
def test_every_score_is_a_percentage_or_unknown(
    rows: list[tuple[str, str, int, int, int, int]], related: set[tuple[str, str]]
) -> None:
    """In [0, 100], or None exactly when its denominator is 0; rounding never gives 0 or 100 for another value."""
    for score in posture(rows, related).scores.values():
        assert (score.value_pct is None) == (score.denominator == 0)
        written = round_pct(score.value_pct, 1)
        assert written is None or (0 <= written <= 100 and (written == 100.0) == (score.value_pct == 100.0))


@given(tally_rows, relation_sets, st.integers(0, 7))
def test_turning_a_fail_into_a_pass_never_lowers_a_score(
    rows: list[tuple[str, str, int, int, int, int]], related: set[tuple[str, str]], index: int
) -> None:
    """Every model is monotone in fixed findings."""
    if not rows or not rows[index % len(rows)][3]:
        return
    check, severity, passed, failed, manual, muted = rows[index % len(rows)]
    mended = [*rows]
    mended[index % len(rows)] = (check, severity, passed + 1, failed - 1, manual, muted)
    before, after = posture(rows, related), posture(mended, related)
    for name, score in before.scores.items():
        assert (score.value_pct or 0) <= (after.scores[name].value_pct or 0) + 1e-9


@given(tally_rows, relation_sets, st.randoms())
def test_order_and_splitting_of_tallies_change_nothing(
    rows: list[tuple[str, str, int, int, int, int]], related: set[tuple[str, str]], random: object
) -> None:
    """A tally row split in two, in any order, gives the same result."""
    halves = [(c, s, p // 2, f // 2, m // 2, u // 2) for c, s, p, f, m, u in rows]
    rest = [(c, s, p - p // 2, f - f // 2, m - m // 2, u - u // 2) for c, s, p, f, m, u in rows]
    pieces = halves + rest
    random.shuffle(pieces)  # type: ignore[attr-defined]
    assert posture(rows, related).scores == posture(pieces, related).scores


@given(tally_rows, relation_sets)
def test_waiving_every_failure_leaves_no_violation(
    rows: list[tuple[str, str, int, int, int, int]], related: set[tuple[str, str]]
) -> None:
    """Waived findings move from failed to waived; the sum of outcomes stays."""
    merged: dict[tuple[str, str], int] = {}
    for check, severity, _, failed, _, _ in rows:
        merged[check, severity] = merged.get((check, severity), 0) + failed
    reach = [{"framework": None, "requirement_id": None}]
    waived = pl.DataFrame(
        [("aws", c, "m", s, reach, n) for (c, s), n in merged.items()], schema=WAIVED_SCHEMA, orient="row"
    )
    before, after = posture(rows, related), posture(rows, related, waived)
    assert after.counts.failed == 0
    assert after.counts.total == before.counts.total
