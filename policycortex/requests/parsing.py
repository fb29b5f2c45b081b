"""Turns a JSON body into a request for a report, or into one error that names every problem."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from policycortex.channels.connections import Connections
from policycortex.documents.branding import branding_from_json
from policycortex.errors import Problem, RequestError
from policycortex.field_types import did_you_mean, parse_moment, zone_of
from policycortex.frameworks.combined import combined_id
from policycortex.names import DateRangeType
from policycortex.period import Period, resolve_period
from policycortex.requests.basis import known_moment_of
from policycortex.requests.body import FormatOptionsBody, Known
from policycortex.requests.model import Delivery, ReportRequest, detail_of
from policycortex.requests.report_body import OrderDelivery, ReportBody
from policycortex.requests.report_kind import fixed_look, own_framework
from policycortex.requests.scope_body import ScopeBody, scope_of

DEFAULT_WATERMARK: Final = "CONFIDENTIAL"

REFUSED: Final = "Report configuration validation failed"
"""The documented description; the details name the problems."""

_Model = TypeVar("_Model", bound=BaseModel)
_DEFAULT_RANGE: Final = DateRangeType.LAST_30_DAYS
_MESSAGES: Final = {
    "missing": "This field is required",
    "string_type": "Must be text",
    "string_unicode": "Must be text without lone surrogates",
    "bool_type": "Must be true or false",
    "list_type": "Must be a list",
    "model_type": "Must be an object",
    "model_attributes_type": "Must be an object",
    "dict_type": "Must be an object",
    "int_type": "Must be a whole number",
}


def parse_request(
    body: Mapping[str, Any],
    *,
    organization: str,
    now: datetime,
    known: Known,
    connections: Connections | None = None,
) -> ReportRequest:
    """The request in ``body``. Raises RequestError whose details name every problem at once.

    ``connections``: those that its channels are checked against; None where nothing is delivered.
    """
    due_at = due_time(body, now)
    context = {"known": known, "due_at": due_at}
    if connections is not None:
        context |= {"connections": connections, "organization": organization}
    checked = validated(ReportBody, body, context=context)
    options, scope = checked.format_options, checked.scope
    period = period_of(scope, due_at)
    return ReportRequest(
        name=checked.name,
        type=checked.type,
        framework=combined_id(checked.frameworks) or checked.framework or own_framework(checked.type),
        frameworks=tuple(checked.frameworks) if len(checked.frameworks) > 1 else (),
        crosswalk=checked.crosswalk,
        description=checked.description,
        scope=scope_of(scope, organization, known),
        period=period,
        scope_as_given=dict(body["scope"]),
        retention_days=checked.retention_days,
        delivery=delivery_of(checked.delivery),
        **look_of(options) | fixed_look(checked.type),
        known_on=_known_on(checked, period, now) if checked.known_on is not None else None,
    )


def look_of(options: FormatOptionsBody) -> dict[str, Any]:
    """The fields of a request that ``format_options`` decides."""
    return {
        "formats": tuple(options.formats),
        "include_executive_summary": options.include_executive_summary,
        "detail": detail_of(options.include_detailed_findings),
        "locale": options.locale,
        "watermark": DEFAULT_WATERMARK if options.watermark is True else options.watermark or None,
        "is_signed": options.sign,
        "password": options.password,
        "password_name": options.password_name,
        "pdf_variant": options.pdf_variant,
        "include_comments": options.include_comments,
        "has_csv_bom": options.csv_bom,
        "oscal_version": options.oscal_version,
        "branding": branding_from_json(options.branding.model_dump()) if options.branding else None,
        "template": options.template,
    }


def delivery_of(delivery: OrderDelivery) -> Delivery:
    """When the report is due, and who is notified."""
    return Delivery(scheduled_at=delivery.scheduled_at, emails=tuple(dict.fromkeys(delivery.notifications.email)))


def _known_on(checked: ReportBody, period: Period, now: datetime) -> datetime:
    """Raises RequestError for a time in the future, or before the period."""
    try:
        moment = known_moment_of(checked.known_on or "", period.zone, now=now)
    except PydanticCustomError as error:
        raise RequestError(REFUSED, details=(Problem(field="known_on", message=error.message()),)) from None
    if moment <= period.start:
        raise RequestError(
            REFUSED, details=(Problem(field="known_on", message="Must be after the start of the report's period"),)
        )
    return moment


def validated(model: type[_Model], body: object, *, context: Mapping[str, Any] | None = None) -> _Model:
    """The body as the model. Raises RequestError with one Problem per invalid field, named by its dotted path."""
    try:
        return model.model_validate(body, context=dict(context) if context is not None else None)
    except ValidationError as error:
        problems = tuple(_problem(model, detail) for detail in error.errors(include_url=False, include_context=True))
        raise RequestError(REFUSED, details=problems) from None


def period_of(scope: ScopeBody, due_at: datetime) -> Period:
    """The period of a checked scope at ``due_at``, in its zone; by default the last 30 days."""
    if scope.date_range is not None:
        zone = zone_of(scope.timezone) if scope.timezone is not None else None
        return Period.as_given(scope.date_range.start, scope.date_range.end, zone)
    kind = scope.date_range_type or _DEFAULT_RANGE
    return resolve_period(kind, now=due_at.astimezone(UTC), zone=zone_of(scope.timezone))


def due_time(body: Mapping[str, Any], now: datetime) -> datetime:
    delivery = body.get("delivery")
    at = delivery.get("scheduled_at") if isinstance(delivery, Mapping) else None
    try:
        return max(parse_moment(at), now) if at is not None else now
    except PydanticCustomError:
        return now  # the validation that follows names the problem


def _problem(model: type[BaseModel], detail: ErrorDetails) -> Problem:
    location = [str(part) for part in detail["loc"]]
    if detail["type"] == "extra_forbidden":
        return Problem(field=".".join(location), message=f"Unknown field{_suggested_field(model, location)}")
    limits = detail.get("ctx", {})
    match detail["type"]:
        case "string_too_long":
            message = f"Must have at most {limits['max_length']} characters"
        case "string_too_short":
            message = f"Must have at least {limits['min_length']} characters"
        # a text that passed a validator of its own is counted as a sequence
        case "too_long" if isinstance(detail["input"], str):
            message = f"Must have at most {limits['max_length']} characters"
        case "too_long":
            message = f"Must have at most {limits['max_length']} entries"
        case "too_short":
            message = f"Must have at least {limits['min_length']} entry"
        case kind:
            message = _MESSAGES.get(kind) or detail["msg"].replace("Input should be", "Must be")
    return Problem(field=".".join(location) or "body", message=message)


def _suggested_field(model: type[BaseModel], location: list[str]) -> str:
    inner: type[BaseModel] = model
    for part in location[:-1]:
        field = inner.model_fields.get(part)
        step = next((t for t in _models(field.annotation if field else None)), None)
        if step is None:
            return ""
        inner = step
    return did_you_mean(location[-1], inner.model_fields)


def _models(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - annotations have no type of their own
    options = [annotation, *getattr(annotation, "__args__", ())]
    return [option for option in options if isinstance(option, type) and issubclass(option, BaseModel)]
