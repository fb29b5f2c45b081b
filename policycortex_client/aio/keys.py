"""Generated from ``policycortex_client/keys.py`` by ``clients/python/generate_async.py``."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from policycortex_client.aio.transport import AsyncTransport
from policycortex_client.aio.walking import walk
from policycortex_client.keys import _PATH
from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter


class AsyncKeysClient(AsyncTransport):
    """Methods for keys, people and connections. All but ``get_me`` need the scope ``admin``."""

    async def get_me(self) -> Mapping[str, Any]:
        """Organisation, scopes and limits of this key, as documented. Raises ApiError."""
        body: Mapping[str, Any] = await self._get("/v1/me")
        return body

    async def create_key(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a key with the documented body; its ``secret`` is in no other answer. Raises ApiError."""
        made: Mapping[str, Any] = (await self._send("POST", _PATH, json=dict(body))).json()
        return made

    async def get_key(self, key_id: str) -> Mapping[str, Any]:
        """One key or person. Raises ApiError."""
        body: Mapping[str, Any] = await self._get(f"{_PATH}/{key_id}")
        return body

    async def list_keys(self, **filters: Filter) -> Page[Mapping[str, Any]]:
        """One page; ``filters`` are ``kind``, ``limit`` and ``offset``. Raises ApiError."""
        return read_items(await self._get(_PATH, **filters), "keys", dict)

    def iterate_keys(self, **filters: Filter) -> AsyncIterator[Mapping[str, Any]]:
        """All keys, or with ``kind="person"`` all people, with those that ended. Raises ApiError."""
        return walk(self.list_keys, filters)

    async def rotate_key(self, key_id: str, *, overlap_hours: int = 24) -> Mapping[str, Any]:
        """Make a key with the same rights; the old one ends after the overlap. Raises ApiError."""
        body = {"overlap_hours": overlap_hours}
        made: Mapping[str, Any] = (await self._send("POST", f"{_PATH}/{key_id}/rotate", json=body)).json()
        return made

    async def revoke_key(self, key_id: str) -> None:
        """End a key or a person's access at once. Raises ApiError."""
        await self._send("DELETE", f"{_PATH}/{key_id}")

    async def list_connections(self) -> Mapping[str, Any]:
        """Connections that the organisation may use, without secrets. Raises ApiError."""
        body: Mapping[str, Any] = await self._get("/v1/connections")
        return body

    async def test_connection(self, name: str) -> Mapping[str, Any]:
        """Connect and log in as a delivery would, and send nothing. Raises ApiError."""
        body: Mapping[str, Any] = (await self._send("POST", f"/v1/connections/{name}/test")).json()
        return body
