"""Waivers: failing findings accepted for some time, requested by one key and approved by another."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policycortex_client.approvals import Approval, ApprovalsTransport, approval_fields
from policycortex_client.model import Page
from policycortex_client.transport import Filter, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver(Approval):
    """One waiver; ``scope`` names what is accepted, None means any."""

    scope: Mapping[str, str | None]
    kind: str
    """Why it is accepted."""
    adjusted_severity: str | None
    """What a risk adjustment states; None for other kinds."""


class WaiversClient(ApprovalsTransport):
    """Methods for waivers."""

    def request_waiver(self, body: Mapping[str, Any]) -> Waiver:
        """Request a waiver with the documented body; another key must approve it. Raises ApiError."""
        return self._request_record("waivers", body, _read)

    def approve_waiver(self, waiver_id: str, *, role: str | None = None) -> Waiver:
        """Approve it, in a role that reports name. Raises ApiError 409 when this key requested it."""
        return self._approve_record("waivers", waiver_id, {"role": role}, _read)

    def revoke_waiver(self, waiver_id: str) -> None:
        """Revoke it from now on; it stays in the list. Raises ApiError."""
        self._revoke_record("waivers", waiver_id)

    def get_waiver(self, waiver_id: str) -> Waiver:
        """One waiver. Raises ApiError."""
        return self._get_record("waivers", waiver_id, _read)

    def list_waivers(self, **filters: Filter) -> Page[Waiver]:
        """One page; ``filters`` are ``limit`` and ``offset``. Raises ApiError."""
        return self._list_records("waivers", filters, _read)

    def iterate_waivers(self) -> Iterator[Waiver]:
        """All waivers, with those that ended. Raises ApiError."""
        return walk(self.list_waivers, {})


def _read(body: Mapping[str, Any]) -> Waiver:
    own = {name: body[name] for name in ("scope", "kind", "adjusted_severity")}
    return Waiver(**approval_fields(body), **own)
