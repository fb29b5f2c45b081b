"""Generated from ``policycortex_client/imports.py`` by ``clients/python/generate_async.py``."""

import asyncio
import mimetypes
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from policycortex_client.aio.transport import AsyncTransport
from policycortex_client.aio.walking import walk
from policycortex_client.imports import _LONGEST_WAIT, AsyncRepeatableFile, Import, _read
from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter


class AsyncImportsClient(AsyncTransport):
    """Methods for findings files."""

    async def upload_findings(
        self, file: Path, *, name: str = "", target: str = "", idempotency_key: str | None = None
    ) -> Import:
        """Send a file; returns once it is stored. With an ``idempotency_key`` it is sent again when the connection
        breaks. Raises ApiError."""
        params = {"name": name or file.name, "target": target}
        headers = {"Content-Type": mimetypes.guess_type(params["name"])[0] or "application/octet-stream"}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        sent = await self._send(
            "POST", "/v1/imports", params=params, headers=headers, content=AsyncRepeatableFile(file)
        )
        return _read(sent.json())

    async def get_import(self, import_id: str) -> Import:
        """One upload as it is now. Raises ApiError."""
        return _read(await self._get(f"/v1/imports/{import_id}"))

    async def wait_for_import(self, import_id: str, *, timeout_seconds: float = 600) -> Import:
        """The upload once its import has ended, or as it is after the time. Raises ApiError."""
        until = time.monotonic() + timeout_seconds
        while True:
            seconds = max(0, min(_LONGEST_WAIT, int(until - time.monotonic())))
            headers = {"Prefer": f"wait={seconds}"}
            found = _read((await self._send("GET", f"/v1/imports/{import_id}", headers=headers)).json())
            if not found.is_open or time.monotonic() >= until:
                return found
            await asyncio.sleep(0.2)

    async def list_imports(self, **filters: Filter) -> Page[Import]:
        """One page, newest first; ``filters`` are ``status``, ``limit`` and ``offset``. Raises ApiError."""
        return read_items(await self._get("/v1/imports", **filters), "imports", _read)

    def iterate_imports(self, **filters: Filter) -> AsyncIterator[Import]:
        """All uploads, newest first. Raises ApiError."""
        return walk(self.list_imports, filters)

    async def list_quarantine(self, import_id: str, **filters: Filter) -> Page[Mapping[str, Any]]:
        """One page of records that could not be kept: file, place, reason and text. Raises ApiError."""
        return read_items(await self._get(f"/v1/imports/{import_id}/quarantine", **filters), "records", dict)
