"""Schemas of the frames that callers pass to the lake."""

from typing import Final

import polars as pl

from policycortex.scoring.waivers import DAILY_WAIVERS_SCHEMA, WAIVERS_SCHEMA

__all__ = ["DAILY_WAIVERS_SCHEMA", "RELATIONS_SCHEMA", "WAIVERS_SCHEMA", "in_schema"]

RELATIONS_SCHEMA: Final = pl.Schema(
    {
        "provider": pl.String,
        "check_id": pl.String,
        "mapping_id": pl.String,
        "requirement_id": pl.String,
        "ordinal": pl.Int64,
    }
)
"""Grain: one requirement that the crosswalk relates to a tally key; ``ordinal`` is its position in the framework."""


def in_schema(frame: pl.DataFrame | None, schema: pl.Schema) -> pl.DataFrame:
    """The frame with these columns in this order; None becomes an empty frame."""
    return pl.DataFrame(schema=schema) if frame is None else frame.select(schema.names()).cast(schema)
