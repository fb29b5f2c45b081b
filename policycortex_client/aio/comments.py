"""Generated from ``policycortex_client/comments.py`` by ``clients/python/generate_async.py``."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from policycortex_client.aio.transport import AsyncTransport
from policycortex_client.aio.walking import walk
from policycortex_client.comments import Comment, _read
from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter


class AsyncCommentsClient(AsyncTransport):
    """Methods for comments."""

    async def create_comment(self, body: Mapping[str, Any]) -> Comment:
        """Comment on a requirement with the documented body. Raises ApiError."""
        return _read((await self._send("POST", "/v1/comments", json=dict(body))).json())

    async def get_comment(self, comment_id: str) -> Comment:
        """One comment. Raises ApiError."""
        return _read(await self._get(f"/v1/comments/{comment_id}"))

    async def list_comments(self, **filters: Filter) -> Page[Comment]:
        """One page, newest first; ``filters`` are ``framework``, ``requirement``, ``limit``, ``offset``.

        Raises ApiError.
        """
        return read_items(await self._get("/v1/comments", **filters), "comments", _read)

    def iterate_comments(self, **filters: Filter) -> AsyncIterator[Comment]:
        """All comments; ``filters`` are ``framework`` and ``requirement``. Raises ApiError."""
        return walk(self.list_comments, filters)
