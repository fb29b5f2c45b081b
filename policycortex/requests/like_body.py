"""The body of ``POST /v1/reports`` with ``from_report``: a finished report in another format, language or branding.

Only how the report looks, its name and its delivery can change. What decides the figures is that of the report.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field

from policycortex.channels.connections import Connections
from policycortex.documents.branding import Branding, branding_to_json
from policycortex.errors import Problem, RequestError
from policycortex.field_types import Line, Strict, Text
from policycortex.names import PdfVariant, ReportFormat
from policycortex.requests.basis import DataBasis
from policycortex.requests.body import FormatOptionsBody, Known
from policycortex.requests.model import ReportRequest, word_of
from policycortex.requests.parsing import REFUSED, delivery_of, due_time, look_of, validated
from policycortex.requests.report_body import DeliveryBody

_LONGEST_ID: Final = 64


class ReportLikeBody(Strict):
    """Body of ``POST /v1/reports`` with ``from_report``. What is absent is as in that report."""

    from_report: str = Field(
        max_length=_LONGEST_ID,
        examples=["rpt_1234567890abcdef"],
        description="A completed report. The new one has its data, scope, period, framework and type, and its figures;"
        " these fields may be repeated, but not changed",
    )
    name: Line | None = Field(
        default=None, max_length=200, json_schema_extra={"minLength": 1, "pattern": r"\S"}, examples=["In German"]
    )
    description: Text | None = Field(default=None, max_length=2000)
    format_options: FormatOptionsBody = Field(
        default=FormatOptionsBody(),
        description="Fields that are absent are as in that report; a password is never taken over",
    )
    delivery: DeliveryBody = DeliveryBody()
    retention_days: Annotated[int, Field(ge=1, le=36_500)] | None = Field(
        default=None, description="Days after which the report expires; by default as configured for the organisation"
    )


def source_id(body: Mapping[str, Any]) -> str:
    """The report that the body names. Raises RequestError where it is no id."""
    given = body["from_report"]
    if not isinstance(given, str) or not 0 < len(given) <= _LONGEST_ID:
        raise RequestError(REFUSED, details=(Problem(field="from_report", message="Must be the id of a report"),))
    return given


def parse_request_like(
    body: Mapping[str, Any],
    source: ReportRequest,
    basis: DataBasis,
    *,
    is_protected: bool,
    now: datetime,
    known: Known,
    connections: Connections | None = None,
) -> ReportRequest:
    """The request in ``body``, like ``source``. Raises RequestError whose details name every problem at once.

    ``is_protected``: the files of the source have a password.
    """
    fixed = _fixed_fields(source)
    problems = [
        Problem(field=name, message=_refusal(name, source))
        for name, value in fixed.items()
        if name in body and body[name] != value
    ]
    rest = {name: value for name, value in body.items() if name not in fixed}
    rest["format_options"] = _merged(body.get("format_options"), source)
    context: dict[str, Any] = {"known": known, "due_at": due_time(body, now)}
    if connections is not None:
        context |= {"connections": connections, "organization": source.scope.organization}
    try:
        checked = validated(ReportLikeBody, rest, context=context)
    except RequestError as error:
        raise RequestError(REFUSED, details=(*problems, *error.details)) from None
    options = checked.format_options
    if is_protected and options.password is None and options.password_name is None:
        problems.append(
            Problem(
                field="format_options.password",
                message="The files of that report have a password, which is not kept: give one here, or password_name",
            )
        )
    if problems:
        raise RequestError(REFUSED, details=tuple(problems))
    return replace(
        source,
        name=checked.name or source.name,
        description=source.description if checked.description is None else checked.description,
        retention_days=checked.retention_days,
        delivery=delivery_of(checked.delivery),
        basis=basis,
        **look_of(options),
    )


def _fixed_fields(source: ReportRequest) -> dict[str, Any]:
    """The fields that decide the figures, as they would be given."""
    return {
        "type": source.type.value,
        "framework": None if source.frameworks else source.framework,
        "frameworks": list(source.frameworks),
        "crosswalk": source.crosswalk.value,
        "scope": dict(source.scope_as_given),
        "known_on": source.known_on,
    }


def _refusal(name: str, source: ReportRequest) -> str:
    now = {
        "type": source.type.value,
        "framework": source.framework,
        "frameworks": source.framework,
        "crosswalk": source.crosswalk.value,
    }.get(name)
    is_so = f" ({now})" if now else ""
    return f"Is that of the report{is_so} and cannot change: leave it out, or request a report without from_report"


def _merged(given: object, source: ReportRequest) -> object:
    """The format options of the source, with those given."""
    if given is not None and not isinstance(given, Mapping):
        return given
    own, changed = _options_of(source), dict(given or {})
    formats = changed.get("formats", own["formats"])
    is_unpaged = isinstance(formats, list) and ReportFormat.PDF.value not in formats
    has_password = changed.get("password") is not None or changed.get("password_name") is not None
    if is_unpaged or (has_password and own["pdf_variant"] == PdfVariant.ARCHIVE.value):
        own["pdf_variant"] = None
    if changed.get("password") is not None:
        own["password_name"] = None
    return own | changed


def _options_of(source: ReportRequest) -> dict[str, Any]:
    """As in a body; without a password, which is not stored."""
    return {
        "formats": [each.value for each in source.formats],
        "include_executive_summary": source.include_executive_summary,
        "include_detailed_findings": word_of(source.detail),
        "locale": source.locale,
        "watermark": source.watermark or False,
        "sign": source.is_signed,
        "pdf_variant": source.pdf_variant.value if source.pdf_variant else None,
        "include_comments": source.include_comments,
        "csv_bom": source.has_csv_bom,
        "oscal_version": source.oscal_version.value,
        "branding": _branding_of(source.branding) if source.branding else None,
        "template": source.template,
        "password_name": source.password_name,
    }


def _branding_of(branding: Branding) -> dict[str, Any]:
    """A body has no company where the branding has an empty one."""
    written = branding_to_json(branding)
    return written | {"company": written["company"] or None}
