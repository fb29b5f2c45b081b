"""Deliveries that no tick makes: of one requested report, of a report that exists, and of a schedule's test."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from pydantic import Field

from policycortex.channels.connections import Connections
from policycortex.errors import Problem, RequestError
from policycortex.field_types import Strict
from policycortex.requests.destinations import DestinationsBody, deliveries_of, mail_deliveries, problem_of_size
from policycortex.requests.parsing import REFUSED, validated
from policycortex.requests.report_body import DeliveryBody
from policycortex.storage.registry.schedule_rows import NewDelivery

_OF_SCHEDULE: Final = ("connection", "subject", "message", "attachment_name")
"""Fields that a test takes from the schedule's channel: never its recipients, nor the path of its files."""


class DeliveryRequestBody(Strict):
    """Body of ``POST /v1/deliveries``."""

    report_id: str = Field(max_length=64, examples=["rpt_1234567890abcdef"])
    delivery: DestinationsBody = Field(description="At least one channel")


class ScheduleTestBody(Strict):
    """Body of ``POST /v1/reports/schedules/{id}/test``."""

    part: str | None = Field(
        default=None, max_length=80, description="Part of a split schedule; by default its first", examples=["Retail"]
    )
    delivery: DestinationsBody = Field(
        description="At least one channel; subject, message and connection are by default those of the schedule"
    )


def deliveries_ordered(
    body: Mapping[str, Any], *, connections: Connections, organization: str
) -> tuple[NewDelivery, ...]:
    """The deliveries in the ``delivery`` object of a checked request for a report."""
    context = {"organization": organization, "connections": connections}
    checked = validated(DeliveryBody, body.get("delivery") or {}, context=context)
    emails = tuple(dict.fromkeys(checked.notifications.email))
    return (*mail_deliveries(emails, connections, organization), *deliveries_of(checked, connections, organization))


def parse_delivery_request(
    body: Mapping[str, Any], *, connections: Connections, organization: str
) -> tuple[str, tuple[NewDelivery, ...]]:
    """The report's id, and at least one delivery. Raises RequestError."""
    context = {"organization": organization, "connections": connections}
    checked = validated(DeliveryRequestBody, body, context=context)
    return checked.report_id, _at_least_one(checked.delivery, connections, organization)


def check_sizes(new: Collection[NewDelivery], connections: Connections, total_bytes: int) -> None:
    """Raises RequestError for destinations that cannot take files of this total size."""
    problems = {row.channel: problem_of_size(row, connections, total_bytes) for row in new}
    details = tuple(Problem(field=f"delivery.{channel}", message=text) for channel, text in problems.items() if text)
    if details:
        raise RequestError(REFUSED, details=details)


def parse_schedule_test(
    body: Mapping[str, Any], *, of_schedule: Mapping[str, Any], connections: Connections, organization: str
) -> tuple[NewDelivery, ...]:
    """At least one delivery. ``of_schedule`` is the schedule's ``delivery`` object. Raises RequestError."""
    given = body.get("delivery")
    if isinstance(given, Mapping):
        body = {**body, "delivery": {name: _completed(part, of_schedule.get(name)) for name, part in given.items()}}
    context = {"organization": organization, "connections": connections}
    checked = validated(ScheduleTestBody, body, context=context)
    return _at_least_one(checked.delivery, connections, organization)


def _completed(part: object, of_schedule: object) -> object:
    if not isinstance(part, Mapping) or not isinstance(of_schedule, Mapping):
        return part
    return {name: of_schedule[name] for name in _OF_SCHEDULE if name in of_schedule} | dict(part)


def _at_least_one(body: DestinationsBody, connections: Connections, organization: str) -> tuple[NewDelivery, ...]:
    found = deliveries_of(body, connections, organization)
    if not found:
        raise RequestError(REFUSED, details=(Problem(field="delivery", message="Name at least one channel"),))
    return found
