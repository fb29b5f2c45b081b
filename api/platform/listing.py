"""Query parameters of lists: strict words in, the registry's filter out."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from policycortex.field_types import check_text, did_you_mean, parse_moment, refuse
from policycortex.names import ReportStatus, ReportType
from policycortex.storage.registry import ReportFilter
from policycortex.storage.registry.report_queries import SORTS

_LAST_OFFSET: Final = 1 << 31
_DIRECTED: Final = [word for name in SORTS for word in (name, f"-{name}")]


def _check_sort(value: str) -> str:
    if value not in _DIRECTED:
        raise refuse(f"Must be one of {', '.join(SORTS)}, with a leading - for descending{did_you_mean(value, SORTS)}")
    return value


Moment = Annotated[datetime, BeforeValidator(parse_moment)]


class PageQuery(BaseModel):
    """Which stretch of a list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=_LAST_OFFSET)


class ListQuery(PageQuery):
    """Which reports, and in which order."""

    type: ReportType | None = None
    framework: str | None = Field(default=None, max_length=64)
    status: ReportStatus | None = None
    generated_after: Moment | None = Field(default=None, description="Completed at or after; RFC 3339 with a time zone")
    generated_before: Moment | None = Field(default=None, description="Completed before; RFC 3339 with a time zone")
    q: Annotated[str, AfterValidator(check_text)] | None = Field(
        default=None, max_length=200, description="Found in name or description, without case"
    )
    sort: Annotated[str, AfterValidator(_check_sort)] = Field(
        default="-created_at", json_schema_extra={"enum": [*_DIRECTED]}, description="A leading - sorts descending"
    )

    def to_filter(self, reader: str | None) -> ReportFilter:
        """For the registry; ``reader`` is whose restricted reports are visible."""
        return ReportFilter(
            type=self.type,
            framework=self.framework,
            status=self.status,
            generated_after=self.generated_after,
            generated_before=self.generated_before,
            text=self.q,
            reader=reader,
        )
