"""The event that webhooks receive, for the OpenAPI document; ``policycortex.channels.webhook`` makes and signs it."""

from typing import Annotated, Literal

from fastapi import FastAPI, Header
from pydantic import BaseModel, ConfigDict, Field

from policycortex.names import ReportFormat, ReportType


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EventPeriod(_Part):
    """Start inclusive, end exclusive."""

    start: str = Field(json_schema_extra={"format": "date-time"})
    end: str = Field(json_schema_extra={"format": "date-time"})


class EventReport(_Part):
    """The report that was made."""

    id: str = Field(examples=["rpt_1234567890abcdef"])
    name: str
    type: ReportType
    framework: str | None
    schedule_id: str | None
    generated_at: str = Field(json_schema_extra={"format": "date-time"})
    period: EventPeriod
    url: str | None = Field(description="Details in the API; a key is needed")


class EventSummary(_Part):
    """Numbers of page one."""

    compliance_score: float | None = Field(description="0-100; null when nothing was assessed")
    total_violations: int
    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    informational: int = 0


class EventFile(_Part):
    """One file, and where it can be fetched."""

    format: ReportFormat
    name: str
    size_bytes: int
    sha256: str
    media_type: str
    url: str | None = Field(description="A download link that needs no key")
    url_expires_at: str | None


class EventData(_Part):
    """What happened."""

    report: EventReport
    summary: EventSummary
    files: list[EventFile]


class GeneratedEvent(_Part):
    """A report was made."""

    event: Literal["compliance.report.generated"]
    id: str = Field(description="Of the delivery, the same over all attempts: a repeated event is known by it")
    timestamp: str = Field(json_schema_extra={"format": "date-time"})
    data: EventData


def describe_webhooks(app: FastAPI) -> None:
    """Add the event to the document. The handler is never called: FastAPI reads its signature."""

    @app.webhooks.post("compliance.report.generated", tags=["webhooks"])
    def report_generated(
        body: GeneratedEvent,
        x_policycortex_signature: Annotated[str, Header(description="`sha256=` and the body's HMAC in hex")],
        webhook_id: Annotated[str, Header(description="Standard Webhooks: the event's id")],
        webhook_timestamp: Annotated[str, Header(description="Standard Webhooks: Unix seconds")],
        webhook_signature: Annotated[str, Header(description="Standard Webhooks: `v1,` and a base64 HMAC")],
    ) -> None:
        """Sent to each webhook destination once a report is made. Answer 2xx; 408, 429 and 5xx are tried again."""
