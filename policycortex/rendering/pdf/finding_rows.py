"""Findings as they stand on a page: few columns, long texts cut with a mark, one form of date. For page and annex."""

from typing import Final

import polars as pl

from policycortex.rendering.visible_text import show_controls_in

TEXT_LIMIT: Final = 300
"""Characters of one text on a page; a title beyond that is cut with ``…``."""

IDENTIFIER_LIMIT: Final = 2048
"""Characters of a resource id on a page: as long as an ARN can be."""

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
    is_cut = (pl.col(name).str.len_chars().max() > _limit_of(name) for name in _TEXTS)
    return bool(findings.select(pl.any_horizontal(is_cut)).item())


def _limit_of(name: str) -> int:
    return IDENTIFIER_LIMIT if name == "resource_uid" else TEXT_LIMIT


def shown_text(name: str, limit: int = TEXT_LIMIT) -> pl.Expr:
    """The column as a page shows it: cut to ``limit`` characters with a mark, safe, "" for null."""
    column = pl.col(name).fill_null("")
    cut = pl.when(column.str.len_chars() > limit).then(column.str.head(limit) + "…").otherwise(column)
    return show_controls_in(cut).alias(name)


def _folded(name: str, length: int) -> pl.Expr:
    """Lines of at most ``length`` characters, ended after a separator where the line has one."""
    rest, to_separator = rf"(.{{1,{length}}}$)", rf"(.{{1,{length - 1}}}[/:_.\-])"
    cut = rf"(.{{{length}}}{_SAME_CLUSTER})"
    return pl.col(name).str.replace_all(f"{rest}|{to_separator}|{cut}", "${1}${2}${3}\n").str.strip_suffix("\n")
