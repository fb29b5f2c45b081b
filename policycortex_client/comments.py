"""Comments of reviewers on requirements."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter, Transport, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One comment on a requirement."""

    id: str
    framework: str
    requirement: str
    text: str
    as_of: datetime
    """The time that it is about."""
    author: str
    author_name: str
    author_role: str | None
    made_at: datetime
    raw: Mapping[str, Any]


class CommentsClient(Transport):
    """Methods for comments."""

    def create_comment(self, body: Mapping[str, Any]) -> Comment:
        """Comment on a requirement with the documented body. Raises ApiError."""
        return _read(self._send("POST", "/v1/comments", json=dict(body)).json())

    def get_comment(self, comment_id: str) -> Comment:
        """One comment. Raises ApiError."""
        return _read(self._get(f"/v1/comments/{comment_id}"))

    def list_comments(self, **filters: Filter) -> Page[Comment]:
        """One page, newest first; ``filters`` are ``framework``, ``requirement``, ``limit``, ``offset``.

        Raises ApiError.
        """
        return read_items(self._get("/v1/comments", **filters), "comments", _read)

    def iterate_comments(self, **filters: Filter) -> Iterator[Comment]:
        """All comments; ``filters`` are ``framework`` and ``requirement``. Raises ApiError."""
        return walk(self.list_comments, filters)


def _read(body: Mapping[str, Any]) -> Comment:
    return Comment(
        id=body["id"],
        framework=body["framework"],
        requirement=body["requirement"],
        text=body["text"],
        as_of=datetime.fromisoformat(body["as_of"]),
        author=body["author"],
        author_name=body["author_name"],
        author_role=body["author_role"],
        made_at=datetime.fromisoformat(body["made_at"]),
        raw=body,
    )
