"""A checked request for a report, and its JSON form, which the registry stores."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from policycortex.documents.branding import Branding, branding_from_json, branding_to_json
from policycortex.names import CrosswalkEdition, FindingsDetail, OscalVersion, PdfVariant, ReportFormat, ReportType
from policycortex.period import Period, zone_of_name
from policycortex.requests.basis import DataBasis, basis_from_json, basis_to_json
from policycortex.scope import Scope, TagFilter

_DETAIL_WORDS: Final[Mapping[FindingsDetail, bool | str]] = {
    FindingsDetail.NOT_PASSING: True,
    FindingsDetail.ALL: "all",
    FindingsDetail.NONE: False,
}
_RARE_FILTERS: Final = ("services", "regions", "owners")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """When the report is due, and who is notified."""

    scheduled_at: datetime | None = None
    """Earliest time, UTC; None or a past time means at once."""
    emails: tuple[str, ...] = ()
    """They get an e-mail when the report is completed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """One requested report. Relative periods are resolved: the request means the same whenever its run starts."""

    name: str
    type: ReportType
    framework: str | None
    """Of several the ``combined_id``."""
    frameworks: tuple[str, ...] = ()
    """Several, in their order; empty for one framework or none."""
    crosswalk: CrosswalkEdition = CrosswalkEdition.REVIEWED
    """Which relations of the framework count."""
    description: str
    scope: Scope
    period: Period
    scope_as_given: Mapping[str, Any]
    """The ``scope`` of the request's body, JSON types only; responses and the report's header show it."""
    formats: tuple[ReportFormat, ...]
    """At least one, each once, in the requested order."""
    include_executive_summary: bool = True
    detail: FindingsDetail = FindingsDetail.NOT_PASSING
    """Findings that pages print; ``include_detailed_findings`` of the API."""
    locale: str = "en"
    watermark: str | None = None
    is_signed: bool = False
    retention_days: int | None = None
    """None: as configured for the organisation or the installation."""
    password: str | None = field(default=None, repr=False)
    """Never part of the JSON form; the registry stores it encrypted until the run has ended."""
    password_name: str | None = None
    """A password that the installation keeps; it is read when the report is requested, and sealed as ``password``."""
    pdf_variant: PdfVariant | None = None
    include_comments: bool = False
    """The report shows comments of reviewers on its requirements and period."""
    has_csv_bom: bool = False
    """CSV files begin with a byte order mark."""
    oscal_version: OscalVersion = OscalVersion.V1_1_2
    branding: Branding | None = None
    template: str | None = None
    """A custom template of the installation, by name."""
    delivery: Delivery = field(default_factory=Delivery)
    known_on: datetime | None = None
    """The report is as known at this time, UTC; None: as known when it is made."""
    basis: DataBasis | None = None
    """The data that it is made from; None: the newest."""


def framework_ids(request: ReportRequest) -> tuple[str, ...]:
    """The requested frameworks; empty for a report on all findings."""
    return request.frameworks or ((request.framework,) if request.framework is not None else ())


def request_to_json(request: ReportRequest) -> dict[str, Any]:
    """The request as JSON types; ``request_from_json`` reads it."""
    at = request.delivery.scheduled_at
    # absent unless set: digests of requests made before these options stay equal
    rare = {
        "has_csv_bom": request.has_csv_bom or None,
        "include_comments": request.include_comments or None,
        "oscal_version": request.oscal_version.value if request.oscal_version is not OscalVersion.V1_1_2 else None,
        "password_name": request.password_name,
        "frameworks": list(request.frameworks) or None,
        "known_on": request.known_on.isoformat() if request.known_on else None,
        "basis": basis_to_json(request.basis) if request.basis else None,
    }
    rare |= _rare_filters(request.scope)
    return {name: value for name, value in rare.items() if value is not None} | {
        "name": request.name,
        "type": request.type.value,
        "framework": request.framework,
        "crosswalk": request.crosswalk.value,
        "description": request.description,
        "organization": request.scope.organization,
        "environments": list(request.scope.environments),
        "cloud_providers": list(request.scope.cloud_providers),
        "accounts": list(request.scope.accounts),
        "period": _period_to_json(request.period),
        "scope_as_given": dict(request.scope_as_given),
        "formats": [f.value for f in request.formats],
        "include_executive_summary": request.include_executive_summary,
        "include_detailed_findings": word_of(request.detail),
        "locale": request.locale,
        "watermark": request.watermark,
        "is_signed": request.is_signed,
        "pdf_variant": request.pdf_variant.value if request.pdf_variant else None,
        "branding": branding_to_json(request.branding) if request.branding else None,
        "template": request.template,
        "retention_days": request.retention_days,
        "scheduled_at": at.isoformat() if at else None,
        "emails": list(request.delivery.emails),
    }


