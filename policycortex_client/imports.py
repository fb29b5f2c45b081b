"""Findings files: uploaded, and followed until their import has ended."""

import mimetypes
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter, Transport, walk

_OPEN: Final = frozenset({"pending", "running"})
_CHUNK_BYTES: Final = 1 << 20
_LONGEST_WAIT: Final = 20  # below the timeout of a connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One uploaded file with the counts of its import; ``raw`` has what became of each file of an archive."""

    id: str
    status: str
    """``pending``, ``running``, ``completed`` or ``failed``."""
    file_name: str
    sha256: str
    created_at: datetime
    records_read: int
    records_kept: int
    records_quarantined: int
    warnings: tuple[str, ...]
    failure: str | None
    raw: Mapping[str, Any]

    @property
    def is_open(self) -> bool:
        """Whether the import has not ended."""
        return self.status in _OPEN


class ImportsClient(Transport):
    """Methods for findings files."""

    def upload_findings(
        self, file: Path, *, name: str = "", target: str = "", idempotency_key: str | None = None
    ) -> Import:
        """Send a file; returns once it is stored. With an ``idempotency_key`` it is sent again when the connection
        breaks. Raises ApiError."""
        params = {"name": name or file.name, "target": target}
        headers = {"Content-Type": mimetypes.guess_type(params["name"])[0] or "application/octet-stream"}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        sent = self._send("POST", "/v1/imports", params=params, headers=headers, content=RepeatableFile(file))
        return _read(sent.json())

    def get_import(self, import_id: str) -> Import:
        """One upload as it is now. Raises ApiError."""
        return _read(self._get(f"/v1/imports/{import_id}"))

    def wait_for_import(self, import_id: str, *, timeout_seconds: float = 600) -> Import:
        """The upload once its import has ended, or as it is after the time. Raises ApiError."""
        until = time.monotonic() + timeout_seconds
        while True:
            seconds = max(0, min(_LONGEST_WAIT, int(until - time.monotonic())))
            headers = {"Prefer": f"wait={seconds}"}
            found = _read(self._send("GET", f"/v1/imports/{import_id}", headers=headers).json())
            if not found.is_open or time.monotonic() >= until:
                return found
            time.sleep(0.2)

    def list_imports(self, **filters: Filter) -> Page[Import]:
        """One page, newest first; ``filters`` are ``status``, ``limit`` and ``offset``. Raises ApiError."""
        return read_items(self._get("/v1/imports", **filters), "imports", _read)

    def iterate_imports(self, **filters: Filter) -> Iterator[Import]:
        """All uploads, newest first. Raises ApiError."""
        return walk(self.list_imports, filters)

    def list_quarantine(self, import_id: str, **filters: Filter) -> Page[Mapping[str, Any]]:
        """One page of records that could not be kept: file, place, reason and text. Raises ApiError."""
        return read_items(self._get(f"/v1/imports/{import_id}/quarantine", **filters), "records", dict)


class RepeatableFile:
    """The bytes of a file, from its start at each attempt."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[bytes]:
        with self._path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk


class AsyncRepeatableFile:
    """The same for asynchronous clients. Reading blocks for as long as the disk takes for one MiB."""

    def __init__(self, path: Path) -> None:
        self._file = RepeatableFile(path)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._file:
            yield chunk


def _read(body: Mapping[str, Any]) -> Import:
    return Import(
        id=body["id"],
        status=body["status"],
        file_name=body["file_name"],
        sha256=body["sha256"],
        created_at=datetime.fromisoformat(body["created_at"]),
        records_read=body["records_read"],
        records_kept=body["records_kept"],
        records_quarantined=body["records_quarantined"],
        warnings=tuple(body["warnings"]),
        failure=body["failure"],
        raw=body,
    )
