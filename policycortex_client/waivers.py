"""Waivers: failing findings accepted for some time, requested by one key and approved by another."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter, Transport, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One waiver, valid in ``[valid_from, valid_until)``; ``scope`` names what is accepted, None means any."""

    id: str
    status: str
    scope: Mapping[str, str | None]
    reason: str
    valid_from: datetime
    valid_until: datetime
    requester: str
    approver: str | None
    raw: Mapping[str, Any]


class WaiversClient(Transport):
    """Methods for waivers."""

    def request_waiver(self, body: Mapping[str, Any]) -> Waiver:
        """Request a waiver with the documented body; another key must approve it. Raises ApiError."""
        return _read(self._send("POST", "/v1/waivers", json=dict(body)).json())

    def approve_waiver(self, waiver_id: str) -> Waiver:
        """Approve it. Raises ApiError 409 when this key requested it."""
        return _read(self._send("POST", f"/v1/waivers/{waiver_id}/approve").json())

    def revoke_waiver(self, waiver_id: str) -> None:
        """Revoke it from now on; it stays in the list. Raises ApiError."""
        self._send("DELETE", f"/v1/waivers/{waiver_id}")

    def get_waiver(self, waiver_id: str) -> Waiver:
        """One waiver. Raises ApiError."""
        return _read(self._get(f"/v1/waivers/{waiver_id}"))

    def list_waivers(self, **filters: Filter) -> Page[Waiver]:
        """One page; ``filters`` are ``limit`` and ``offset``. Raises ApiError."""
        return read_items(self._get("/v1/waivers", **filters), "waivers", _read)

    def iterate_waivers(self) -> Iterator[Waiver]:
        """All waivers, with those that ended. Raises ApiError."""
        return walk(self.list_waivers, {})


def _read(body: Mapping[str, Any]) -> Waiver:
    return Waiver(
        id=body["id"],
        status=body["status"],
        scope=body["scope"],
        reason=body["reason"],
        valid_from=datetime.fromisoformat(body["from"]),
        valid_until=datetime.fromisoformat(body["until"]),
        requester=body["requester"],
        approver=body["approver"],
        raw=body,
    )
