"""Generated from ``policycortex_client/keys.py`` by ``clients/python/generate_async.py``."""

from collections.abc import Mapping
from typing import Any

from policycortex_client.aio.transport import AsyncTransport


class AsyncKeysClient(AsyncTransport):
    """Methods for keys."""

    async def get_me(self) -> Mapping[str, Any]:
        """Organisation, scopes and limits of this key, as documented. Raises ApiError."""
        body: Mapping[str, Any] = await self._get("/v1/me")
        return body
