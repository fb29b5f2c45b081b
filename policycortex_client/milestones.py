"""Milestones of the items of plans of action."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter, Transport, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """One statement of a milestone."""

    id: str
    item: str
    """``POAM-00012/CC6.1``; ``POAM-00012`` for a weakness."""
    framework: str | None
    requirement: str | None
    text: str
    due_on: date | None
    """None where it completes another one."""
    done_on: date | None
    """None where it completes none."""
    earlier: str | None
    """Id of the milestone that it completes or replaces."""
    change: str | None
    """``completed`` or ``replaced``: what it does to the earlier one."""
    changed: str | None
    """``completed`` or ``replaced``: what a later one did to it when this was read."""
    author: str
    author_name: str
    author_role: str | None
    made_at: datetime
    raw: Mapping[str, Any]


class MilestonesClient(Transport):
    """Methods for milestones."""

    def create_milestone(self, body: Mapping[str, Any]) -> Milestone:
        """Add, complete or replace a milestone with the documented body. Raises ApiError."""
        return _read(self._send("POST", "/v1/milestones", json=dict(body)).json())

    def get_milestone(self, milestone_id: str) -> Milestone:
        """One milestone. Raises ApiError."""
        return _read(self._get(f"/v1/milestones/{milestone_id}"))

    def list_milestones(self, **filters: Filter) -> Page[Milestone]:
        """One page, newest first; ``filters`` are ``item``, ``framework``, ``limit``, ``offset``.

        Raises ApiError.
        """
        return read_items(self._get("/v1/milestones", **filters), "milestones", _read)

    def iterate_milestones(self, **filters: Filter) -> Iterator[Milestone]:
        """All milestones; ``filters`` are ``item`` and ``framework``. Raises ApiError."""
        return walk(self.list_milestones, filters)


def _read(body: Mapping[str, Any]) -> Milestone:
    return Milestone(
        id=body["id"],
        item=body["item"],
        framework=body["framework"],
        requirement=body["requirement"],
        text=body["text"],
        due_on=_day(body["due_on"]),
        done_on=_day(body["done_on"]),
        earlier=body["earlier"],
        change=body["change"],
        changed=body.get("changed"),
        author=body["author"],
        author_name=body["author_name"],
        author_role=body["author_role"],
        made_at=datetime.fromisoformat(body["made_at"]),
        raw=body,
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
