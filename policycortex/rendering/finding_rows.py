"""Findings as they stand on a page: few columns, long texts cut with a mark, days in words. For page and annex."""

from typing import Final

import polars as pl

from policycortex.rendering.locales import Locale
from policycortex.rendering.visible_text import show_controls_in

TEXT_LIMIT: Final = 300
"""Characters of one text on a page; a resource id or title beyond that is cut with ``…``."""

_TEXTS: Final = ("title", "check_id", "resource_uid", "account_id", "region", "environment")


def shape_rows(findings: pl.DataFrame, locale: Locale) -> pl.DataFrame:
    """``findings`` with the columns a page shows; ``day`` is the date in words, texts are safe to show."""
    days = {day: locale.day(day) for day in findings["observed_at"].dt.date().unique().drop_nulls().to_list()}
    return findings.select(
        "severity",
        "status",
        "muted",
        "waived",
        *(_shown(name) for name in _TEXTS),
        pl.col("observed_at").dt.date().replace_strict(days, default="", return_dtype=pl.String).alias("day"),
    )


def has_long_text(findings: pl.DataFrame) -> bool:
    """Whether ``shape_rows`` cuts any text of ``findings``."""
    longest = findings.select(pl.max_horizontal(pl.col(n).str.len_chars().max() for n in _TEXTS)).item()
    return longest is not None and longest > TEXT_LIMIT


def _shown(name: str) -> pl.Expr:
    column = pl.col(name).fill_null("")
    cut = pl.when(column.str.len_chars() > TEXT_LIMIT).then(column.str.head(TEXT_LIMIT) + "…").otherwise(column)
    return show_controls_in(cut).alias(name)
