"""Findings as they stand on a page: few columns, long texts cut with a mark, one form of date. For page and annex."""

from typing import Final

import polars as pl

from policycortex.rendering.visible_text import show_controls_in

TEXT_LIMIT: Final = 300
"""Characters of one text on a page; a resource id or title beyond that is cut with ``…``."""

_TEXTS: Final = ("title", "check_id", "resource_uid", "account_id", "region", "environment")
_LINE_LENGTHS: Final = {"check_id": 39, "resource_uid": 36, "account_id": 16}
"""Characters on one line of the fixed-width columns of the findings table, which print.css makes so wide."""
_SAME_CLUSTER: Final = r"(?:[\p{M}\x{1f3fb}-\x{1f3ff}]|\x{200d}\S)*"
"""What belongs to the character before it: accents, vowel signs, skin tones, parts of one emoji."""


def shape_rows(findings: pl.DataFrame) -> pl.DataFrame:
    """``findings`` with the columns a page shows; ``day`` is an ISO date in UTC, texts are safe to show."""
    return findings.select(
        "severity",
        "status",
        pl.col("muted", "waived").fill_null(value=False),
        *(shown_text(name) for name in _TEXTS),
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


def break_lines(rows: pl.DataFrame) -> pl.DataFrame:
    """Shaped rows for an engine that breaks no word: fixed-width texts cut into lines, long words made breakable."""
    return rows.with_columns(
        *(_folded(name, length) for name, length in _LINE_LENGTHS.items()),
        pl.col("title", "region", "environment", "status_detail").str.replace_all(
            rf"(\S{{18}}{_SAME_CLUSTER})", "${1}\u200b"
        ),
    )


def has_long_text(findings: pl.DataFrame) -> bool:
    """Whether ``shape_rows`` cuts any text of ``findings``."""
    longest = findings.select(pl.max_horizontal(pl.col(n).str.len_chars().max() for n in _TEXTS)).item()
    return longest is not None and longest > TEXT_LIMIT


def shown_text(name: str, limit: int = TEXT_LIMIT) -> pl.Expr:
    """The column as a page shows it: cut to ``limit`` characters with a mark, safe, "" for null."""
    column = pl.col(name).fill_null("")
    cut = pl.when(column.str.len_chars() > limit).then(column.str.head(limit) + "…").otherwise(column)
    return show_controls_in(cut).alias(name)


def _folded(name: str, length: int) -> pl.Expr:
    return pl.col(name).str.replace_all(rf"(.{{{length}}}{_SAME_CLUSTER})", "${1}\n").str.strip_suffix("\n")
