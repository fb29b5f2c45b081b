"""What was ordered, resolved and checked; and its JSON form, as the registry keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from policycortex.documents.branding import Branding, branding_from_json, branding_to_json
from policycortex.names import PdfVariant, ReportFormat, ReportType
from policycortex.period import Period
from policycortex.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """When and to whom, besides the API's own download."""

    scheduled_at: datetime | None = None
    """Not before this, UTC; None or a time past means at once."""
    emails: tuple[str, ...] = ()
    """Told when the report is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """One report to be made. Relative periods are resolved: the order means the same whenever it runs."""

    name: str
    type: ReportType
    framework: str | None
    description: str
    scope: Scope
    period: Period
    scope_as_given: Mapping[str, Any]
    """The request's ``scope``, JSON types only, for people and for the report's header."""
    formats: tuple[ReportFormat, ...]
    """At least one, each once, in the order asked for."""
    include_executive_summary: bool = True
    include_detailed_findings: bool = True
    locale: str = "en"
    watermark: str | None = None
    is_signed: bool = False
    retention_days: int | None = None
    """None: as the organisation, or the installation, says."""
    password: str | None = field(default=None, repr=False)
    """Never part of the JSON form; the registry keeps it sealed until the run has ended."""
    pdf_variant: PdfVariant | None = None
    branding: Branding | None = None
    template: str | None = None
    """A custom template of the installation, by name."""
    delivery: Delivery = field(default_factory=Delivery)


def order_to_json(order: ReportRequest) -> dict[str, Any]:
    """JSON types only; ``order_from_json`` takes it back."""
    at = order.delivery.scheduled_at
    return {
        "name": order.name,
        "type": order.type.value,
        "framework": order.framework,
        "description": order.description,
        "organization": order.scope.organization,
        "environments": list(order.scope.environments),
        "cloud_providers": list(order.scope.cloud_providers),
        "accounts": list(order.scope.accounts),
        "period": {"start": order.period.start.isoformat(), "end": order.period.end.isoformat()},
        "scope_as_given": dict(order.scope_as_given),
        "formats": [f.value for f in order.formats],
        "include_executive_summary": order.include_executive_summary,
        "include_detailed_findings": order.include_detailed_findings,
        "locale": order.locale,
        "watermark": order.watermark,
        "is_signed": order.is_signed,
        "pdf_variant": order.pdf_variant.value if order.pdf_variant else None,
        "branding": branding_to_json(order.branding) if order.branding else None,
        "template": order.template,
        "retention_days": order.retention_days,
        "scheduled_at": at.isoformat() if at else None,
        "emails": list(order.delivery.emails),
    }


def order_from_json(stored: Mapping[str, Any]) -> ReportRequest:
    """The value that ``order_to_json`` wrote. Raises KeyError or ValueError on anything else."""
    at = stored["scheduled_at"]
    return ReportRequest(
        name=stored["name"],
        type=ReportType(stored["type"]),
        framework=stored["framework"],
        description=stored["description"],
        scope=Scope(
            organization=stored["organization"],
            environments=tuple(stored["environments"]),
            cloud_providers=tuple(stored["cloud_providers"]),
            accounts=tuple(stored["accounts"]),
        ),
        period=Period(
            start=datetime.fromisoformat(stored["period"]["start"]), end=datetime.fromisoformat(stored["period"]["end"])
        ),
        scope_as_given=stored["scope_as_given"],
        formats=tuple(ReportFormat(f) for f in stored["formats"]),
        include_executive_summary=stored["include_executive_summary"],
        include_detailed_findings=stored["include_detailed_findings"],
        locale=stored["locale"],
        watermark=stored.get("watermark"),  # absent from orders taken before it was known, as the next
        is_signed=stored.get("is_signed", False),
        # rows written before these options existed have none of them
        pdf_variant=PdfVariant(stored["pdf_variant"]) if stored.get("pdf_variant") else None,
        branding=branding_from_json(stored["branding"]) if stored.get("branding") else None,
        template=stored.get("template"),
        retention_days=stored.get("retention_days"),
        delivery=Delivery(scheduled_at=datetime.fromisoformat(at) if at else None, emails=tuple(stored["emails"])),
    )
