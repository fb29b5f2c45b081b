"""Daily data of trends, risk and comparison: what is stored per day, and the frames for their calculation.

Ages depend on earlier days, so days are built in order. When a day changes, later days with the same checks are built
again until one does not change. No query reads days outside its period.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from policycortex.errors import UnavailableError
from policycortex.frameworks.crosswalk import RELATED_SCHEMA
from policycortex.names import CrosswalkEdition
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.ages import EPISODE_SCHEMA, KNOWN_WITHIN_DAYS
from policycortex.scoring.changes_model import COVERED_SCHEMA, STATE_SCHEMA
from policycortex.scoring.risk_model import RISK_ITEM_SCHEMA
from policycortex.storage.lake.input_frames import WAIVERS_SCHEMA, in_schema
from policycortex.storage.lake.partition_spans import run_by_organization
from policycortex.storage.lake.scan_selection import (
    Posture,
    carried_cursor,
    fetch_daily,
    fetch_period_end,
    period_end_cursor,
    period_parameters,
    scans_read,
    scope_filters,
)
from policycortex.storage.lake.scope_views import scope_cursor
from policycortex.storage.lake.session import Cursor, LakeSession, fetch_frame, run, sql

LOOKBACK_DAYS: Final = 400
"""A finding that was not scanned for longer starts a new age: without scans nothing shows that it kept failing.

Scans once a year are within it."""

_NEAR_DAYS: Final = 92
"""Most checks were looked at within a quarter; earlier days are read only for a day with a check that was not."""

CHANGES_SCHEMA: Final = pl.Schema(
    {
        "previous_date": pl.Date,
        "framework_id": pl.String,
        "edition": pl.String,
        "cause": pl.String,
        "findings": pl.Int64,
        "passed": pl.Int64,
        "failed": pl.Int64,
        "points": pl.String,
    }
)
"""Grain: framework (null: all findings) and cause of one day's change since ``previous_date``.

``points`` is an exact fraction, ``-110/9``; null where either day has no score.
"""

RISK_SCHEMA: Final = pl.Schema(
    [
        ("dimension", pl.String()),
        ("label", pl.String()),
        ("risk_version", pl.String()),
        ("value", pl.Float64()),
        *((part, pl.Float64()) for part in ("severity", "exposure", "age", "environment")),
        ("failed", pl.Int64()),
        ("assessed", pl.Int64()),
        *((name, pl.Float64()) for name in ("worst", "others")),
        ("band", pl.String()),
        ("share_pct", pl.Float64()),
    ]
)
"""Grain: one value of a dimension (``total`` has the label ""); parts, worst and others in points of risk.

Days built before version 3 of risk have null in the last four until they are built again.
"""

_BATCH_ROWS: Final = 50_000
_TALLY: Final = ("provider", "check_id", "mapping_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeCounts:
    """Failing keys of one day after its ages were built."""

    day: date
    keys: int
    is_changed: bool
    """Whether the day's ages changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFindings:
    """The findings that differ between two dates."""

    before: pl.DataFrame
    """STATE_SCHEMA: all findings of (check, account, region, resource) that changed."""
    after: pl.DataFrame
    same: pl.DataFrame
    """Grain: tally key; ``passed`` and ``failed`` findings in scope of keys that did not change."""


