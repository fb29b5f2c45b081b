"""The event that the document promises is the event that is sent."""

from datetime import UTC, date, datetime
from pathlib import Path

from api.app import create_app
from api.platform.openapi_webhooks import GeneratedEvent
from policycortex.channels.model import DeliveredFile, DeliveryContent
from policycortex.channels.webhook import event_of, signatures
from policycortex.documents.locales import open_locale
from policycortex.names import ReportFormat
from policycortex.period import Period
from policycortex.settings import Settings

NOW = datetime(2026, 4, 1, 10, tzinfo=UTC)
CONTENT = DeliveryContent(
    delivery_id="dlv_1",
    report_id="rpt_1234567890abcdef",
    schedule_id=None,
    organization="default",
    name="March",
    type="compliance",
    framework="soc2",
    framework_name="SOC 2",
    period=Period.of_days(date(2026, 3, 1), date(2026, 3, 31)),
    dated=date(2026, 4, 1),
    generated_at=NOW,
    score_pct=None,
    total_violations=3,
    locale=open_locale("en"),
    failed_by_severity={"critical": 1, "high": 2},
    files=(DeliveredFile(format=ReportFormat.PDF, name="March.pdf", path=Path("x"), size_bytes=1, sha256="a" * 64),),
)


def test_the_sent_event_fits_the_document() -> None:
    """Field for field: the model forbids others."""
    event = GeneratedEvent.model_validate_json(GeneratedEvent.model_validate(event_of(CONTENT)).model_dump_json())
    assert event.data.summary.critical == 1


def test_the_document_names_every_header_that_is_signed() -> None:
    """OpenAPI's webhook has the signature headers that the sender sets."""
    document = create_app(Settings(home=Path("never-opened"))).openapi()
    operation = document["webhooks"]["compliance.report.generated"]["post"]
    described = {parameter["name"].lower() for parameter in operation["parameters"]}
    assert described == {name.lower() for name in signatures("secret", "dlv_1", NOW, b"{}")}
