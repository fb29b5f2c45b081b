"""What waivers and attestations share: requested by one key, approved by another, revoked by any."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter, Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A request with its approval, valid in ``[valid_from, valid_until)``."""

    id: str
    status: str
    reason: str
    valid_from: datetime
    valid_until: datetime
    requester: str
    approver: str | None
    raw: Mapping[str, Any]


ApprovalT = TypeVar("ApprovalT", bound=Approval)
Reader: TypeAlias = Callable[[Mapping[str, Any]], ApprovalT]


class ApprovalsTransport(Transport):
    """The requests of both nouns; ``noun`` is as in paths and lists: ``waivers``."""

    def _request_record(self, noun: str, body: Mapping[str, Any], read: Reader[ApprovalT]) -> ApprovalT:
        return read(self._send("POST", f"/v1/{noun}", json=dict(body)).json())

    def _approve_record(
        self, noun: str, record_id: str, given: Mapping[str, Any], read: Reader[ApprovalT]
    ) -> ApprovalT:
        body = {name: value for name, value in given.items() if value is not None}
        options = {"json": body} if body else {}
        return read(self._send("POST", f"/v1/{noun}/{record_id}/approve", **options).json())

    def _revoke_record(self, noun: str, record_id: str) -> None:
        self._send("DELETE", f"/v1/{noun}/{record_id}")

    def _get_record(self, noun: str, record_id: str, read: Reader[ApprovalT]) -> ApprovalT:
        return read(self._get(f"/v1/{noun}/{record_id}"))

    def _list_records(self, noun: str, filters: Mapping[str, Filter], read: Reader[ApprovalT]) -> Page[ApprovalT]:
        return read_items(self._get(f"/v1/{noun}", **filters), noun, read)


def approval_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an ``Approval`` in a response."""
    return {
        "id": body["id"],
        "status": body["status"],
        "reason": body["reason"],
        "valid_from": datetime.fromisoformat(body["from"]),
        "valid_until": datetime.fromisoformat(body["until"]),
        "requester": body["requester"],
        "approver": body["approver"],
        "raw": body,
    }
