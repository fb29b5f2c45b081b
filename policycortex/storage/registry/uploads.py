"""Files that were uploaded to the API, and the result of their import.

The row is written before the file is in the landing zone. The run that imports the file writes its result; the sensor
of the landing zone ends uploads whose run was lost.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    RowMapping,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)

from policycortex.errors import NotFoundError
from policycortex.names import ImportStatus
from policycortex.storage.registry.base import Database, JsonColumn, UtcDateTime, metadata
from policycortex.storage.registry.report_changes import ensure_organization

uploads = Table(
    "uploads",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organization", String(64), ForeignKey("organizations.id"), nullable=False),
    Column("key_id", String(64), nullable=False),
    Column("file_name", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("run_id", String(64)),
    Column("records_read", BigInteger, nullable=False),
    Column("files", JsonColumn, nullable=False),
    Column("unrelated", JsonColumn, nullable=False),
    Column("failure", Text, nullable=False),
    Index("ix_uploads_created", "organization", "created_at", "id"),
)

OPEN: Final = (ImportStatus.PENDING, ImportStatus.RUNNING)
_IS_OPEN: Final = uploads.c.status.in_([status.value for status in OPEN])


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFile:
    """One file of an upload, an archive has several, and what its import did with it."""

    name: str
    outcome: str
    """A value of ``FileOutcome``."""
    reason: str
    """Why it was not imported, or the reasons of its first quarantined records; "" if there is none."""
    notes: tuple[str, ...]
    targets: str
    """What its scans were limited to; "" if nothing was imported."""
    import_id: str | None
    """None if nothing of it is stored."""
    is_new: bool
    """False if the same bytes were imported before; the counts are those of that import then."""
    read: int
    kept: int
    quarantined: int
    dates: tuple[str, ...]
    """UTC days of its findings, ISO."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRow:
    """One upload."""

    id: str
    organization: str
    key_id: str
    file_name: str
    target: str
    """What its scans were limited to, as the request says; "" if it does not."""
    size_bytes: int
    sha256: str
    status: ImportStatus
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    run_id: str | None
    """The Dagster run that imports it; of several attempts the last."""
    records_read: int
    """So far, accurate to some thousand."""
    files: tuple[UploadedFile, ...]
    unrelated: tuple[str, ...]
    """Sentences about findings that count towards no requirement."""
    failure: str
    """Why nothing was imported; "" unless failed."""


class UploadRepository:
    """Stores uploads and their progress."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_upload(
        self,
        organization: str,
        *,
        upload_id: str,
        key_id: str,
        file_name: str,
        target: str,
        size_bytes: int,
        sha256: str,
        now: datetime,
    ) -> UploadRow:
        """Create it as pending. An upload of that id is returned as it is."""
        row = {
            "id": upload_id,
            "organization": organization,
            "key_id": key_id,
            "file_name": file_name,
            "target": target,
            "size_bytes": size_bytes,
            "sha256": sha256,
            "status": ImportStatus.PENDING.value,
            "created_at": now,
            "records_read": 0,
            "files": [],
            "unrelated": [],
            "failure": "",
        }
        with self._database.writing() as connection:
            found = _find(connection, upload_id)
            if found is None:
                ensure_organization(connection, organization, now)
                connection.execute(insert(uploads).values(row))
                found = _find(connection, upload_id)
        if found is None or found.organization != organization:
            raise NotFoundError(f"no import {upload_id}")
        return found

    def find_upload(self, upload_id: str) -> UploadRow | None:
        """The upload of any organisation."""
        with self._database.reading() as connection:
            return _find(connection, upload_id)

    def get_upload(self, organization: str, upload_id: str) -> UploadRow:
        """The organisation's upload. Raises NotFoundError."""
        found = self.find_upload(upload_id)
        if found is None or found.organization != organization:
            raise NotFoundError(f"no import {upload_id}; GET /v1/imports lists all")
        return found

    def list_uploads(
        self, organization: str, *, status: ImportStatus | None, limit: int, offset: int
    ) -> tuple[tuple[UploadRow, ...], int]:
        """A page, newest first, and the number of all that match."""
        wanted = [uploads.c.organization == organization]
        if status is not None:
            wanted.append(uploads.c.status == status.value)
        page = select(uploads).where(*wanted).order_by(uploads.c.created_at.desc(), uploads.c.id.desc())
        with self._database.reading() as connection:
            rows = connection.execute(page.limit(limit).offset(offset)).mappings().all()
            total = connection.execute(select(func.count()).select_from(uploads).where(*wanted)).scalar_one()
        return tuple(map(_row, rows)), int(total)

    def count_open(self, organization: str) -> int:
        """Uploads of the organisation that have not ended."""
        query = select(func.count()).select_from(uploads).where(uploads.c.organization == organization, _IS_OPEN)
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def start_upload(self, upload_id: str, *, run_id: str, now: datetime) -> None:
        """Note that a run reads it. A second attempt begins to count again."""
        values = {"status": ImportStatus.RUNNING.value, "run_id": run_id, "started_at": now, "records_read": 0}
        self._change_open(upload_id, values)

    def note_progress(self, upload_id: str, records_read: int) -> None:
        """Note how many records were read so far."""
        self._change_open(upload_id, {"records_read": records_read})

    def end_upload(
        self,
        upload_id: str,
        *,
        files: Sequence[UploadedFile],
        unrelated: Sequence[str] = (),
        failure: str = "",
        now: datetime,
    ) -> None:
        """End it: failed if there is a ``failure``, else completed. An upload that has ended is not changed."""
        status = ImportStatus.FAILED if failure else ImportStatus.COMPLETED
        values: dict[str, Any] = {
            "status": status.value,
            "ended_at": now,
            "files": [{name: getattr(file, name) for name in UploadedFile.__slots__} for file in files],
            "unrelated": list(unrelated),
            "failure": failure,
        }
        if files:
            values["records_read"] = sum(file.read for file in files)
        self._change_open(upload_id, values)

    def _change_open(self, upload_id: str, values: dict[str, Any]) -> None:
        with self._database.writing() as connection:
            connection.execute(update(uploads).where(uploads.c.id == upload_id, _IS_OPEN).values(values))


def new_upload_id() -> str:
    """An id that nobody can guess."""
    return f"upl_{secrets.token_hex(8)}"


def _find(connection: Connection, upload_id: str) -> UploadRow | None:
    row = connection.execute(select(uploads).where(uploads.c.id == upload_id)).mappings().first()
    return _row(row) if row is not None else None


def _row(row: RowMapping) -> UploadRow:
    values: dict[str, Any] = {str(name): value for name, value in row.items()}
    files = tuple(
        UploadedFile(**(file | {"notes": tuple(file["notes"]), "dates": tuple(file["dates"])}))
        for file in values["files"]
    )
    return UploadRow(
        **(values | {"status": ImportStatus(row["status"]), "files": files, "unrelated": tuple(values["unrelated"])})
    )