def detail_of(word: bool | str) -> FindingsDetail:
    """The detail that ``include_detailed_findings`` names: true, false or "all". Raises KeyError on other words."""
    return {word: detail for detail, word in _DETAIL_WORDS.items()}[word]


def word_of(detail: FindingsDetail) -> bool | str:
    """What ``include_detailed_findings`` says for that detail."""
    return _DETAIL_WORDS[detail]


def request_from_json(stored: Mapping[str, Any]) -> ReportRequest:
    """The request that ``request_to_json`` wrote. Raises KeyError or ValueError on other data."""
    at = stored["scheduled_at"]
    return ReportRequest(
        name=stored["name"],
        type=ReportType(stored["type"]),
        framework=stored["framework"],
        # absent in requests older than the editions, which knew the scanner's relations only
        crosswalk=CrosswalkEdition(stored.get("crosswalk", CrosswalkEdition.SCANNER)),
        description=stored["description"],
        scope=Scope(
            organization=stored["organization"],
            environments=tuple(stored["environments"]),
            cloud_providers=tuple(stored["cloud_providers"]),
            accounts=tuple(stored["accounts"]),
            **_rare_filters_of(stored),
        ),
        period=_period_from_json(stored["period"]),
        scope_as_given=stored["scope_as_given"],
        formats=tuple(ReportFormat(f) for f in stored["formats"]),
        include_executive_summary=stored["include_executive_summary"],
        detail=detail_of(stored["include_detailed_findings"]),
        locale=stored["locale"],
        watermark=stored.get("watermark"),  # absent in old rows, as is_signed
        is_signed=stored.get("is_signed", False),
        # absent in rows older than these options
        pdf_variant=PdfVariant(stored["pdf_variant"]) if stored.get("pdf_variant") else None,
        branding=branding_from_json(stored["branding"]) if stored.get("branding") else None,
        has_csv_bom=stored.get("has_csv_bom", False),
        include_comments=stored.get("include_comments", False),
        oscal_version=OscalVersion(stored.get("oscal_version", OscalVersion.V1_1_2)),
        password_name=stored.get("password_name"),
        template=stored.get("template"),
        retention_days=stored.get("retention_days"),
        delivery=Delivery(scheduled_at=datetime.fromisoformat(at) if at else None, emails=tuple(stored["emails"])),
        frameworks=tuple(stored.get("frameworks") or ()),
        known_on=datetime.fromisoformat(stored["known_on"]) if stored.get("known_on") else None,
        basis=basis_from_json(stored["basis"]) if stored.get("basis") else None,
    )


def _rare_filters(scope: Scope) -> dict[str, Any]:
    """The filters that are absent unless set, as JSON types."""
    lists = {name: list(getattr(scope, name)) or None for name in _RARE_FILTERS}
    return lists | {"tags": {tag.key: list(tag.values) for tag in scope.tags} or None}


def _rare_filters_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    filters: dict[str, Any] = {name: tuple(stored.get(name, ())) for name in _RARE_FILTERS}
    tags = stored.get("tags", {})
    return filters | {"tags": tuple(TagFilter(key=key, values=tuple(values)) for key, values in tags.items())}


def _period_to_json(period: Period) -> dict[str, str]:
    """Without ``zone`` for UTC: digests of requests made before periods had zones stay equal."""
    bounds = {"start": period.start.isoformat(), "end": period.end.isoformat()}
    return bounds if period.timezone == "UTC" else bounds | {"zone": period.timezone}


def _period_from_json(stored: Mapping[str, str]) -> Period:
    start, end = (datetime.fromisoformat(stored[name]) for name in ("start", "end"))
    return Period(start=start, end=end, zone=zone_of_name(stored.get("zone", "UTC")))
