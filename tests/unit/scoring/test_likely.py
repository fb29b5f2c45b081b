"""Likely failures are listed only when past forecasts were good: simulated requirements with known probabilities."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from policycortex.scoring.likely import (
    RESULT_HISTORY_SCHEMA,
    LikelyFailures,
    NoLikelyFailures,
    rank_likely_failures,
)

FIRST = date(2025, 1, 1)
WINDOW = 7


def simulated(chances: list[float], windows: int, seed: int = 0) -> pl.DataFrame:
    """Each window each requirement fails on one of its days with its own probability, and is fixed before the next."""
    random = np.random.default_rng(seed)
    rows = []
    for window in range(windows):
        for number, chance in enumerate(chances):
            bad_day = random.integers(1, WINDOW) if random.random() < chance else None
            for day in range(1, WINDOW + 1):
                result = "non_compliant" if day == bad_day else "compliant"
                rows.append((FIRST + timedelta(days=window * WINDOW + day), f"R{number:02}", result))
    rows += [(FIRST, f"R{number:02}", "compliant") for number in range(len(chances))]
    return pl.DataFrame(rows, schema=RESULT_HISTORY_SCHEMA, orient="row")


def test_requirements_that_differ_are_ranked_with_true_probabilities() -> None:
    """Half fail in one window of 20, half in one of two: the list has these chances; its Brier score beats the base."""
    ranked = rank_likely_failures(simulated([0.05] * 15 + [0.5] * 15, 26), window_days=WINDOW)
    assert isinstance(ranked, LikelyFailures)
    chances = {item.requirement_id: item.probability for item in ranked.items}
    assert np.mean([chances[f"R{n:02}"] for n in range(15)]) == pytest.approx(0.05, abs=0.05)
    assert np.mean([chances[f"R{n:02}"] for n in range(15, 30)]) == pytest.approx(0.5, abs=0.07)
    assert [i.probability for i in ranked.items] == sorted(chances.values(), reverse=True)
    assert ranked.brier < ranked.brier_of_base_rate
    assert ranked.forecasts == 25 * 30
    for bin_ in ranked.calibration:
        assert bin_.failed_share == pytest.approx(bin_.mean_probability, abs=4 * (0.25 / bin_.forecasts) ** 0.5)


def test_requirements_that_are_alike_give_no_list() -> None:
    """All fail equally often: the reason names both Brier scores."""
    ranked = rank_likely_failures(simulated([0.2] * 20, 20, seed=3), window_days=WINDOW)
    assert isinstance(ranked, NoLikelyFailures)
    assert "no better than the base rate: Brier score" in ranked.reason


def test_a_gain_by_chance_gives_no_list() -> None:
    """Requirements that are alike can have a lower Brier score than the base rate by chance; p tells that."""
    reasons = []
    for seed in range(40):
        ranked = rank_likely_failures(simulated([0.3] * 12, 8, seed=seed), window_days=WINDOW)
        reasons.append(ranked.reason if isinstance(ranked, NoLikelyFailures) else "")
    by_chance = [reason for reason in reasons if "not reliably better than the base rate" in reason]
    assert by_chance
    assert all("over 7 windows" in reason for reason in by_chance)
    assert reasons.count("") <= 0.05 * len(reasons)


def test_a_changed_process_gives_no_list() -> None:
    """Nothing failed for long, then half does: past probabilities were wrong, and uncalibrated ones are not shown."""
    calm, wild = simulated([0.02] * 20, 10), simulated([0.02] * 10 + [0.9] * 10, 4, seed=1)
    later = wild.with_columns(pl.col("date") + timedelta(days=10 * WINDOW))
    ranked = rank_likely_failures(
        pl.concat([calm, later.filter(pl.col("date") > FIRST + timedelta(70))]), window_days=WINDOW
    )
    assert isinstance(ranked, NoLikelyFailures)
    assert "not calibrated: Spiegelhalter's z" in ranked.reason


def test_little_history_and_few_failures_give_no_list() -> None:
    """The reason states what exists and what is needed."""
    short = rank_likely_failures(simulated([0.5] * 9, 3), window_days=WINDOW)
    assert isinstance(short, NoLikelyFailures)
    assert short.reason == "too little history: 3 windows of 7 days, needed are 35 days of scans"
    calm = rank_likely_failures(simulated([0.0] * 9, 12), window_days=WINDOW)
    assert isinstance(calm, NoLikelyFailures)
    assert calm.reason.startswith("too few outcomes to test chances: 0 of 99 forecasts failed")
    empty = rank_likely_failures(RESULT_HISTORY_SCHEMA.to_frame())
    assert isinstance(empty, NoLikelyFailures)
    assert "0 windows" in empty.reason


def test_only_what_is_compliant_now_is_listed() -> None:
    """A failing requirement needs no probability; one that was not assessed in a window is no trial."""
    frame = simulated([0.05] * 15 + [0.5] * 15, 26)
    last = frame["date"].max()
    broken = frame.with_columns(
        result=pl.when((pl.col("date") == last) & (pl.col("requirement_id") == "R20"))
        .then(pl.lit("non_compliant"))
        .when(pl.col("requirement_id") == "R00")
        .then(pl.lit("not_assessed"))
        .otherwise("result")
    )
    ranked = rank_likely_failures(broken, window_days=WINDOW)
    assert isinstance(ranked, LikelyFailures)
    assert {"R00", "R20"}.isdisjoint(item.requirement_id for item in ranked.items)
    assert len(ranked.items) == 28
