"""Calls of the API by another front in the same process, for somebody whom that front has authenticated."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from policycortex.security.web_access import CALLER

Messages: TypeAlias = MutableMapping[str, Any]
AsgiApp: TypeAlias = Callable[
    [Messages, Callable[[], Awaitable[Messages]], Callable[[Messages], Awaitable[None]]], Awaitable[None]
]
"""An ASGI application, as the specification describes it."""


class CalledAs:
    """The API, called as an identity instead of with a key in a header."""

    def __init__(self, api: AsgiApp, identity: object) -> None:
        """``identity`` is a ``KeyRow`` of the registry."""
        self._api, self._identity = api, identity

    async def __call__(
        self,
        scope: Messages,
        receive: Callable[[], Awaitable[Messages]],
        send: Callable[[Messages], Awaitable[None]],
    ) -> None:
        """Serve one request."""
        await self._api({**scope, CALLER: self._identity, "app": None, "router": None}, receive, send)
