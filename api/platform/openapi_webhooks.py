"""The event that webhooks receive, for the OpenAPI document. ``policycortex.channels.webhook`` sends it."""

from typing import Annotated, Any, Literal

from fastapi import FastAPI, Header
from pydantic import BaseModel, ConfigDict, Field

from policycortex.names import EventKind, ReportFormat, ReportType


class _EventModel(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EventPeriod(_EventModel):
    """Start inclusive, end exclusive."""

    start: str = Field(json_schema_extra={"format": "date-time"})
    end: str = Field(json_schema_extra={"format": "date-time"})
    first_day: str = Field(description="In the report's time zone", json_schema_extra={"format": "date"})
    last_day: str = Field(description="In the report's time zone, included", json_schema_extra={"format": "date"})
    timezone: str = Field(description="The report's time zone", examples=["America/New_York"])


class EventReport(_EventModel):
    """The completed report."""

    id: str = Field(examples=["rpt_1234567890abcdef"])
    name: str
    type: ReportType
    framework: str | None
    schedule_id: str | None
    generated_at: str = Field(json_schema_extra={"format": "date-time"})
    period: EventPeriod
    url: str | None = Field(description="Details in the API; a key is needed")


class EventSummary(_EventModel):
    """The main numbers of the report."""

    compliance_score: float | None = Field(description="0-100; null when nothing was assessed")
    total_violations: int
    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    informational: int = 0
    requirements_met: int | None = Field(default=None, description="Null without a framework")
    requirements_assessed: int | None = None
    risk_score: float | None = Field(default=None, description="0-100; null when nothing was assessed")
    risk_band: str | None = Field(default=None, description="`act_now`, `act_soon`, `plan`, `watch` or `none`")


class EventFile(_EventModel):
    """One file and its download link."""

    format: ReportFormat
    name: str
    size_bytes: int
    sha256: str
    media_type: str
    url: str | None = Field(description="A download link that needs no key; null only with links_missing_reason")
    url_expires_at: Annotated[str, Field(json_schema_extra={"format": "date-time"})] | None


class EventData(_EventModel):
    """The report, its numbers and its files."""

    report: EventReport
    summary: EventSummary
    files: list[EventFile]
    links_missing_reason: str | None = Field(description="Why files have no links; null when all have one")


class GeneratedEvent(_EventModel):
    """A report is completed."""

    event: Literal["compliance.report.generated"]
    id: str = Field(description="Id of the delivery, the same in all attempts; it identifies a repeated event")
    organization: str = Field(description="The organization that the report belongs to")
    timestamp: str = Field(json_schema_extra={"format": "date-time"})
    data: EventData


class SubscribedEventBody(_EventModel):
    """What happened. Fields may be added to `data`."""

    event: EventKind = Field(description="Kind of the event")
    id: str = Field(
        description="The same in all attempts and for all subscriptions; it identifies a repeated event",
        examples=["evt_0123456789abcdef0123456789abcdef"],
    )
    organization: str = Field(description="The organisation in which it happened", examples=["default"])
    timestamp: str = Field(description="When it happened", json_schema_extra={"format": "date-time"})
    data: dict[str, Any] = Field(
        description="`report.*`: `report` with id, name, type, framework and status, and `summary` or `failure`."
        " `delivery.failed`: `delivery`. `score.dropped`: framework, date, previous_date, score_before, score_after."
        " `finding.critical_new`: provider, account_id, check_id, findings, date. `waiver.expiring`,"
        " `attestation.expiring`: id, reason, until. `data.stale`: source, provider, account_id, last_scan_on"
    )


def describe_webhooks(app: FastAPI) -> None:
    """Add the event to the document. FastAPI reads the handler's signature and never calls it."""

    @app.webhooks.post("compliance.report.generated", tags=["webhooks"])
    def report_generated(
        body: GeneratedEvent,
        x_policycortex_signature: Annotated[str, Header(description="`sha256=` and the body's HMAC in hex")],
        webhook_id: Annotated[str, Header(description="Standard Webhooks: the event's id")],
        webhook_timestamp: Annotated[str, Header(description="Standard Webhooks: Unix seconds")],
        webhook_signature: Annotated[str, Header(description="Standard Webhooks: `v1,` and a base64 HMAC")],
    ) -> None:
        """Sent to each webhook destination for a completed report. Respond with 2xx; 408, 429 and 5xx are retried."""

    for kind in EventKind:
        _describe_event(app, kind)


def _describe_event(app: FastAPI, kind: EventKind) -> None:
    name = kind.value.replace(".", "_")

    @app.webhooks.post(kind.value, name=f"event_{name}", operation_id=f"event_{name}", tags=["webhooks"])
    def subscribed_event(
        body: SubscribedEventBody,
        x_policycortex_signature: Annotated[str, Header(description="`sha256=` and the body's HMAC in hex")],
        webhook_id: Annotated[str, Header(description="Standard Webhooks: the event's id")],
        webhook_timestamp: Annotated[str, Header(description="Standard Webhooks: Unix seconds")],
        webhook_signature: Annotated[str, Header(description="Standard Webhooks: `v1,` and a base64 HMAC")],
    ) -> None:
        """Sent to the webhooks that subscribed to it. Respond with 2xx; 408, 429 and 5xx are retried for about a day.

        An event is sent once, and once more with the same `webhook-id` where it is not known whether it arrived.
        """
