"""Grants: what outside auditors may see, and until when."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter, Transport, walk

_PATH = "/v1/grants"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One grant; ``raw`` is the whole body."""

    id: str
    name: str
    frameworks: tuple[str, ...]
    status: str
    """``active``, ``expired`` or ``revoked``."""
    expires_at: datetime
    link: str | None
    """Signs the auditor in. None except in the answer to its creation."""
    raw: Mapping[str, Any]


class GrantsClient(Transport):
    """Methods for grants. All but ``get_own_grant`` need the scope ``admin``."""

    def create_grant(self, body: Mapping[str, Any]) -> Grant:
        """Make a grant with the documented body. Raises ApiError."""
        return _read(self._send("POST", _PATH, json=dict(body)).json())

    def get_grant(self, grant_id: str) -> Grant:
        """One grant. Raises ApiError."""
        return _read(self._get(f"{_PATH}/{grant_id}"))

    def get_own_grant(self) -> Grant:
        """The grant that limits the caller. Raises ApiError 404 for keys, which have none."""
        return _read(self._get(f"{_PATH}/mine"))

    def list_grants(self, **filters: Filter) -> Page[Grant]:
        """One page; ``filters`` are ``limit`` and ``offset``. Raises ApiError."""
        return read_items(self._get(_PATH, **filters), "grants", _read)

    def iterate_grants(self) -> Iterator[Grant]:
        """All grants, with those that ended. Raises ApiError."""
        return walk(self.list_grants, {})

    def revoke_grant(self, grant_id: str) -> None:
        """End it at once; it stays in the list. Raises ApiError."""
        self._send("DELETE", f"{_PATH}/{grant_id}")


def _read(body: Mapping[str, Any]) -> Grant:
    return Grant(
        id=body["id"],
        name=body["name"],
        frameworks=tuple(body["frameworks"]),
        status=body["status"],
        expires_at=datetime.fromisoformat(body["expires_at"]),
        link=body.get("link"),
        raw=body,
    )
