"""Ordering, listing and looking at reports, in the documented shapes."""

from datetime import date, timedelta
from typing import Any

import httpx

from policycortex.names import ReportFormat
from policycortex.storage.registry import Failure
from policycortex.storage.registry.unrelated import UnrelatedRow
from tests.support.api_server import ApiServer


def test_an_order_is_accepted_in_the_documented_shape(
    server: ApiServer, client: httpx.Client, order: dict[str, Any]
) -> None:
    """The documentation's body gives the documented answer, and a run was launched for the period."""
    answer = client.post("/v1/reports", json=order)
    body = answer.json()
    assert answer.status_code == 202
    assert list(body) == [
        "id", "name", "type", "framework", "status", "estimated_completion", "estimated_duration", "queue_position",
        "monitoring", "warnings", "frameworks",
    ]  # fmt: skip
    assert [each["code"] for each in body["warnings"]] == ["unknown_connection"]  # for the e-mail of the example
    assert (body["status"], body["queue_position"], body["estimated_duration"]) == ("pending", 1, "30s")
    assert answer.headers["Location"] == body["monitoring"]["progress_url"] == f"{server.url}/v1/reports/{body['id']}"
    assert int(answer.headers["Retry-After"]) > 0
    assert server.launcher.launched == [f"{body['id']} 2024-01-01..2024-01-31"]


def test_a_completed_report_is_listed_as_documented(
    server: ApiServer, client: httpx.Client, order: dict[str, Any]
) -> None:
    """Size, summary and pagination have the documented fields."""
    report_id = client.post("/v1/reports", json=order).json()["id"]
    server.complete(report_id)
    body = client.get(
        "/v1/reports", params={"limit": 20, "type": "audit", "framework": "iso27001", "status": "completed"}
    ).json()
    item = body["reports"][0]
    assert list(item)[:8] == ["id", "name", "type", "framework", "status", "generated_at", "size", "summary"]
    assert item["size"] == {"pages": 47, "file_size_mb": 0.0}
    documented = {"compliance_score": 96.3, "total_violations": 18, "critical_findings": 2}
    assert item["summary"] == documented | {
        "requirements_met": None, "requirements_assessed": None,
        "risk_score": 31.5, "risk_version": "2", "risk_band": None,
    }  # fmt: skip
    assert item["access"]["visibility"] == "organization"
    assert body["pagination"] == {"total": 1, "limit": 20, "offset": 0, "has_more": False}


def test_a_list_has_requirements_met_and_the_risk_of_each_report(
    server: ApiServer, client: httpx.Client, order: dict[str, Any]
) -> None:
    """Beside the score: 14 of 27 assessed requirements are met, and the risk with its version and band."""
    report_id = client.post("/v1/reports", json=order).json()["id"]
    figures = {"requirements": {"met": 14, "assessed": 27, "total": 61}, "risk_score": 80.78}
    server.complete(report_id, summary=figures | {"risk": {"version": "3", "band": "act_now"}})
    reports = client.get("/v1/reports", params={"status": "completed"}).json()["reports"]
    (item,) = (each for each in reports if each["id"] == report_id)
    named = ("compliance_score", "requirements_met", "requirements_assessed", "risk_score", "risk_version", "risk_band")
    assert [item["summary"][name] for name in named] == [96.3, 14, 27, 80.78, "3", "act_now"]


def test_details_of_a_completed_report_are_as_documented(
    server: ApiServer, client: httpx.Client, order: dict[str, Any]
) -> None:
    """Content, files with digests, and the summary under the documented names."""
    report_id = client.post("/v1/reports", json=order).json()["id"]
    row = server.complete(report_id, {ReportFormat.PDF: b"x" * 8_300_000})
    body = client.get(f"/v1/reports/{report_id}").json()
    assert body["content"] == {"pages": 47, "sections": [{"name": "Executive Summary", "pages": 3}]}
    file = body["formats"][0]
    assert (file["format"], file["size_mb"], file["sha256"]) == ("pdf", 8.3, row.artifacts[0].sha256)
    assert file["url"] == f"{server.url}/v1/reports/{report_id}/download/pdf"
    wanted = {"overall_compliance_score": 96.3, "total_violations": 18, "critical": 2, "high": 4}
    assert wanted.items() <= body["summary"].items()
    assert body["generated_at"].endswith("Z")
    assert (body["scope"], body["progress"], body["queue_position"]) == (order["scope"], 100, None)


