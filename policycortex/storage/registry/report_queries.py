"""Statements that read reports: one, a page, the open ones, and what an estimate needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    UnaryExpression,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
)

from policycortex.errors import NotFoundError
from policycortex.names import ReportFormat, ReportStatus, ReportType
from policycortex.storage.registry.grant_tables import GRANT_PREFIX, is_granted
from policycortex.storage.registry.report_counts import load_tally
from policycortex.storage.registry.rows import (
    ArtifactRow,
    Failure,
    ReportFilter,
    ReportPage,
    ReportRow,
    Sharing,
)
from policycortex.storage.registry.tables import report_artifacts, report_frameworks, reports
from policycortex.storage.registry.visibility import is_visible_to

SORTS: Final = ("created_at", "generated_at", "name", "type", "status", "framework")
"""Accepted in ``sort``; a leading ``-`` sorts in descending order."""

_OPEN: Final = (ReportStatus.PENDING.value, ReportStatus.RUNNING.value)
_SAMPLE: Final = 20
INSIDE: Final = frozenset({"search_text", "is_restricted", "deleted_at", "sealed_password"})
"""Columns that are in no returned row."""
_ROW: Final = [c for c in reports.c if c.name not in INSIDE]
_ROW_NAMES: Final = [c.name for c in _ROW]
_ARTIFACT_NAMES: Final = ("key", "format", "size_bytes", "sha256", "media_type")
_Shape = tuple[str, ...]
_LISTED: Final = [
    c for c in _ROW if c.name not in {"order", "description", "failure", "made_with"}
]  # half of a row's bytes


# The statuses are literals, not parameters: only so does the planner use the partial indexes
_BEFORE: Final = (
    select(func.count())
    .select_from(reports)
    .where(
        reports.c.organization == bindparam("organization"),
        or_(*(reports.c.status == literal_column(f"'{status}'") for status in _OPEN)),
        reports.c.deleted_at.is_(None),
        reports.c.due_at <= bindparam("due_at"),
        or_(reports.c.due_at < bindparam("due_at"), reports.c.id < bindparam("id")),
    )
)
_LAST: Final = (
    select(reports.c.started_at, reports.c.completed_at)
    .where(
        reports.c.organization == bindparam("organization"),
        reports.c.type == bindparam("type"),
        reports.c.status == literal_column(f"'{ReportStatus.COMPLETED.value}'"),
        reports.c.deleted_at.is_(None),
    )
    .order_by(reports.c.created_at.desc())
    .limit(_SAMPLE)
    .subquery()
)
_WITH_FRAMEWORK: Final = select(report_frameworks.c.report_id).where(
    report_frameworks.c.framework == bindparam("framework")
)
_COMBINED: Final = _WITH_FRAMEWORK.limit(1)
"""Whether a report on several frameworks has this one: only then does a list look for them. One step in an index."""
_IS_COMBINED: Final = "combined"
_GRANT: Final = "grant"
"""In place of ``reader``, for the identity of an outside auditor."""
_QUEUE: Final = select(_BEFORE.scalar_subquery(), _LAST.c.started_at, _LAST.c.completed_at).select_from(
    select(literal_column("1")).subquery().outerjoin(_LAST, true())
)
"""One row for each of the last reports, at least one: this saves a second statement."""


def load_page(
    connection: Connection, organization: str, wanted: ReportFilter, *, limit: int, offset: int, sort: str
) -> ReportPage:
    """A page of an organisation's reports and the number of all that match; see ``ReportRepository.list_reports``."""
    parameters, shape = _parameters(organization, wanted), _shape(wanted)
    if wanted.framework is not None and connection.execute(_COMBINED, parameters).first() is not None:
        shape = (*shape, _IS_COMBINED)
    page = {**parameters, "page_limit": limit, "page_offset": offset}
    rows = connection.execute(_page_query(shape, sort), page).mappings().all()
    total = _total(connection, organization, wanted, parameters, shape)
    return ReportPage(reports=tuple(report_from(row) for row in rows), total=total)


def load_open_reports(connection: Connection, *, before: datetime, limit: int) -> tuple[ReportRow, ...]:
    """Pending and running reports of all organisations that were due before then, oldest first."""
    due = (reports.c.status.in_(_OPEN), reports.c.due_at <= before, reports.c.deleted_at.is_(None))
    query = select(*_ROW).where(*due).order_by(reports.c.due_at).limit(limit)
    return tuple(report_from(row) for row in connection.execute(query).mappings())


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingReport:
    """What decides the place of a report in the queue, whether or not it has a row."""

    organization: str
    type: ReportType
    due_at: datetime
    id: str


def load_queue(connection: Connection, report: ReportRow | WaitingReport) -> tuple[int, float | None]:
    """The place in the queue and the mean running time in seconds; see ``ReportRepository.load_queue``."""
    parameters = {"organization": report.organization, "due_at": report.due_at, "id": report.id}
    rows = connection.execute(_QUEUE, {**parameters, "type": report.type.value}).all()
    spans = [(ended - began).total_seconds() for _, began, ended in rows if began is not None and ended is not None]
    return int(rows[0][0]) + 1, sum(spans) / len(spans) if spans else None


