"""Generated from ``policycortex_client/schedules.py`` by ``clients/python/generate_async.py``."""

import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Any

from policycortex_client.aio.transport import AsyncTransport
from policycortex_client.aio.walking import walk
from policycortex_client.model import Page, read_items
from policycortex_client.schedules import _PATH, Schedule, ScheduleRun, _read, _read_run
from policycortex_client.transport import Filter


class AsyncSchedulesClient(AsyncTransport):
    """Methods for schedules."""

    async def create_schedule(self, body: Mapping[str, Any], *, idempotency_key: str | None = None) -> Schedule:
        """Create a schedule with the documented body. A retry never creates a second one. Raises ApiError."""
        headers = {"Idempotency-Key": idempotency_key or secrets.token_urlsafe(24)}
        return _read((await self._send("POST", _PATH, json=dict(body), headers=headers)).json())

    async def get_schedule(self, schedule_id: str) -> Schedule:
        """One schedule. Raises ApiError."""
        return _read(await self._get(f"{_PATH}/{schedule_id}"))

    async def list_schedules(self, **filters: Filter) -> Page[Schedule]:
        """One page; ``filters`` are ``enabled``, ``created_by``, ``q``, ``limit``, ``offset``. Raises ApiError."""
        return read_items(await self._get(_PATH, **filters), "schedules", _read)

    def iterate_schedules(self, **filters: Filter) -> AsyncIterator[Schedule]:
        """All of them, page by page. Raises ApiError."""
        return walk(self.list_schedules, filters)

    async def change_schedule(self, schedule_id: str, changes: Mapping[str, Any]) -> Schedule:
        """Replace the parts that ``changes`` names; the others stay. Raises ApiError."""
        return _read((await self._send("PATCH", f"{_PATH}/{schedule_id}", json=dict(changes))).json())

    async def delete_schedule(self, schedule_id: str) -> None:
        """Delete it and cancel what waits to be sent; its reports stay. Raises ApiError."""
        await self._send("DELETE", f"{_PATH}/{schedule_id}")

    async def run_schedule(self, schedule_id: str) -> str:
        """Request its report now; returns the report's id. Raises ApiError."""
        report_id: str = (await self._send("POST", f"{_PATH}/{schedule_id}/run")).json()["report_id"]
        return report_id

    async def test_schedule(self, schedule_id: str, delivery: Mapping[str, Any]) -> str:
        """Request its report now for these destinations only; returns the report's id. Raises ApiError."""
        body = {"delivery": dict(delivery)}
        report_id: str = (await self._send("POST", f"{_PATH}/{schedule_id}/test", json=body)).json()["report_id"]
        return report_id

    async def list_schedule_runs(self, schedule_id: str, **filters: Filter) -> Page[ScheduleRun]:
        """Its handled ticks, newest first; ``filters`` are ``limit`` and ``offset``. Raises ApiError."""
        return read_items(await self._get(f"{_PATH}/{schedule_id}/runs", **filters), "runs", _read_run)

    async def list_schedule_parts(self, schedule_id: str) -> Mapping[str, Any]:
        """The parts of a split schedule as of now, and what none of them has, as documented. Raises ApiError."""
        body: Mapping[str, Any] = await self._get(f"{_PATH}/{schedule_id}/parts")
        return body

    async def list_schedule_templates(self) -> tuple[Mapping[str, Any], ...]:
        """Templates of bodies for ``create_schedule``; add a delivery. Raises ApiError."""
        return tuple((await self._get(f"{_PATH}/templates"))["templates"])
