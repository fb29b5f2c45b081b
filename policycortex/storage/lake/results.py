"""Stored results: requirement results and scores of each framework and day, replaced together."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from policycortex.names import CrosswalkEdition
from policycortex.scoring.result_tables import FRAMEWORK_SCORE_SCHEMA, REQUIREMENT_RESULT_SCHEMA
from policycortex.storage.lake.session import Cursor, LakeSession, run


@dataclass(frozen=True, slots=True, kw_only=True)
class DayResults:
    """One framework's results of one day in one edition."""

    day: date
    framework_id: str
    edition: CrosswalkEdition
    requirements: pl.DataFrame
    """REQUIREMENT_RESULT_SCHEMA."""
    scores: pl.DataFrame
    """FRAMEWORK_SCORE_SCHEMA."""


class LakeResults:
    """Requirement results and scores kept per day, of one lake."""

    def __init__(self, session: LakeSession) -> None:
        self._session = session

    def replace_results(self, organization: str, days: Collection[date], results: Sequence[DayResults]) -> None:
        """Replace all results of ``days`` by these, in one transaction.

        A day without results has no scans.
        """
        frames = {
            "new_requirements": _stacked(
                ((r.day, r.framework_id, r.edition, r.requirements) for r in results), REQUIREMENT_RESULT_SCHEMA
            ),
            "new_scores": _stacked(
                ((r.day, r.framework_id, r.edition, r.scores) for r in results), FRAMEWORK_SCORE_SCHEMA
            ),
        }

        def work(cursor: Cursor) -> None:
            for name in ("results_delete", "scores_delete"):
                run(cursor, name, {"organization": organization, "days": sorted(days)})
            for name in ("results_insert", "scores_insert"):
                run(cursor, name, {"organization": organization})

        self._session.write(f"replace the results of {len(days)} days", work, frames)

    def remove_results(self, organization: str, days: Collection[date]) -> None:
        """Remove the results of ``days``, which have no scans; without stored results nothing is written."""
        wanted = {"organization": organization, "days": sorted(days)}
        stored = self._session.fetch("stored_result_days", wanted)["observed_date"].to_list()
        if stored:
            self.replace_results(organization, stored, ())

    def load_outdated_days(self, organization: str, versions: Mapping[str, str]) -> tuple[date, ...]:
        """Days with tallies whose stored results are not of exactly these frameworks (id to version), in order.

        Compared are the reviewed results: both editions are stored together.
        """
        recorded: defaultdict[date, dict[str, str]] = defaultdict(dict)
        rows = self._session.fetch(
            "scored_versions", {"organization": organization, "edition": CrosswalkEdition.REVIEWED.value}
        )
        for day, framework_id, version in rows.iter_rows():
            recorded[day] |= {framework_id: version} if framework_id else {}
        return tuple(sorted(day for day, known in recorded.items() if known != versions))


def _stacked(parts: Iterable[tuple[date, str, CrosswalkEdition, pl.DataFrame]], schema: pl.Schema) -> pl.DataFrame:
    """All parts in one frame: ``row_no`` within its part, ``schema``, then day, framework and edition."""
    part_of = {"observed_date": pl.Date, "framework_id": pl.String, "edition": pl.String}
    empty = pl.DataFrame(schema={"row_no": pl.UInt32, **schema, **part_of})
    frames = (
        frame.select(schema.names())
        .cast(schema)
        .with_row_index("row_no")
        .with_columns(observed_date=pl.lit(day), framework_id=pl.lit(framework_id), edition=pl.lit(edition.value))
        for day, framework_id, edition, frame in parts
    )
    return pl.concat([empty, *frames])