def load_report(
    connection: Connection, report_id: str, *, organization: str | None = None, reader: str | None = None
) -> ReportRow:
    """One report that is not deleted, within the caller's transaction. Raises NotFoundError."""
    parameters = {"report_id": report_id, "organization": organization, "reader": reader}
    given = {_by_kind(name, value): value for name, value in parameters.items() if value is not None}
    rows = connection.execute(_report_query(tuple(given)), given).all()
    if not rows:
        raise NotFoundError(f"no report {report_id}")
    cut = len(_ROW)
    artifacts = [dict(zip(_ARTIFACT_NAMES, row[cut:], strict=True)) for row in rows if row[cut] is not None]
    return report_from(dict(zip(_ROW_NAMES, rows[0][:cut], strict=True)), artifacts)


@lru_cache(maxsize=8)
def _report_query(given: _Shape) -> Select[Any]:
    """One row for each artifact, at least one: a second statement would cost as much as the first."""
    where: list[ColumnElement[bool]] = [reports.c.id == bindparam("report_id"), reports.c.deleted_at.is_(None)]
    if "organization" in given:
        where.append(reports.c.organization == bindparam("organization"))
    if "reader" in given:
        where.append(is_visible_to(bindparam("reader")))
    if _GRANT in given:
        where.append(is_granted(bindparam(_GRANT)))
    made = [report_artifacts.c[name].label(f"artifact_{name}") for name in _ARTIFACT_NAMES]
    both = reports.outerjoin(report_artifacts, report_artifacts.c.report_id == reports.c.id)
    return select(*_ROW, *made).select_from(both).where(*where).order_by(report_artifacts.c.format)


def _shape(wanted: ReportFilter) -> _Shape:
    """Names of the filters that are set. Statements are built and cached once for each such combination."""
    given = ((item.name, getattr(wanted, item.name)) for item in fields(wanted))
    return tuple(_by_kind(name, value) for name, value in given if value is not None)


def _by_kind(name: str, value: object) -> str:
    """The name of a filter: a reader that is a grant has its own."""
    return _GRANT if name == "reader" and str(value).startswith(GRANT_PREFIX) else name


def _parameters(organization: str, wanted: ReportFilter) -> dict[str, Any]:
    values = {name: wanted.reader if name == _GRANT else getattr(wanted, name) for name in _shape(wanted)}
    if wanted.text is not None:
        escaped = wanted.text.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values["text"] = f"%{escaped}%"
    return {"organization": organization, **{name: getattr(value, "value", value) for name, value in values.items()}}


@lru_cache(maxsize=1024)
def _page_query(shape: _Shape, sort: str) -> Select[Any]:
    query = select(*_LISTED).where(*_conditions(shape)).order_by(*_ordering(sort))
    return query.limit(bindparam("page_limit")).offset(bindparam("page_offset"))


@lru_cache(maxsize=256)
def _count_query(shape: _Shape) -> Select[int]:
    return select(func.count()).select_from(reports).where(*_conditions(shape))


@lru_cache(maxsize=64)
def _hidden_query(shape: _Shape) -> Select[int]:
    """Restricted reports that the reader may not see."""
    others = tuple(name for name in shape if name != "reader")
    hidden = (*_conditions(others), reports.c.is_restricted, ~is_visible_to(bindparam("reader")))
    return select(func.count()).select_from(reports).where(*hidden)


def _conditions(shape: _Shape) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [
        reports.c.organization == bindparam("organization"),
        reports.c.deleted_at.is_(None),
    ]
    for name in shape:
        match name:
            case "generated_after":
                where.append(reports.c.completed_at >= bindparam(name))
            case "generated_before":
                where.append(reports.c.completed_at < bindparam(name))
            case "text":
                where.append(reports.c.search_text.like(bindparam(name), escape="\\"))
            case "framework" if _IS_COMBINED in shape:
                where.append(or_(reports.c.framework == bindparam(name), reports.c.id.in_(_WITH_FRAMEWORK)))
            case name if name == _IS_COMBINED:
                continue
            case "reader":
                where.append(is_visible_to(bindparam(name)))
            case name if name == _GRANT:
                where.append(is_granted(bindparam(name)))
            case _:
                where.append(reports.c[name] == bindparam(name))
    return where


def _total(
    connection: Connection, organization: str, wanted: ReportFilter, parameters: Mapping[str, Any], shape: _Shape
) -> int:
    if not wanted.is_exact or _IS_COMBINED in shape or _GRANT in shape:
        return int(connection.execute(_count_query(shape), parameters).scalar_one())
    total = load_tally(connection, organization, wanted)
    if wanted.reader is None:
        return total
    return total - int(connection.execute(_hidden_query(shape), parameters).scalar_one())


def _ordering(sort: str) -> list[UnaryExpression[Any]]:
    name = sort.removeprefix("-")
    columns = [reports.c["completed_at" if name == "generated_at" else name], reports.c.id]
    if name in {"type", "status", "framework"}:
        columns.insert(1, reports.c.created_at)  # as in the index, so that a page does not sort all reports of a type
    return [column.desc() if sort.startswith("-") else column.asc() for column in columns]


def report_from(row: Mapping[str, Any] | RowMapping, artifacts: Sequence[Mapping[str, Any]] = ()) -> ReportRow:
    """Build a report from its columns and those of its artifacts."""
    values = dict(row)
    failure, sharing = values.pop("failure", None), values.pop("sharing", None) or {}
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
