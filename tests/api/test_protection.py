"""Orders with a password, watermark or signature: what is taken, what is refused, and where a password never stands."""

from typing import Any

import httpx
import pytest

from policycortex.names import ReportFormat
from policycortex.requests import request_from_json
from tests.support.api_server import ApiServer
from tests.support.stored_bytes import read_stored

PASSWORD = "Tr0ub4dor&3 for the board"


def with_options(order: dict[str, Any], **options: object) -> dict[str, Any]:
    """The order with these format options."""
    return order | {"format_options": order["format_options"] | options, "delivery": {}}


def test_a_password_is_kept_sealed_while_the_report_is_open(
    server: ApiServer, client: httpx.Client, order: dict[str, Any]
) -> None:
    """In no answer and in no file of the home; and not even sealed once the report has ended."""
    body = with_options(order, password=PASSWORD, formats=["pdf", "csv"])
    accepted = client.post("/v1/reports", json=body, headers={"Idempotency-Key": "protected"})
    assert accepted.status_code == 202
    report_id = accepted.json()["id"]
    sealed = server.registry.reports.load_sealed_password(report_id)
    assert sealed is not None
    details = client.get(f"/v1/reports/{report_id}")
    assert PASSWORD not in f"{sealed}{accepted.text}{details.text}{server.registry.reports.find_report(report_id)}"
    server.complete(report_id, {ReportFormat.PDF: b"%PDF-1.7"})
    assert server.registry.reports.load_sealed_password(report_id) is None
    assert PASSWORD.encode() not in read_stored(server.settings.home)


@pytest.mark.parametrize("end", ["cancel", "delete"])
def test_a_password_ends_with_its_report(
    server: ApiServer, client: httpx.Client, order: dict[str, Any], end: str
) -> None:
    """However it ends."""
    report_id = client.post("/v1/reports", json=with_options(order, password=PASSWORD)).json()["id"]
    if end == "cancel":
        client.post(f"/v1/reports/{report_id}/cancel")
    else:
        client.delete(f"/v1/reports/{report_id}")
    assert server.registry.reports.load_sealed_password(report_id) is None


def test_a_weak_password_is_refused_without_repeating_it(client: httpx.Client, order: dict[str, Any]) -> None:
    """The dotted field and the rule."""
    answer = client.post("/v1/reports", json=with_options(order, password="hunter2!"))
    assert answer.status_code == 400
    assert answer.json()["details"] == [
        {"field": "format_options.password", "message": "Must have 12 to 127 characters"}
    ]
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"password": 123456789012}, "format_options.password"),
        ({"watermark": "two\nlines"}, "format_options.watermark"),
        ({"watermark": "x" * 61}, "format_options.watermark"),
        ({"sign": "yes"}, "format_options.sign"),
    ],
)
def test_options_that_cannot_be_are_refused(
    client: httpx.Client, order: dict[str, Any], options: dict[str, object], field: str
) -> None:
    """400 with the field."""
    answer = client.post("/v1/reports", json=with_options(order, **options))
    assert answer.status_code == 400
    assert [detail["field"] for detail in answer.json()["details"]] == [field]


def test_a_schedule_takes_no_password(client: httpx.Client) -> None:
    """It would have to be kept."""
    body = {
        "name": "Monthly",
        "schedule": {"cron": "0 9 1 * *", "timezone": "UTC"},
        "report_template": {"type": "compliance", "framework": "soc2", "format_options": {"password": PASSWORD}},
    }
    answer = client.post("/v1/reports/schedules", json=body)
    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == "report_template.format_options"
    assert PASSWORD not in answer.text


def test_watermark_and_signature_are_part_of_the_order(
    server: ApiServer, client: httpx.Client, order: dict[str, Any]
) -> None:
    """True stands for CONFIDENTIAL."""
    for given, kept in ((True, "CONFIDENTIAL"), ("FOR THE BOARD", "FOR THE BOARD"), (False, None)):
        body = with_options(order, watermark=given, sign=True)
        row = server.registry.reports.find_report(client.post("/v1/reports", json=body).json()["id"])
        assert request_from_json(row.order).watermark == kept
        assert request_from_json(row.order).is_signed
