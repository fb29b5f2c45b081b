"""Response bodies and query parameters of the audit log."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.platform.responses import Pagination, ResponseModel
from policycortex.field_types import Moment
from policycortex.storage.registry.audit_log import AuditLogFilter


class ExportForm(StrEnum):
    """File formats of the export."""

    JSONL = "jsonl"
    CSV = "csv"


class AuditLogQuery(BaseModel):
    """Filters of the list."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=1 << 62)
    action: str | None = Field(default=None, max_length=64, examples=["report_downloaded"])
    actor: str | None = Field(default=None, max_length=128, description="A key's id, `link:<id>`, `schedule:<id>`, ...")
    subject: str | None = Field(default=None, max_length=200, description="Id of the changed or read object")
    outcome: str | None = Field(default=None, pattern="^(done|refused|failed|unknown)$")
    after: Moment | None = Field(default=None, description="At this moment or later")
    before: Moment | None = None

    def to_filter(self) -> AuditLogFilter:
        """For the registry."""
        return AuditLogFilter(**self.model_dump(exclude={"limit", "offset"}))


class AuditRecordAnswer(ResponseModel):
    """One record. `digest` covers all but `seal`; `previous` is the digest of the record before."""

    organization: str
    sequence: int
    at: str = Field(description="When it happened", json_schema_extra={"format": "date-time"})
    action: str
    actor: str
    address: str | None
    request_id: str | None
    subject: str | None
    outcome: str
    details: dict[str, Any]
    previous: str
    digest: str
    seal: str


class AuditHeadAnswer(ResponseModel):
    """The end of the chain: number and digest of the last record."""

    sequence: int
    digest: str


class AuditLogPage(ResponseModel):
    """Records, newest first."""

    records: list[AuditRecordAnswer]
    head: AuditHeadAnswer
    pagination: Pagination
