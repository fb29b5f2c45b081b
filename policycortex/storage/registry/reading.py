"""Reading reports: one, a page of many, the queue before one, and how long such reports took."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, UnaryExpression, and_, exists, func, or_, select

from policycortex.errors import NotFoundError
from policycortex.names import ReportFormat, ReportStatus, ReportType
from policycortex.storage.registry.base import Store
from policycortex.storage.registry.rows import ArtifactRow, Failure, ReportFilter, ReportPage, ReportRow, Sharing
from policycortex.storage.registry.tables import report_artifacts, report_shares, reports
from policycortex.storage.registry.tallies import load_tally

SORTS: Final = ("created_at", "generated_at", "name", "type", "status", "framework")
"""Accepted in ``sort``; a leading ``-`` turns the order round."""

_OPEN: Final = (ReportStatus.PENDING.value, ReportStatus.RUNNING.value)
_SAMPLE: Final = 20
_LISTED: Final = [c for c in reports.c if c.name not in {"search_text", "is_restricted", "deleted_at"}]


class ReadingVerbs(Store):
    """Everything that reads reports."""

    def get_report(self, organization: str, report_id: str, *, reader: str | None = None) -> ReportRow:
        """The report with its artifacts. Raises NotFoundError, also when not shared with ``reader``."""
        with self._reading() as connection:
            return load_report(connection, report_id, organization=organization, reader=reader)

    def find_report(self, report_id: str) -> ReportRow:
        """As ``get_report``, for callers that serve every organisation: the run, the reconciler, a link."""
        with self._reading() as connection:
            return load_report(connection, report_id)

    def list_reports(
        self,
        organization: str,
        wanted: ReportFilter | None = None,
        *,
        limit: int = 20,
        offset: int = 0,
        sort: str = "-created_at",
    ) -> ReportPage:
        """A page without artifacts, newest first unless ``sort`` says otherwise; ties are broken by id."""
        chosen = wanted or ReportFilter()
        where = _conditions(organization, chosen)
        query = select(*_LISTED).where(*where).order_by(*_ordering(sort)).limit(limit).offset(offset)
        with self._reading() as connection:
            rows = connection.execute(query).mappings().all()
            return ReportPage(
                reports=tuple(_report(row) for row in rows), total=_total(connection, organization, chosen)
            )

    def list_open_reports(self, *, before: datetime, limit: int = 1000) -> tuple[ReportRow, ...]:
        """Pending and running reports of all organisations that were due before then, oldest first; for reconciling."""
        due = (reports.c.status.in_(_OPEN), reports.c.due_at <= before, reports.c.deleted_at.is_(None))
        query = select(*_LISTED).where(*due).order_by(reports.c.due_at).limit(limit)
        with self._reading() as connection:
            return tuple(_report(row) for row in connection.execute(query).mappings())

    def queue_position(self, report: ReportRow) -> int:
        """1 for the next in line: open reports of the same organisation that were due before it, plus itself."""
        earlier = or_(
            reports.c.due_at < report.due_at, and_(reports.c.due_at == report.due_at, reports.c.id < report.id)
        )
        mine = (reports.c.organization == report.organization, reports.c.status.in_(_OPEN))
        query = select(func.count()).select_from(reports).where(*mine, earlier, reports.c.deleted_at.is_(None))
        with self._reading() as connection:
            return int(connection.execute(query).scalar_one()) + 1

    def average_seconds(self, organization: str, report_type: ReportType) -> float | None:
        """Mean running time of the organisation's last 20 completed reports of the type; None without any."""
        done = (
            reports.c.organization == organization,
            reports.c.type == report_type.value,
            reports.c.status == ReportStatus.COMPLETED.value,
            reports.c.deleted_at.is_(None),
        )
        query = select(reports.c.started_at, reports.c.completed_at).where(*done)
        query = query.order_by(reports.c.created_at.desc()).limit(_SAMPLE)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        spans = [(ended - began).total_seconds() for began, ended in rows if began is not None and ended is not None]
        return sum(spans) / len(spans) if spans else None


def load_report(
    connection: Connection, report_id: str, *, organization: str | None = None, reader: str | None = None
) -> ReportRow:
    """One live report, inside the caller's transaction. Raises NotFoundError."""
    where = [reports.c.id == report_id, reports.c.deleted_at.is_(None)]
    if organization is not None:
        where.append(reports.c.organization == organization)
    if reader is not None:
        where.append(_visible_to(reader))
    row = connection.execute(select(*_LISTED).where(*where)).mappings().first()
    if row is None:
        raise NotFoundError(f"no report {report_id}")
    query = (
        select(report_artifacts).where(report_artifacts.c.report_id == report_id).order_by(report_artifacts.c.format)
    )
    return _report(row, connection.execute(query).mappings().all())


def _conditions(organization: str, wanted: ReportFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [reports.c.organization == organization, reports.c.deleted_at.is_(None)]
    for name in ("type", "framework", "status"):
        value = getattr(wanted, name)
        if value is not None:
            where.append(reports.c[name] == value)
    if wanted.generated_after is not None:
        where.append(reports.c.completed_at >= wanted.generated_after)
    if wanted.generated_before is not None:
        where.append(reports.c.completed_at < wanted.generated_before)
    if wanted.text:
        where.append(reports.c.search_text.contains(wanted.text.casefold(), autoescape=True))
    if wanted.reader is not None:
        where.append(_visible_to(wanted.reader))
    return where


def _visible_to(reader: str) -> ColumnElement[bool]:
    shared = exists().where(report_shares.c.report_id == reports.c.id, report_shares.c.key_id == reader)
    return or_(reports.c.is_restricted.is_(False), reports.c.created_by == reader, shared)


def _total(connection: Connection, organization: str, wanted: ReportFilter) -> int:
    if not wanted.is_exact:
        return _count(connection, select(func.count()).select_from(reports).where(*_conditions(organization, wanted)))
    total = load_tally(connection, organization, wanted)
    if wanted.reader is None:
        return total
    restricted = (*_conditions(organization, replace(wanted, reader=None)), reports.c.is_restricted)
    hidden = select(func.count()).select_from(reports).where(*restricted, ~_visible_to(wanted.reader))
    return total - _count(connection, hidden)


def _count(connection: Connection, query: Select[int]) -> int:
    return int(connection.execute(query).scalar_one())


def _ordering(sort: str) -> list[UnaryExpression[Any]]:
    name = sort.removeprefix("-")
    column = reports.c["completed_at" if name == "generated_at" else name]
    if sort.startswith("-"):
        return [column.desc(), reports.c.id.desc()]
    return [column.asc(), reports.c.id.asc()]


def _report(row: RowMapping, artifacts: Sequence[RowMapping] = ()) -> ReportRow:
    values = dict(row)
    failure, sharing = values.pop("failure"), values.pop("sharing") or {}
    values["type"], values["status"] = ReportType(values["type"]), ReportStatus(values["status"])
    made = tuple(
        ArtifactRow(
            format=ReportFormat(a["format"]),
            key=a["key"],
            size_bytes=a["size_bytes"],
            sha256=a["sha256"],
            media_type=a["media_type"],
        )
        for a in artifacts
    )
    keys = sharing.get("key_ids")
    return ReportRow(
        **values,
        failure=Failure(**failure) if failure else None,
        sharing=Sharing(
            key_ids=None if keys is None else tuple(keys), are_links_allowed=sharing.get("are_links_allowed", True)
        ),
        artifacts=made,
    )
