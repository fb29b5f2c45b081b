"""Counts of the findings behind some requirements, from the lake itself: a page needs no file of findings."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from policycortex.documents.tables import CHECK_COUNTS_SCHEMA
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.storage.lake.input_frames import RELATIONS_SCHEMA, WAIVERS_SCHEMA, in_schema
from policycortex.storage.lake.scan_selection import period_end_cursor
from policycortex.storage.lake.session import Cursor, LakeSession, Parameters, fetch_frame

WAIVER_COUNTS_SCHEMA: Final = pl.Schema({"waiver_id": pl.String(), "findings": pl.Int64()})
"""Grain: one waiver and the number of failing, unmuted findings that it covers."""

_NOTHING_WAIVED: Final = pl.Schema({"check_id": pl.String(), "waived": pl.Int64()})


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedCounts:
    """What was counted of one scope and period."""

    checks: pl.DataFrame
    """CHECK_COUNTS_SCHEMA, by check."""
    waivers: pl.DataFrame
    """WAIVER_COUNTS_SCHEMA."""


class RelatedFindings:
    """Counts the findings of one lake that relations name."""

    def __init__(self, session: LakeSession) -> None:
        self._session = session

    def count_related(
        self, scope: Scope, period: Period, *, relations: pl.DataFrame, framework_id: str, waivers: pl.DataFrame
    ) -> RelatedCounts:
        """Counts of the period-end posture; the same as of a file that FindingsExport writes for these relations."""
        frames = {"relations": in_schema(relations, RELATIONS_SCHEMA), "waivers": in_schema(waivers, WAIVERS_SCHEMA)}
        with period_end_cursor(self._session, scope, period, frames) as (cursor, parameters):
            self._register_versions(cursor, parameters)
            checks = fetch_frame(cursor, "related_checks", parameters)
            waived, covered = _NOTHING_WAIVED.to_frame(), WAIVER_COUNTS_SCHEMA.to_frame()
            if not waivers.is_empty():
                given = parameters | {"framework_id": framework_id}
                waived, covered = (
                    fetch_frame(cursor, "related_waived", given),
                    fetch_frame(cursor, "related_waivers", given),
                )
        counted = checks.join(waived, on="check_id", how="left", maintain_order="left").with_columns(
            pl.col("waived").fill_null(0), failed=pl.col("failed") - pl.col("waived").fill_null(0)
        )
        return RelatedCounts(
            checks=counted.select(CHECK_COUNTS_SCHEMA.names()).cast(CHECK_COUNTS_SCHEMA), waivers=covered
        )

    def _register_versions(self, cursor: Cursor, parameters: Parameters) -> None:
        """As view ``scanner_versions``: only findings themselves have the versions, so that all of these days are read.

        A lake at a snapshot reads them once.
        """
        days = {name: parameters[name] for name in ("organization", "first_date", "last_date")}
        versions = self._session.recall(
            ("scanner_versions", *days.values()), lambda: fetch_frame(cursor, "scanner_versions", days)
        )
        cursor.register("scanner_versions", versions.to_arrow())
