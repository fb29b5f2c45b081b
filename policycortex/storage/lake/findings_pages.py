"""Reads the period-end posture's findings page by page, in the order of a report's findings table.

A page sorts the findings of as many checks as it needs, not all: how many findings each check has is counted first.
"""

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from policycortex.documents.tables import FINDING_COLUMNS
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.storage.lake.finding_filter import FindingFilter
from policycortex.storage.lake.findings_export import Texts, requirements_of, with_texts
from policycortex.storage.lake.findings_plan import load_plan, widened
from policycortex.storage.lake.input_frames import RELATIONS_SCHEMA, WAIVERS_SCHEMA, in_schema
from policycortex.storage.lake.scan_selection import period_end_cursor
from policycortex.storage.lake.session import LakeSession, fetch_frame

PAGE_COLUMNS: Final = tuple(name for name in FINDING_COLUMNS if name != "number")
"""A finding's number is one of a report, so that a page has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingPosition:
    """Where a page begins: a check among those of one status and severity, and how many of its findings come before."""

    rank: int
    check_id: str
    skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsPage:
    """Some findings, and where the next page begins."""

    findings: pl.DataFrame
    """PAGE_COLUMNS."""
    total: int
    """Findings of all pages."""
    next: FindingPosition | None
    """None on the last page."""


class FindingsPages:
    """Pages of findings of one lake, which must be read at one snapshot for all pages."""

    def __init__(self, session: LakeSession) -> None:
        self._session = session

    def load_page(
        self,
        scope: Scope,
        period: Period,
        *,
        wanted: FindingFilter,
        start: FindingPosition | None,
        limit: int,
        relations: pl.DataFrame | None,
        framework_id: str | None,
        waivers: pl.DataFrame | None,
    ) -> FindingsPage:
        """Up to ``limit`` findings from ``start`` on. Relations and waivers are those of ``FindingsExport``."""
        frames = {"relations": in_schema(relations, RELATIONS_SCHEMA), "waivers": in_schema(waivers, WAIVERS_SCHEMA)}
        with period_end_cursor(self._session, scope, period, frames) as (cursor, parameters):
            parameters |= {"is_related": relations is not None}
            plan = load_plan(cursor, scope, parameters, wanted)
            chunk = _chunk_of(plan, start, limit)
            if chunk is None:
                return FindingsPage(findings=_EMPTY, total=_count(plan), next=None)
            shown = {"framework_id": framework_id, "skipped": chunk.skipped, "limit": limit}
            found = fetch_frame(cursor, "export_findings", parameters | chunk.bounds | wanted.parameters() | shown)
        listed = requirements_of(frames["relations"])
        rows = with_texts(found, self._session, listed, Texts(scope.organization)).select(PAGE_COLUMNS)
        return FindingsPage(findings=rows, total=_count(plan), next=chunk.next)


_EMPTY: Final = pl.DataFrame(schema=dict.fromkeys(PAGE_COLUMNS, pl.String))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunk:
    bounds: dict[str, Any]
    skipped: int
    next: FindingPosition | None


def _count(plan: pl.DataFrame) -> int:
    return int(plan["findings"].sum())


def _chunk_of(plan: pl.DataFrame, start: FindingPosition | None, limit: int) -> _Chunk | None:
    """The checks that the page needs, in the order of the plan; None where nothing is left."""
    first = (start.rank, start.check_id) if start is not None else (0, "")
    skipped = start.skipped if start is not None else 0
    bounds: dict[str, Any] = {}
    held = 0
    for rank, check_id, findings in plan.iter_rows():
        if (rank, check_id) < first:
            continue
        if not bounds:
            skipped = skipped if (rank, check_id) == first else 0
        elif held == skipped + limit:
            return _Chunk(bounds=bounds, skipped=skipped, next=FindingPosition(rank=rank, check_id=check_id, skipped=0))
        bounds = widened(bounds, rank, check_id)
        before, held = held, held + findings
        if held > skipped + limit:
            following = FindingPosition(rank=rank, check_id=check_id, skipped=skipped + limit - before)
            return _Chunk(bounds=bounds, skipped=skipped, next=following)
    return _Chunk(bounds=bounds, skipped=skipped, next=None) if bounds else None
