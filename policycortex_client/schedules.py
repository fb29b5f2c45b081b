"""Schedules: a report at every tick of a cron expression."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policycortex_client.model import Page, read_items, read_moment
from policycortex_client.transport import Filter, Transport, walk

_PATH = "/v1/reports/schedules"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRun:
    """One handled tick: its report, or why it was skipped."""

    scheduled_for: datetime | None
    report_id: str | None
    status: str
    """The report's, or ``skipped``."""
    reason: str | None
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A schedule; ``raw`` is the whole body."""

    id: str
    name: str
    cron: str
    timezone: str
    is_enabled: bool
    created_by: str | None
    """Id of the key that made it."""
    next_runs: tuple[datetime, ...]
    """The next five, UTC; none while disabled."""
    last_run: ScheduleRun | None
    raw: Mapping[str, Any]


class SchedulesClient(Transport):
    """Methods for schedules."""

    def create_schedule(self, body: Mapping[str, Any], *, idempotency_key: str | None = None) -> Schedule:
        """Create a schedule with the documented body. A retry never creates a second one. Raises ApiError."""
        headers = {"Idempotency-Key": idempotency_key or secrets.token_urlsafe(24)}
        return _read(self._send("POST", _PATH, json=dict(body), headers=headers).json())

    def get_schedule(self, schedule_id: str) -> Schedule:
        """One schedule. Raises ApiError."""
        return _read(self._get(f"{_PATH}/{schedule_id}"))

    def list_schedules(self, **filters: Filter) -> Page[Schedule]:
        """One page; ``filters`` are ``enabled``, ``created_by``, ``q``, ``limit``, ``offset``. Raises ApiError."""
        return read_items(self._get(_PATH, **filters), "schedules", _read)

    def iterate_schedules(self, **filters: Filter) -> Iterator[Schedule]:
        """All of them, page by page. Raises ApiError."""
        return walk(self.list_schedules, filters)

    def change_schedule(self, schedule_id: str, changes: Mapping[str, Any]) -> Schedule:
        """Replace the parts that ``changes`` names; the others stay. Raises ApiError."""
        return _read(self._send("PATCH", f"{_PATH}/{schedule_id}", json=dict(changes)).json())

    def delete_schedule(self, schedule_id: str) -> None:
        """Delete it and cancel what waits to be sent; its reports stay. Raises ApiError."""
        self._send("DELETE", f"{_PATH}/{schedule_id}")

    def run_schedule(self, schedule_id: str) -> str:
        """Request its report now; returns the report's id. Raises ApiError."""
        report_id: str = self._send("POST", f"{_PATH}/{schedule_id}/run").json()["report_id"]
        return report_id

    def test_schedule(self, schedule_id: str, delivery: Mapping[str, Any]) -> str:
        """Request its report now for these destinations only; returns the report's id. Raises ApiError."""
        body = {"delivery": dict(delivery)}
        report_id: str = self._send("POST", f"{_PATH}/{schedule_id}/test", json=body).json()["report_id"]
        return report_id

    def list_schedule_runs(self, schedule_id: str, **filters: Filter) -> Page[ScheduleRun]:
        """Its handled ticks, newest first; ``filters`` are ``limit`` and ``offset``. Raises ApiError."""
        return read_items(self._get(f"{_PATH}/{schedule_id}/runs", **filters), "runs", _read_run)

    def list_schedule_parts(self, schedule_id: str) -> Mapping[str, Any]:
        """The parts of a split schedule as of now, and what none of them has, as documented. Raises ApiError."""
        body: Mapping[str, Any] = self._get(f"{_PATH}/{schedule_id}/parts")
        return body

    def list_schedule_templates(self) -> tuple[Mapping[str, Any], ...]:
        """Templates of bodies for ``create_schedule``; add a delivery. Raises ApiError."""
        return tuple(self._get(f"{_PATH}/templates")["templates"])


def _read(body: Mapping[str, Any]) -> Schedule:
    last = body["last_run"]
    return Schedule(
        id=body["id"],
        name=body["name"],
        cron=body["schedule"]["cron"],
        timezone=body["schedule"]["timezone"],
        is_enabled=body["enabled"],
        created_by=body["created_by"],
        next_runs=tuple(datetime.fromisoformat(text) for text in body["next_runs"]),
        last_run=_read_run(last) if last is not None else None,
        raw=body,
    )


def _read_run(body: Mapping[str, Any]) -> ScheduleRun:
    return ScheduleRun(
        scheduled_for=read_moment(body["scheduled_for"]),
        report_id=body["report_id"],
        status=body["status"],
        reason=body["reason"],
        raw=body,
    )
