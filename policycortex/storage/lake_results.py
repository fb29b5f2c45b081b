"""Judgements kept for history: requirement results and scores of one framework and day, replaced together."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Final

import polars as pl

from policycortex.period import Period
from policycortex.storage.lake_session import Cursor, LakeSession, run

REQUIREMENTS_SCHEMA: Final = pl.Schema(
    {
        "requirement_id": pl.String,
        "result": pl.String,
        "passed": pl.Int64,
        "failed": pl.Int64,
        "manual": pl.Int64,
        "muted": pl.Int64,
        "waived": pl.Int64,
    }
)
"""Grain: one requirement, in the framework's order."""

SCORES_SCHEMA: Final = pl.Schema(
    {
        "framework_version": pl.String,
        "crosswalk_version": pl.String,
        "model": pl.String,
        "model_version": pl.String,
        "value_pct": pl.Float64,
        "numerator": pl.Float64,
        "denominator": pl.Float64,
        "muted": pl.Int64,
        "waived": pl.Int64,
        "manual": pl.Int64,
        "assessed": pl.Int64,
        "total": pl.Int64,
        "critical": pl.Int64,
        "high": pl.Int64,
        "medium": pl.Int64,
        "low": pl.Int64,
        "informational": pl.Int64,
    }
)
"""Grain: one score model; severities are failing findings; value_pct null where nothing was assessed."""


def replace_results(
    session: LakeSession,
    organization: str,
    days: Collection[date],
    framework_id: str,
    *,
    requirements: Mapping[date, pl.DataFrame],
    scores: Mapping[date, pl.DataFrame],
) -> None:
    """See ``Lake.replace_results``."""
    frames = {
        "new_requirements": _stacked(requirements, REQUIREMENTS_SCHEMA),
        "new_scores": _stacked(scores, SCORES_SCHEMA),
    }
    identity = {"organization": organization, "framework_id": framework_id}

    def work(cursor: Cursor) -> None:
        for name in ("results_delete", "scores_delete"):
            run(cursor, name, identity | {"days": sorted(days)})
        for name in ("results_insert", "scores_insert"):
            run(cursor, name, identity)

    session.write(f"replace the results of {framework_id} on {len(days)} days", work, frames)


def _stacked(frames: Mapping[date, pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
    """All days in one frame: ``observed_date``, ``row_no`` within the day, then ``schema``."""
    parts = [
        frame.select(schema.names()).cast(schema).with_row_index("row_no").with_columns(observed_date=pl.lit(day))
        for day, frame in sorted(frames.items())
    ]
    empty = pl.DataFrame(schema={"row_no": pl.UInt32, **schema, "observed_date": pl.Date})
    return pl.concat([empty, *parts])


def load_framework_scores(session: LakeSession, organization: str, framework_id: str, period: Period) -> pl.DataFrame:
    """See ``Lake.load_framework_scores``."""
    parameters = {"organization": organization, "framework_id": framework_id}
    return session.fetch(
        "framework_scores", parameters | {"first_date": period.first_date, "last_date": period.last_date}
    )
