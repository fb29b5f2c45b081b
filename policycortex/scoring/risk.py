"""The risk of a scope: its score, its groups, its worst finding, and what lowers it most when fixed.

``risk_scale`` has the formula.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

import polars as pl

from policycortex.names import Severity
from policycortex.scoring.model import Posture
from policycortex.scoring.risk_kinds import KindCount, RiskKind, count_kinds, count_kinds_by, is_exposed, mark_kinds
from policycortex.scoring.risk_model import (
    ExposureCount,
    Risk,
    RiskGroup,
    RiskItem,
    RiskWeights,
    WorstFinding,
)
from policycortex.scoring.risk_scale import RiskScale

DIMENSIONS: Final = ("account", "service", "provider", "environment", "framework")

_COLUMNS: Final = {"account": "account_id", "service": "service", "provider": "provider", "environment": "environment"}
_TALLY: Final = ("provider", "check_id", "mapping_id")
_ITEM: Final = ("provider", "account_id", "check_id")


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
    marked = mark_kinds(items, as_of=as_of, weights=weights)
    scale, counts = RiskScale(weights), count_kinds(marked)
    failing = marked.filter(pl.col("failed") > 0)
    critical = failing.filter((pl.col("severity") == Severity.CRITICAL.value) & pl.col("is_exposed"))
    ranked = _ranked(failing, counts, scale, top)
    return Risk(
        total=scale.score(counts),
        groups=tuple(_groups(marked, scale, relations or {})),
        worst=_worst(failing, scale),
        exposed_criticals=int(critical["failed"].sum()),
        overdue=int(failing.filter(pl.col("age") > _limit(weights))["failed"].sum()),
        top=ranked,
        top_of=failing.select(_ITEM).n_unique() if len(failing) else 0,
    )


def count_exposure(items: pl.DataFrame, *, weights: RiskWeights) -> tuple[ExposureCount, ...]:
    """Count failing findings of ``items`` (RISK_ITEM_SCHEMA) per severity, worst first; () if nothing was assessed."""
    if not items.select(pl.col("passed", "failed").sum()).sum_horizontal().item():
        return ()
    named = items.with_columns(is_exposed=is_exposed(weights.exposure_words))
    counted = dict.fromkeys(((s.value, exposed) for s in Severity for exposed in (True, False)), 0)
    for severity, exposed, failed in named.group_by("severity", "is_exposed").agg(pl.col("failed").sum()).iter_rows():
        counted[severity, exposed] += failed
    return tuple(
        ExposureCount(severity=s.value, exposed=counted[s.value, True], other=counted[s.value, False]) for s in Severity
    )


def _limit(weights: RiskWeights) -> pl.Expr:
    days = {severity: int(number) for severity, number in weights.sla_days.items()}
    return pl.col("severity").replace_strict(days, return_dtype=pl.Int64)


def _groups(marked: pl.DataFrame, scale: RiskScale, relations: Mapping[str, pl.DataFrame]) -> Iterator[RiskGroup]:
    for dimension in DIMENSIONS:
        labelled = _labelled(marked, dimension, relations)
        scored = [
            RiskGroup(dimension=dimension, label=label, score=scale.score(counts)) for label, counts in labelled.items()
        ]
        yield from sorted(scored, key=lambda group: (-(group.score.value or 0.0), group.label))


def _labelled(
    marked: pl.DataFrame, dimension: str, relations: Mapping[str, pl.DataFrame]
) -> dict[str, tuple[KindCount, ...]]:
    if dimension == "framework":
        return {
            id_: count_kinds(marked.join(related.select(_TALLY).unique(), on=_TALLY, how="semi"))
            for id_, related in relations.items()
        }
    return {label: counts for (label,), counts in count_kinds_by(marked, _COLUMNS[dimension]).items()}


def _worst(failing: pl.DataFrame, scale: RiskScale) -> WorstFinding | None:
    """The first by points, then by the day it fails since, then by name."""
    kinds = {counts.kind: scale.points(counts.kind) for counts in count_kinds(failing)}
    if not kinds:
        return None
    most = max(kinds.values())
    columns = ("severity", "is_exposed", "has_word", "capped_age", "known_environment")
    found = [
        row for row in failing.iter_rows(named=True) if kinds[RiskKind._make(row[name] for name in columns)] == most
    ]
    first = min(found, key=_order)
    named = ("provider", "account_id", "environment", "service", "check_id", "severity", "is_exposed", "failing_since")
    return WorstFinding(
        points=most / scale.unit,
        title=first["title"] or "",
        resource_uid=first["resource_uid"],
        alike=sum(row["failed"] for row in found),
        **{name: first[name] for name in named},
    )


def _order(row: Mapping[str, Any]) -> tuple[object, ...]:
    since = row["failing_since"]
    named = tuple(row[name] or "" for name in (*_ITEM, "environment", "service", "mapping_id", "title", "resource_uid"))
    return (-row["age"], since or date.max, *named)


def _ranked(failing: pl.DataFrame, counts: Iterable[KindCount], scale: RiskScale, top: int) -> tuple[RiskItem, ...]:
    """The ``top`` failing (provider, account, check) with the largest effect on the total.

    Without an item the total falls with its points, unless it has all the worst findings: only those are recalculated.
    """
    by_item = count_kinds_by(failing, *_ITEM)
    if not by_item:
        return ()
    points = {item: sum(scale.points(k) * n for k, _, n in own) for item, own in by_item.items()}
    whole, load = {kind: failed for kind, _, failed in counts if failed}, sum(points.values())
    kinds = sorted(whole, key=scale.points, reverse=True)
    most = scale.points(kinds[0])
    now = scale.value(most, load - most)
    candidates = dict.fromkeys(sorted(by_item, key=lambda item: (-points[item], item))[:top])
    candidates |= dict.fromkeys(item for item, own in by_item.items() if _left(whole, own, kinds, scale) < most)
    without = {}
    for item in candidates:
        worst = _left(whole, by_item[item], kinds, scale)
        without[item] = scale.value(worst, load - points[item] - worst) if worst else 0.0
    ordered = sorted(candidates, key=lambda item: (without[item], -points[item], item))[:top]
    facts = _facts(failing, ordered)
    return tuple(
        RiskItem(
            **facts[item],
            points=points[item] / scale.unit,
            risk_without=without[item],
            lowers_by=now - without[item],
        )
        for item in ordered
    )


def _left(whole: Mapping[RiskKind, int], own: Iterable[KindCount], kinds: Iterable[RiskKind], scale: RiskScale) -> int:
    """Points of the worst finding that is left without ``own``; 0 without any."""
    mine = {kind: failed for kind, _, failed in own}
    return next((scale.points(kind) for kind in kinds if whole[kind] > mine.get(kind, 0)), 0)


def _facts(failing: pl.DataFrame, items: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], dict[str, Any]]:
    """What is shown of these items: the texts of their worst severity, their findings and their oldest age."""
    wanted = pl.DataFrame(list(items), schema=dict.fromkeys(_ITEM, pl.String), orient="row")
    rank = pl.col("severity").replace_strict({s.value: n for n, s in enumerate(Severity)}, return_dtype=pl.Int8)
    rows = failing.join(wanted, on=_ITEM, how="semi").with_columns(rank=rank).sort("rank", "title", "service")
    grouped = rows.group_by(_ITEM, maintain_order=True).agg(
        pl.col("title", "service", "severity").first(),
        pl.col("failed").sum(),
        pl.col("is_exposed").any(),
        oldest_days=pl.col("age").max(),
    )
    return {tuple(row[name] for name in _ITEM): row for row in grouped.iter_rows(named=True)}
