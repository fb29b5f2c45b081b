"""Findings, and the posture that they make: read from the newest scans, without a report."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policycortex_client.transport import Filter, Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsPage:
    """A page of findings: failing before manual before passing, the most severe first."""

    findings: tuple[Mapping[str, Any], ...]
    """As documented."""
    total: int
    """Of all pages."""
    next_cursor: str | None
    """For the next page; None on the last one."""
    raw: Mapping[str, Any]


class FindingsClient(Transport):
    """Methods for findings and posture. Each takes the documented query parameters as keywords and raises ApiError."""

    def get_posture(self, framework_id: str, **query: Filter) -> Mapping[str, Any]:
        """The documented posture of one framework: scores, counts, and the result of each requirement."""
        body: Mapping[str, Any] = self._get(f"/v1/frameworks/{framework_id}/posture", **query)
        return body

    def get_requirement(self, framework_id: str, requirement_id: str, **query: Filter) -> Mapping[str, Any]:
        """One requirement with its checks, findings, waivers and attestations, as documented."""
        body: Mapping[str, Any] = self._get(f"/v1/frameworks/{framework_id}/requirements/{requirement_id}", **query)
        return body

    def list_findings(self, **query: Filter) -> FindingsPage:
        """One page."""
        body = self._get("/v1/findings", **query)
        return FindingsPage(
            findings=tuple(body["findings"]),
            total=body["findings_total"],
            next_cursor=body["next_cursor"],
            raw=body,
        )

    def iterate_findings(self, **query: Filter) -> Iterator[Mapping[str, Any]]:
        """All findings of one snapshot, page by page."""
        page = self.list_findings(**{"limit": 1000, **query})
        yield from page.findings
        while page.next_cursor is not None:
            page = self.list_findings(**{"limit": 1000, **query, "cursor": page.next_cursor})
            yield from page.findings