def test_a_report_due_later_waits_for_its_time(server: ApiServer, client: httpx.Client, order: dict[str, Any]) -> None:
    """No run is launched before scheduled_at, and the estimate counts from it: 30 s are guessed at first."""
    due = server.clock() + timedelta(days=2)
    order["delivery"]["scheduled_at"] = due.isoformat()
    body = client.post("/v1/reports", json=order).json()
    assert server.launcher.launched == []
    assert body["estimated_completion"] == (due + timedelta(seconds=30)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_estimates_follow_the_queue_and_past_reports(
    server: ApiServer, client: httpx.Client, order: dict[str, Any]
) -> None:
    """One report took 120 s; with one waiting before it, the next is second and done after 2 x 120 s."""
    first = client.post("/v1/reports", json=order).json()["id"]
    server.registry.reports.mark_running(first, "run", now=server.clock())
    server.clock.pass_by(timedelta(seconds=120))
    server.registry.reports.complete_report(
        first, artifacts=(), summary={}, content={}, snapshot="1", now=server.clock()
    )
    client.post("/v1/reports", json=order)
    server.clock.pass_by(timedelta(seconds=1))
    body = client.post("/v1/reports", json=order).json()
    assert (body["queue_position"], body["estimated_duration"]) == (2, "2m")
    assert body["estimated_completion"] == (server.clock() + timedelta(seconds=240)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_orchestrator_away_keeps_nothing(server: ApiServer, client: httpx.Client, order: dict[str, Any]) -> None:
    """503 with Retry-After, no report left in the list; the same order later is accepted."""
    server.launcher.is_away = True
    answer = client.post("/v1/reports", json=order)
    assert (answer.status_code, answer.json()["error_code"]) == (503, "RPT_503")
    assert "Retry-After" in answer.headers
    assert client.get("/v1/reports").json()["pagination"]["total"] == 0
    server.launcher.is_away = False
    assert client.post("/v1/reports", json=order).status_code == 202


def test_a_run_that_died_unseen_is_shown_on_the_report(
    server: ApiServer, client: httpx.Client, order: dict[str, Any]
) -> None:
    """Reading the report copies the end of its run, with the reason."""
    report_id = client.post("/v1/reports", json=order).json()["id"]
    server.launcher.failures[report_id] = Failure(code="RPT_500", message="its run was killed")
    body = client.get(f"/v1/reports/{report_id}").json()
    assert body["status"] == "failed"
    assert body["failure"] == {"code": "RPT_500", "message": "its run was killed", "is_retryable": False}


def test_another_organisation_sees_nothing(server: ApiServer, client: httpx.Client, order: dict[str, Any]) -> None:
    """Foreign reports are 404, in no list or count, and do not lengthen the queue."""
    report_id = client.post("/v1/reports", json=order).json()["id"]
    other = server.client(organization=f"{server.organization}-other")
    assert other.get(f"/v1/reports/{report_id}").status_code == 404
    assert other.get(f"/v1/reports/{report_id}/download/pdf").status_code == 404
    assert other.get("/v1/reports").json()["pagination"]["total"] == 0
    assert other.post("/v1/reports", json=order).json()["queue_position"] == 1


def test_findings_that_count_towards_no_requirement_are_in_the_answer(
    server: ApiServer, client: httpx.Client, order: dict[str, Any]
) -> None:
    """One warning per provider in the scope, of the newest scored day; none of frameworks without such findings."""
    row = UnrelatedRow(provider="azure", findings=2310, total=2310, is_outside=False, checks=("vm",), checks_total=41)
    other = UnrelatedRow(provider="gcp", findings=1, total=9, is_outside=True, checks=("c",), checks_total=1)
    server.registry.unrelated.replace_rows(
        server.organization, date(2026, 11, 29), {order["framework"]: [row, other], "hipaa": []}
    )
    scope = order["scope"] | {"cloud_providers": ["azure"]}
    order = order | {"delivery": {}}
    (warning,) = client.post("/v1/reports", json=order | {"scope": scope}).json()["warnings"]
    assert warning.pop("message").startswith(
        f"As of 2026-11-29, 2,310 of 2,310 findings of azure count towards no requirement of {order['framework']}. "
    )
    assert warning == {
        "code": "findings_without_requirement", "provider": "azure", "findings": 2310, "findings_total": 2310,
        "checks": ["vm"], "checks_total": 41, "as_of": "2026-11-29",
    }  # fmt: skip
    everywhere = order | {"scope": {name: v for name, v in order["scope"].items() if name != "cloud_providers"}}
    both = client.post("/v1/reports", json=everywhere).json()["warnings"]
    assert [(each["provider"], "not written for" in each["message"]) for each in both] == [
        ("azure", False), ("gcp", True),
    ]  # fmt: skip
    assert client.post("/v1/reports", json=order | {"framework": "hipaa"}).json()["warnings"] == []
    assert client.post("/v1/reports", json=order | {"framework": "pci_dss"}).json()["warnings"] == []
