"""Findings as they stand on a page: few columns, short texts, one form of date. For page and annex."""

from functools import partial
from typing import Final

import polars as pl

from policycortex.documents.model import FindingsTable
from policycortex.rendering.visible_text import show_controls_in
from policycortex.shortening import shorten

TEXT_LIMIT: Final = 300
"""Characters of one text on a page; a title beyond that ends in ``…``."""

IDENTIFIER_LIMIT: Final = 2048
"""Characters of a resource id on a page: as long as an ARN can be."""

_TEXTS: Final = ("title", "check_id", "resource_uid", "account_id", "region", "environment")


def shape_rows(findings: pl.DataFrame) -> pl.DataFrame:
    """``findings`` with the columns a page shows; ``day`` is an ISO date in UTC, texts are safe to show."""
    return findings.select(
        "severity",
        "status",
        pl.col("muted", "waived").fill_null(value=False),
        *(shown_text(name, _limit_of(name)) for name in _TEXTS),
        pl.col("observed_at").dt.strftime("%Y-%m-%d").fill_null("").alias("day"),
    )


def shape_evidence(findings: pl.DataFrame) -> pl.DataFrame:
    """``shape_rows`` with the finding's number, the scanner's words, and the day since when it fails ("" where not)."""
    evidence = findings.select(
        pl.col("number").alias("finding_number"),
        shown_text("status_detail"),
        pl.col("first_failed_on").cast(pl.String).fill_null("").alias("since"),
    )
    return pl.concat([shape_rows(findings), evidence], how="horizontal")


def has_long_text(findings: FindingsTable) -> bool:
    """Whether ``shape_rows`` shortens any text of ``findings``."""
    rows = pl.scan_parquet(findings.path).head(findings.total)
    is_cut = (pl.col(name).str.len_chars().max() > _limit_of(name) for name in _TEXTS)
    return bool(rows.select(pl.any_horizontal(is_cut)).collect().item())


def _limit_of(name: str) -> int:
    return IDENTIFIER_LIMIT if name == "resource_uid" else TEXT_LIMIT


def shown_text(name: str, limit: int = TEXT_LIMIT) -> pl.Expr:
    """The column as a page shows it: at most ``limit`` characters, safe, "" for null."""
    short = pl.col(name).fill_null("").map_batches(partial(_shorten_all, limit=limit), return_dtype=pl.String)
    return show_controls_in(short).alias(name)


def _shorten_all(texts: pl.Series, *, limit: int) -> pl.Series:
    """``shorten`` for a column, without a Python call for each text that is short enough."""
    places = (texts.str.len_chars() > limit).arg_true()
    if places.is_empty():
        return texts
    return texts.scatter(places, [shorten(text, limit) for text in texts.gather(places)])
