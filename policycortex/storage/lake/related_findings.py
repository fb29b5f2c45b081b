"""Counts of the findings behind some requirements, from the lake itself: a page needs no file of findings."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from policycortex.documents.tables import CHECK_COUNTS_SCHEMA
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.storage.lake.findings_export import Texts
from policycortex.storage.lake.input_frames import RELATIONS_SCHEMA, WAIVERS_SCHEMA, in_schema
from policycortex.storage.lake.scan_selection import period_end_cursor
from policycortex.storage.lake.session import LakeSession, fetch_frame

WAIVER_COUNTS_SCHEMA: Final = pl.Schema({"waiver_id": pl.String(), "findings": pl.Int64()})
"""Grain: one waiver and the number of failing, unmuted findings that it covers."""


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
            given = parameters | {"framework_id": framework_id}
            checks = fetch_frame(cursor, "related_checks", given)
            covered = (
                WAIVER_COUNTS_SCHEMA.to_frame() if waivers.is_empty() else fetch_frame(cursor, "related_waivers", given)
            )
        return RelatedCounts(checks=self._with_titles(scope.organization, checks), waivers=covered)

    def _with_titles(self, organization: str, checks: pl.DataFrame) -> pl.DataFrame:
        """The first of the titles of a check's findings, by the alphabet."""
        ids = checks["text_ids"].explode().drop_nulls().unique().to_list()
        known = Texts(organization).of(self._session, ids).select("text_id", "title")
        titles = (
            checks.select("check_id", pl.col("text_ids").alias("text_id"))
            .explode("text_id")
            .join(known, on="text_id", how="left")
            .group_by("check_id")
            .agg(pl.col("title").min())
        )
        joined = checks.join(titles, on="check_id", how="left", maintain_order="left")
        return joined.select(CHECK_COUNTS_SCHEMA.names()).cast(CHECK_COUNTS_SCHEMA)
