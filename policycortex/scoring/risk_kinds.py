"""Findings that count alike in risk: their kind, and how many of each kind pass and fail.

Kinds are few, however many findings there are. Counts are whole numbers, so that risk computed from them is the same
in any order of rows.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final, NamedTuple

import polars as pl

from policycortex.names import UNKNOWN_ENVIRONMENT
from policycortex.scoring.ages import age_days
from policycortex.scoring.risk_model import RiskWeights

_KIND: Final = ("severity", "is_exposed", "has_word", "capped_age", "known_environment")


class RiskKind(NamedTuple):
    """What the risk of one finding depends on."""

    severity: str
    is_exposed: bool
    """By the scanner's category, else by words."""
    has_word: bool
    """By words alone, as version 2 has it."""
    age: int
    """Days, at most the limit of the severity."""
    environment: str
    """One that the weights name."""


class KindCount(NamedTuple):
    """Findings of one kind."""

    kind: RiskKind
    passed: int
    failed: int


def mark_kinds(items: pl.DataFrame, *, as_of: date, weights: RiskWeights) -> pl.DataFrame:
    """Add the columns of the kind, and ``age`` in days, to ``items`` (RISK_ITEM_SCHEMA)."""
    limits = {severity: int(days) for severity, days in weights.sla_days.items()}
    limit = pl.col("severity").replace_strict(limits, return_dtype=pl.Int64)
    known = {name: name for name in weights.criticality}
    environment = pl.col("environment").replace_strict(known, default=UNKNOWN_ENVIRONMENT, return_dtype=pl.String)
    age = age_days(as_of)
    return items.with_columns(
        is_exposed=is_exposed(weights.exposure_words),
        has_word=has_word(weights.exposure_words),
        age=age,
        capped_age=pl.min_horizontal(age, limit),
        known_environment=environment,
    )


def is_exposed(words: tuple[str, ...]) -> pl.Expr:
    """Whether a finding is about something publicly reachable: the scanner's category, else the words of its check."""
    return pl.coalesce("is_exposed", has_word(words))


def has_word(words: tuple[str, ...]) -> pl.Expr:
    """Whether the id or the title of a check has one of ``words``, in any case."""
    text = pl.concat_str("check_id", pl.lit(" "), "title", ignore_nulls=True).str.to_lowercase()
    pattern = "|".join(re.escape(word.casefold()) for word in words)
    return text.str.contains(pattern) if words else pl.lit(value=False)


def count_kinds(marked: pl.DataFrame) -> tuple[KindCount, ...]:
    """All kinds of ``marked`` items with their findings."""
    return tuple(counts for _, counts in _counted(marked, ()))


def count_kinds_by(marked: pl.DataFrame, *columns: str) -> Mapping[tuple[str, ...], tuple[KindCount, ...]]:
    """The kinds of each combination of values of ``columns``."""
    found: dict[tuple[str, ...], list[KindCount]] = {}
    for key, counts in _counted(marked, columns):
        found.setdefault(key, []).append(counts)
    return {key: tuple(counts) for key, counts in found.items()}


def _counted(marked: pl.DataFrame, columns: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], KindCount]]:
    sums = marked.group_by(*columns, *_KIND).agg(pl.col("passed", "failed").sum())
    width = len(columns)
    for row in sums.select(*columns, *_KIND, "passed", "failed").iter_rows():
        yield row[:width], KindCount(RiskKind._make(row[width:-2]), row[-2], row[-1])