class LakeAnalytics:
    """Stores and reads analytics of one lake."""

    def __init__(self, session: LakeSession) -> None:
        self._session = session

    def rebuild_ages(self, days: Iterable[date]) -> tuple[AgeCounts, ...]:
        """Replace ages, remediations and risk tallies of these days, oldest first, and of later days that they change.

        Days without findings are left out of the result.
        """
        requested = self._existing(frozenset(days))
        waiting, counts = set(requested), list[AgeCounts]()
        while waiting:
            day = min(waiting)
            counts.append(self._rebuild_day(day))
            waiting.remove(day)
            # A requested day may have new checks although nothing fails, so its later days are always built.
            if day in requested or counts[-1].is_changed:
                waiting |= self._following(day)
        return tuple(counts)

    def load_risk_items(
        self,
        scope: Scope,
        posture: Posture,
        *,
        waivers: pl.DataFrame,
        relations: pl.DataFrame | None = None,
        framework_id: str | None = None,
    ) -> pl.DataFrame:
        """Risk items (RISK_ITEM_SCHEMA) of the posture in scope, without waived findings."""
        name, more = "analytics_risk_items", dict[str, Any](is_related=relations is not None)
        if not waivers.is_empty():
            name, more = "analytics_risk_items_waived", more | {"framework_id": framework_id}

        def read() -> pl.DataFrame:
            frames = _frames(relations, waivers)
            return fetch_period_end(self._session, name, scope, posture, more=more, frames=frames).cast(
                RISK_ITEM_SCHEMA
            )

        is_of_scans_alone = relations is None and waivers.is_empty()
        return self._session.recall((name, scope, posture), read) if is_of_scans_alone else read()

    def load_episodes(self, scope: Scope, period: Period) -> pl.DataFrame:
        """``provider``, ``check_id``, ``mapping_id``, then EPISODE_SCHEMA: failing keys that ended in the period."""
        parameters = _days(scope.organization, period) | scope_filters(scope)
        keys = pl.Schema(dict.fromkeys(_TALLY, pl.String))
        first, last = parameters["first_date"], parameters["last_date"]
        with scope_cursor(self._session, scope, first, last, lookback_days=LOOKBACK_DAYS) as cursor:
            return fetch_frame(cursor, "analytics_episodes", parameters).cast(pl.Schema(keys | EPISODE_SCHEMA))

    def load_minimum_ages(self, organization: str, oldest: pl.DataFrame) -> frozenset[str]:
        """Severities of ``oldest`` (``oldest_failing``) with a finding that may have failed before its first day.

        Its check was not looked at in its account in KNOWN_WITHIN_DAYS before. Reads those days of coverage only.
        """
        found = set[str]()
        for since in oldest["failing_since"].unique().to_list():
            parameters = {"organization": organization, "since": since, "known_days": KNOWN_WITHIN_DAYS}
            rows = self._session.fetch("analytics_minimum_ages", parameters, {"oldest": oldest})
            found |= set(rows["severity"].to_list())
        return frozenset(found)

    def load_daily_places(self, scope: Scope, period: Period, *, by: str, since: date | None = None) -> pl.DataFrame:
        """Per day as last known: place, provider, check_id, mapping_id, passed, failed, newest_on, oldest_on.

        Days are those of the period's zone; one for which no scan counts has no rows. ``by``: account, provider or
        environment; any other value gives one place, "". newest_on and oldest_on: days of the scans that count.
        Checks and targets without a scan from ``since`` on do not count; None: all do.
        """
        return fetch_daily(self._session, "analytics_daily", scope, period, since=since, more={"by": by})

    def load_days_carried_to(self, organization: str, days: Sequence[date]) -> tuple[date, ...]:
        """Scanned UTC days after those of ``days`` on which a scan of one of ``days`` counts, in order."""
        reach = timedelta(days=self._session.carry_days)
        period = Period.of_days(min(days), max(days) + reach)
        with carried_cursor(self._session, Scope(organization=organization), period) as (cursor, _):
            rows = fetch_frame(cursor, "carried_to", {"days": sorted(days)})
        return tuple(rows["day"].to_list())

    def load_local_days(self, organization: str, period: Period) -> dict[date, date]:
        """The day in the period's zone of each UTC day with scans that ended then; the later one of two."""
        if period.zone is UTC:
            return {}
        with carried_cursor(self._session, Scope(organization=organization), period) as (cursor, _):
            rows = fetch_frame(cursor, "local_days")
        return dict(rows.iter_rows())

    def load_requirement_history(
        self, organization: str, framework_id: str, period: Period, *, edition: CrosswalkEdition
    ) -> pl.DataFrame:
        """RESULT_HISTORY_SCHEMA of one edition."""
        parameters = _days(organization, period) | {"framework_id": framework_id, "edition": edition.value}
        return self._session.fetch_kept("analytics_requirements", parameters)

    def load_changes(
        self,
        organization: str,
        framework_id: str | None,
        period: Period,
        *,
        editions: Sequence[CrosswalkEdition] = (CrosswalkEdition.REVIEWED,),
    ) -> pl.DataFrame:
        """``observed_date``, then CHANGES_SCHEMA without framework and edition; oldest first."""
        parameters = _days(organization, period) | {"framework_id": framework_id, "editions": list(editions)}
        return self._session.fetch("analytics_changes", parameters)

    def load_risk_history(self, organization: str, period: Period, *, dimension: str, label: str) -> pl.DataFrame:
        """``observed_date``, then RISK_SCHEMA without dimension and label; oldest first."""
        parameters = _days(organization, period) | {"dimension": dimension, "label": label}
        return self._session.fetch("analytics_risk_history", parameters)

    def load_unbuilt_days(self) -> tuple[date, ...]:
        """Days with findings of some organisation whose risk and changes are not stored, in order."""
        return tuple(self._session.fetch("unbuilt_days")["observed_date"].to_list())

    def replace_day(self, organization: str, day: date, *, changes: pl.DataFrame, risk: pl.DataFrame) -> None:
        """Replace the CHANGES_SCHEMA and RISK_SCHEMA rows of a day, in one transaction."""
        key = {"organization": organization, "day": day}

        def work(cursor: Cursor) -> None:
            for table in ("changes", "risk"):
                run(cursor, f"analytics_{table}_delete", key)
                run(cursor, f"analytics_{table}_insert", key)

        frames = {"new_changes": in_schema(changes, CHANGES_SCHEMA), "new_risk": in_schema(risk, RISK_SCHEMA)}
        self._session.write(f"keep the changes and risk of {day}", work, frames)

    def write_states(
        self,
        scope: Scope,
        posture: Posture,
        *,
        path: Path,
        waivers: pl.DataFrame,
        relations: pl.DataFrame | None = None,
        framework_id: str | None = None,
    ) -> None:
        """Write the posture's findings to one Parquet file, STATE_SCHEMA; also those out of scope."""
        frames = _frames(relations, waivers)
        schema = STATE_SCHEMA.to_frame().to_arrow().schema
        with _new_file(path) as part, period_end_cursor(self._session, scope, posture, frames) as (cursor, parameters):
            statement = sql("analytics_states")
            batches = cursor.execute(statement, parameters | {"framework_id": framework_id}).to_arrow_reader(
                _BATCH_ROWS
            )
            with pq.ParquetWriter(part, schema, compression="zstd") as writer:
                for batch in batches:
                    writer.write_table(pa.Table.from_batches([batch]).cast(schema))

    def load_covered(self, organization: str, posture: Posture) -> pl.DataFrame:
        """What the organisation's scans that the posture is selected from looked at, COVERED_SCHEMA."""
        with period_end_cursor(self._session, Scope(organization=organization), posture) as (cursor, _):
            read = scans_read(self._session, posture)
            rows = fetch_frame(cursor, "covered_checks", period_parameters(organization, read))
        return rows.cast(COVERED_SCHEMA)

    def load_changed_findings(
        self, before: Path, after: Path, *, one_sided: pl.DataFrame | None = None
    ) -> ChangedFindings:
        """Findings of keys that differ between two exported dates, and counts of the others.

        ``one_sided``: tally keys that only one of the dates' frameworks relates; all their findings are returned.
        """
        paths = {"before": str(before), "after": str(after)}
        with self._session.cursor({"one_sided": _keys(one_sided)}) as cursor:
            cursor.execute(sql("analytics_changed_keys"), paths)
            changed = fetch_frame(cursor, "analytics_changed_findings", paths)
            same = fetch_frame(cursor, "analytics_same", {"before": str(before)})
        parts = changed.partition_by("is_before", as_dict=True, include_key=False)
        old, new = (parts.get((key,), STATE_SCHEMA.to_frame()).select(STATE_SCHEMA.names()) for key in (True, False))
        return ChangedFindings(before=old, after=new, same=same)

    def count_same_keys(
        self, before: Path, after: Path, *, one_sided: pl.DataFrame | None, relations: pl.DataFrame | None
    ) -> int:
        """Number of failing (check, account, region, resource) that did not change between the two dates."""
        frames = {"one_sided": _keys(one_sided), "related": _keys(relations)}
        with self._session.cursor(frames) as cursor:
            cursor.execute(sql("analytics_changed_keys"), {"before": str(before), "after": str(after)})
            parameters = {"before": str(before), "is_related": relations is not None}
            return int(fetch_frame(cursor, "analytics_same_keys", parameters)["keys"].item())

    def _rebuild_day(self, day: date) -> AgeCounts:
        def work(cursor: Cursor) -> AgeCounts:
            near: Mapping[str, Any] = {"day": day, "near_days": _NEAR_DAYS}
            unseen, organizations = fetch_frame(cursor, "analytics_unseen", near).row(0)
            window: Mapping[str, Any] = {"day": day, "lookback_days": LOOKBACK_DAYS if unseen else _NEAR_DAYS}
            before = fetch_frame(cursor, "analytics_failing_digest", {"day": day}).row(0)
            for table in ("failing", "remediations"):
                run(cursor, f"analytics_{table}_delete", {"day": day})
                run_by_organization(cursor, f"analytics_{table}_insert", window, organizations or ())
            run(cursor, "analytics_tallies_delete", {"day": day})
            run_by_organization(cursor, "analytics_tallies_insert", {"day": day}, organizations or ())
            after = fetch_frame(cursor, "analytics_failing_digest", {"day": day}).row(0)
            return AgeCounts(day=day, keys=after[1], is_changed=after != before)

        return self._session.write(f"rebuild the ages of {day}", work)

    def _existing(self, days: frozenset[date]) -> frozenset[date]:
        if not days:
            return days
        bounds = {"first_date": min(days), "last_date": max(days)}
        return days.intersection(self._session.fetch("analytics_days", bounds)["observed_date"].to_list())

    def _following(self, day: date) -> set[date]:
        window = {"day": day, "lookback_days": LOOKBACK_DAYS}
        return set(self._session.fetch("analytics_later_days", window)["observed_date"].to_list())


def _frames(relations: pl.DataFrame | None, waivers: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {"relations": in_schema(relations, RELATED_SCHEMA), "waivers": in_schema(waivers, WAIVERS_SCHEMA)}


def _keys(frame: pl.DataFrame | None) -> pl.DataFrame:
    return pl.DataFrame(schema=dict.fromkeys(_TALLY, pl.String)) if frame is None else frame.select(_TALLY).unique()


def _days(organization: str, period: Period) -> dict[str, Any]:
    return {"organization": organization, "first_date": period.first_utc_date, "last_date": period.last_utc_date}


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path``, renamed to it at the end and removed after an error."""
    part = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise UnavailableError(f"cannot write findings to {path}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
