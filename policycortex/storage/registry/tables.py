"""Tables of reports, their files and their counts. Other tables are in the module of their repository."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, and_

from policycortex.storage.registry.base import JsonColumn, UtcDateTime, metadata

organizations = Table(
    "organizations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("retention_days", Integer),
)

reports = Table(
    "reports",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organization", String(64), ForeignKey("organizations.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("type", String(32), nullable=False),
    Column("framework", String(64)),
    Column("description", Text, nullable=False),
    Column("search_text", Text, nullable=False),  # name and description casefolded: one LIKE, any alphabet
    Column("order", JsonColumn, nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(32)),
    Column("due_at", UtcDateTime, nullable=False),
    Column("run_id", String(64)),
    Column("started_at", UtcDateTime),
    Column("completed_at", UtcDateTime),
    Column("progress_pct", Integer, nullable=False),
    Column("stage", String(32)),  # NULL unless it runs
    Column("expected_at", UtcDateTime),  # as given at the request; NULL in reports of schedules
    Column("failure", JsonColumn),
    Column("summary", JsonColumn),
    Column("content", JsonColumn),
    Column("snapshot", Text),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sharing", JsonColumn),
    Column("is_restricted", Boolean, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("deleted_at", UtcDateTime),
    Column("sealed_password", Text),  # only while the report is open
    Column("made_with", JsonColumn),  # NULL until completed, and in reports of earlier versions
)

report_artifacts = Table(
    "report_artifacts",
    metadata,
    Column("report_id", String(32), ForeignKey("reports.id"), primary_key=True),
    Column("format", String(16), primary_key=True),
    Column("key", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("media_type", Text, nullable=False),
)

report_files = Table(
    "report_files",
    metadata,
    Column("report_id", String(32), ForeignKey("reports.id"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("key", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("media_type", Text, nullable=False),
)

# Frameworks of a report on several, by each of which lists find it; other reports have none.
report_frameworks = Table(
    "report_frameworks",
    metadata,
    Column("report_id", String(32), ForeignKey("reports.id"), primary_key=True),
    Column("framework", String(64), primary_key=True, index=True),
)

report_shares = Table(
    "report_shares",
    metadata,
    Column("report_id", String(32), ForeignKey("reports.id"), primary_key=True),
    Column("key_id", String(32), primary_key=True),
)

# Counting a million rows for each page of a list would cost more than the page; so every change keeps these sums.
report_tallies = Table(
    "report_tallies",
    metadata,
    Column("organization", String(64), primary_key=True),
    Column("type", String(32), primary_key=True),
    Column("framework", String(64), primary_key=True),  # "" for none: a primary key holds no NULL
    Column("status", String(16), primary_key=True),
    Column("count", BigInteger, nullable=False),
)

_live = reports.c.deleted_at.is_(None)
Index(
    "ix_reports_created",
    reports.c.organization,
    reports.c.created_at,
    reports.c.id,
    sqlite_where=_live,
    postgresql_where=_live,
)
Index(
    "ix_reports_completed", reports.c.organization, reports.c.completed_at, sqlite_where=_live, postgresql_where=_live
)
Index("ix_reports_name", reports.c.organization, reports.c.name, sqlite_where=_live, postgresql_where=_live)
for _column in (reports.c.type, reports.c.framework, reports.c.status):
    Index(
        f"ix_reports_{_column.name}",
        reports.c.organization,
        _column,
        reports.c.created_at,
        sqlite_where=_live,
        postgresql_where=_live,
    )
_open = reports.c.status.in_(("pending", "running"))
Index("ix_reports_open", reports.c.due_at, sqlite_where=_open, postgresql_where=_open)
# An estimate must cost the same however many reports wait: it counts within the one, and reads the other's end.
_queued = and_(_open, _live)
Index(
    "ix_reports_queue",
    reports.c.organization,
    reports.c.due_at,
    reports.c.id,
    reports.c.status,
    reports.c.deleted_at,  # with these two columns SQLite reads only the index
    sqlite_where=_queued,
    postgresql_where=_queued,
)
_done = and_(reports.c.status == "completed", _live)
Index(
    "ix_reports_done",
    reports.c.organization,
    reports.c.type,
    reports.c.created_at,
    sqlite_where=_done,
    postgresql_where=_done,
)
_restricted = reports.c.is_restricted
Index("ix_reports_restricted", reports.c.organization, sqlite_where=_restricted, postgresql_where=_restricted)
