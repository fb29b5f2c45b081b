"""The API's responses as frozen values. Unknown fields are ignored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a request; ``field`` is a dotted path."""

    field: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInfo:
    """One file of a completed report."""

    format: str
    url: str
    size_mb: float
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSummary:
    """The main numbers; ``overall_compliance_score`` is 0-100, None when nothing was assessed."""

    overall_compliance_score: float | None
    total_violations: int
    critical: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFailure:
    """Why the report failed."""

    code: str
    message: str
    is_retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report. Lists and new reports have only the first fields; ``raw`` is the whole body."""

    id: str
    name: str
    type: str
    framework: str | None
    status: str
    """``pending, running, completed, failed, cancelled, expired``."""
    generated_at: datetime | None
    pages: int | None
    formats: tuple[FileInfo, ...]
    summary: ReportSummary | None
    failure: ReportFailure | None
    raw: Mapping[str, Any]

    @property
    def has_ended(self) -> bool:
        """Whether it is completed, failed, cancelled or expired."""
        return self.status not in {"pending", "running"}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the answer to a request for a report warns of, such as a scope that nothing is in."""
        return tuple(each["message"] for each in self.raw.get("warnings", ()))

    def file(self, report_format: str) -> FileInfo | None:
        """The file of that format, None when there is none."""
        return next((f for f in self.formats if f.format == report_format), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """A page of reports."""

    reports: tuple[Report, ...]
    total: int
    limit: int
    offset: int
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[_Item]):
    """A page of any other list, newest first."""

    items: tuple[_Item, ...]
    total: int
    limit: int
    offset: int
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadLink:
    """A link that works without a key until ``expires_at``."""

    id: str
    url: str
    format: str
    expires_at: datetime
    one_time: bool


def read_report(body: Mapping[str, Any]) -> Report:
    """From the body of a new report, of details, or of one item of a list."""
    failure = body.get("failure")
    return Report(
        id=body["id"],
        name=body["name"],
        type=body["type"],
        framework=body["framework"],
        status=body["status"],
        generated_at=read_moment(body.get("generated_at")),
        pages=(body.get("content") or body.get("size") or {}).get("pages"),
        formats=tuple(
            FileInfo(format=f["format"], url=f["url"], size_mb=f["size_mb"], sha256=f["sha256"])
            for f in body.get("formats", ())
        ),
        summary=_summary(body.get("summary")),
        failure=ReportFailure(code=failure["code"], message=failure["message"], is_retryable=failure["is_retryable"])
        if failure
        else None,
        raw=body,
    )


def read_page(body: Mapping[str, Any]) -> ReportPage:
    """From the body of a list."""
    pagination = body["pagination"]
    return ReportPage(
        reports=tuple(read_report(item) for item in body["reports"]),
        total=pagination["total"],
        limit=pagination["limit"],
        offset=pagination["offset"],
        has_more=pagination["has_more"],
    )


def read_items(body: Mapping[str, Any], name: str, read: Callable[[Mapping[str, Any]], _Item]) -> Page[_Item]:
    """From the body of a list with its items in the field ``name``."""
    pagination = body["pagination"]
    return Page(
        items=tuple(read(item) for item in body[name]),
        total=pagination["total"],
        limit=pagination["limit"],
        offset=pagination["offset"],
        has_more=pagination["has_more"],
    )


def read_link(body: Mapping[str, Any]) -> DownloadLink:
    """From the body of a new link."""
    return DownloadLink(
        id=body["id"],
        url=body["url"],
        format=body["format"],
        expires_at=datetime.fromisoformat(body["expires_at"]),
        one_time=body["one_time"],
    )


def _summary(body: Mapping[str, Any] | None) -> ReportSummary | None:
    if body is None or "overall_compliance_score" not in body:
        return None
    return ReportSummary(
        overall_compliance_score=body["overall_compliance_score"],
        total_violations=body["total_violations"],
        critical=body["critical"],
        high=body["high"],
    )


def read_moment(text: str | None) -> datetime | None:
    """None stays None."""
    return datetime.fromisoformat(text) if text else None
