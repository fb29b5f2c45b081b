"""The risk score. Formula, version 2, over findings i that pass or fail:

    risk = 100 * sum over failing i of w_i * d_i  /  sum over all i of w_i
    d_i  = a_severity + a_exposure * exposed_i + a_age * min(1, age_i / sla_i) + a_environment * criticality_i

w is the severity's weight, and the a's add up to 1. Risk is linear in findings: its parts add up to it, and fixing a
finding lowers it by exactly that finding's share. ``docs/analytics.md`` has the sources of the weights.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

import polars as pl

from policycortex.names import UNKNOWN_ENVIRONMENT, Severity
from policycortex.scoring.ages import age_days
from policycortex.scoring.model import Posture
from policycortex.scoring.risk_model import ExposureCount, Risk, RiskGroup, RiskItem, RiskPart, RiskScore, RiskWeights

DIMENSIONS: Final = ("account", "service", "provider", "environment", "framework")

_COLUMNS: Final = {"account": "account_id", "service": "service", "provider": "provider", "environment": "environment"}
_TALLY: Final = ("provider", "check_id", "mapping_id")
_ITEM: Final = ("provider", "account_id", "check_id")
_SUMS: Final = (*(f"load_{part.value}" for part in RiskPart), "stake", "passed", "failed")


def score_risk(posture: Posture) -> float | None:
    """Return risk by severity alone, version 1, 0-100: tallies of a posture have neither exposure nor age.

    It is 100 minus the ``severity_weighted`` score; None when nothing was assessed.
    """
    score = posture.scores["severity_weighted"]
    return None if score.value_pct is None else 100 - score.value_pct


def assess_risk(
    items: pl.DataFrame,
    *,
    as_of: date,
    weights: RiskWeights,
    relations: Mapping[str, pl.DataFrame] | None = None,
    top: int = 20,
) -> Risk:
    """Calculate the risk of ``items`` (RISK_ITEM_SCHEMA) on ``as_of``.

    ``relations`` (RELATION_SCHEMA by framework id) add a group per framework.
    """
    loaded = _loaded(items, as_of, weights)
    total = _score(_sums(loaded))
    ranked = _ranked(loaded, total)
    return Risk(
        total=total,
        groups=tuple(_groups(loaded, relations or {})),
        top=tuple(_item(row, total) for row in ranked.head(top).iter_rows(named=True)),
        top_of=len(ranked),
    )


def count_exposure(items: pl.DataFrame, *, weights: RiskWeights) -> tuple[ExposureCount, ...]:
    """Count failing findings of ``items`` (RISK_ITEM_SCHEMA) per severity, worst first; () if nothing was assessed."""
    if not items.select(pl.col("passed", "failed").sum()).sum_horizontal().item():
        return ()
    named = items.with_columns(is_exposed=_exposed(weights.exposure_words))
    counted = dict.fromkeys(((s.value, exposed) for s in Severity for exposed in (True, False)), 0)
    for severity, exposed, failed in named.group_by("severity", "is_exposed").agg(pl.col("failed").sum()).iter_rows():
        counted[severity, exposed] += failed
    return tuple(
        ExposureCount(severity=s.value, exposed=counted[s.value, True], other=counted[s.value, False]) for s in Severity
    )


def _loaded(items: pl.DataFrame, as_of: date, weights: RiskWeights) -> pl.DataFrame:
    """Add the weight of each group of findings (``stake``), and its load per part, in the same unit."""
    weight = _by_word("severity", weights.severity)
    stake = weight * (pl.col("passed") + pl.col("failed"))
    age = age_days(as_of)
    degrees = {
        RiskPart.SEVERITY: pl.lit(1.0),
        RiskPart.EXPOSURE: pl.col("is_exposed").cast(pl.Float64),
        RiskPart.AGE: (age / _by_word("severity", weights.sla_days)).clip(upper_bound=1.0),
        RiskPart.ENVIRONMENT: _by_word("environment", weights.criticality, weights.criticality[UNKNOWN_ENVIRONMENT]),
    }
    loads = {
        f"load_{part.value}": weight * pl.col("failed") * weights.parts[part] * degree
        for part, degree in degrees.items()
    }
    named = items.with_columns(is_exposed=_exposed(weights.exposure_words), age=age)
    return named.with_columns(stake=stake, **loads)


def _exposed(words: tuple[str, ...]) -> pl.Expr:
    text = pl.concat_str("check_id", pl.lit(" "), "title", ignore_nulls=True).str.to_lowercase()
    pattern = "|".join(re.escape(word.casefold()) for word in words)
    return text.str.contains(pattern) if words else pl.lit(value=False)


def _by_word(column: str, values: Mapping[str, float] | Mapping[str, int], default: float | None = None) -> pl.Expr:
    known = {str(word): float(value) for word, value in values.items()}
    found = pl.col(column)
    if default is None:
        return found.replace_strict(known, return_dtype=pl.Float64)
    return found.replace_strict(known, default=default, return_dtype=pl.Float64)


def _sums(loaded: pl.DataFrame) -> dict[str, Any]:
    return loaded.select(pl.col(_SUMS).sum()).row(0, named=True)


def _score(sums: Mapping[str, Any]) -> RiskScore:
    stake = sums["stake"]
    parts = {part: 100 * sums[f"load_{part.value}"] / stake if stake else 0.0 for part in RiskPart}
    return RiskScore(
        value=min(100.0, sum(parts.values())) if stake else None,
        parts=parts,
        failed=sums["failed"],
        assessed=sums["passed"] + sums["failed"],
    )


def _groups(loaded: pl.DataFrame, relations: Mapping[str, pl.DataFrame]) -> Iterator[RiskGroup]:
    for dimension in DIMENSIONS:
        labelled = dict(_labelled(loaded, dimension, relations))
        scored = [RiskGroup(dimension=dimension, label=label, score=_score(sums)) for label, sums in labelled.items()]
        yield from sorted(scored, key=lambda group: (-(group.score.value or 0.0), group.label))


def _labelled(
    loaded: pl.DataFrame, dimension: str, relations: Mapping[str, pl.DataFrame]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if dimension == "framework":
        for framework_id, related in relations.items():
            keys = related.select(_TALLY).unique()
            yield framework_id, _sums(loaded.join(keys, on=_TALLY, how="semi"))
        return
    for row in loaded.group_by(_COLUMNS[dimension]).agg(pl.col(_SUMS).sum()).iter_rows(named=True):
        yield row[_COLUMNS[dimension]], row


def _ranked(loaded: pl.DataFrame, total: RiskScore) -> pl.DataFrame:
    """Return failing (provider, account, check), largest effect on the total first; none when ``total`` is None."""
    if total.value is None:
        return loaded.clear().with_columns(load=pl.lit(0.0), stakes=pl.lit(0.0))
    load = pl.sum_horizontal(f"load_{part.value}" for part in RiskPart)
    rank = pl.col("severity").replace_strict({s.value: n for n, s in enumerate(Severity)}, return_dtype=pl.Int8)
    worst = loaded.filter(pl.col("failed") > 0).with_columns(load=load, rank=rank).sort("rank")
    return (
        worst.group_by(_ITEM, maintain_order=True)
        .agg(
            pl.col("title", "service", "severity").first(),
            pl.col("failed", "load").sum(),
            pl.col("is_exposed").any(),
            pl.col("age").max(),
        )
        .with_columns(stakes=pl.lit(loaded["stake"].sum()))
        .sort("load", *_ITEM, descending=[True, False, False, False])
    )


def _item(row: Mapping[str, Any], total: RiskScore) -> RiskItem:
    now = total.value or 0.0
    without = max(0.0, now - 100 * row["load"] / row["stakes"])
    named = {name: row[name] for name in (*_ITEM, "title", "service", "severity", "failed", "is_exposed")}
    return RiskItem(**named, oldest_days=row["age"], risk_without=without, lowers_by=now - without)
