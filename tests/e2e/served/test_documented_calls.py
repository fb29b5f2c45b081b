"""The curl calls of the public documentation, typed as they stand there, against a real server."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.installation import Server, wait_until

ORDER: dict[str, Any] = {
    "name": "Monthly Security Assessment",
    "type": "audit",
    "framework": "iso27001",
    "description": "Monthly security audit for ISO 27001 compliance",
    "scope": {
        "environments": ["production", "staging"],
        "cloud_providers": ["aws", "azure", "gcp"],
        "date_range": {"start": "2024-01-01T00:00:00Z", "end": "2024-01-31T23:59:59Z"},
    },
    "format_options": {
        "formats": ["pdf", "excel"],
        "include_executive_summary": True,
        "include_detailed_findings": True,
    },
}
"""The documentation's order, but made at once: its delivery stands in the past."""


@pytest.fixture(scope="module")
def completed(server: Server) -> dict[str, Any]:
    """The documented order, carried out."""
    ordered = order(server, ORDER)
    details = wait_for_end(server, ordered["id"])
    assert details["status"] == "completed", details
    return details


def order(server: Server, body: dict[str, Any]) -> dict[str, Any]:
    """POST as documented."""
    json_type = ("-H", "Content-Type: application/json")
    return server.curl_json("-X", "POST", f"{server.url}/v1/reports", *json_type, "-d", json.dumps(body))


def wait_for_end(server: Server, report_id: str) -> dict[str, Any]:
    """The report's details once it is completed or failed."""

    def ended() -> dict[str, Any] | None:
        details = server.curl_json("-X", "GET", f"{server.url}/v1/reports/{report_id}")
        return details if details["status"] in {"completed", "failed"} else None

    return wait_until(ended, seconds=120, what=f"{report_id} comes to an end")


def test_an_order_answers_at_once_with_the_documented_body(server: Server) -> None:
    """202's body has the documented fields, and progress can be followed at its address."""
    ordered = order(server, ORDER | {"name": "Second assessment", "format_options": {"formats": ["csv"]}})
    assert ordered["status"] == "pending"
    assert ordered["monitoring"]["progress_url"] == f"{server.url}/v1/reports/{ordered['id']}"
    assert ordered["queue_position"] >= 1
    assert wait_for_end(server, ordered["id"])["status"] == "completed"


def test_the_finished_report_is_in_the_documented_list(server: Server, completed: dict[str, Any]) -> None:
    """The documented query, with this order's type and framework, finds it."""
    query = "limit=20&type=audit&framework=iso27001&status=completed"
    found = server.curl_json("-X", "GET", f"{server.url}/v1/reports?{query}", "-H", "Content-Type: application/json")
    assert completed["id"] in [report["id"] for report in found["reports"]]
    assert found["pagination"]["limit"] == 20


def test_a_download_is_the_file_whose_digest_the_details_tell(
    server: Server, completed: dict[str, Any], tmp_path: Path
) -> None:
    """The documented download writes a PDF with the announced SHA-256."""
    target = tmp_path / "compliance_report.pdf"
    server.curl("-X", "GET", f"{server.url}/v1/reports/{completed['id']}/download/pdf", "-o", str(target))
    announced = next(f for f in completed["formats"] if f["format"] == "pdf")
    assert target.read_bytes().startswith(b"%PDF-")
    assert hashlib.sha256(target.read_bytes()).hexdigest() == announced["sha256"]


def test_a_download_link_needs_no_key(server: Server, completed: dict[str, Any], tmp_path: Path) -> None:
    """The documented link call answers with an address that a client without key can fetch."""
    link = server.curl_json(
        "-X", "POST", f"{server.url}/v1/reports/{completed['id']}/download-link",
        "-H", "Content-Type: application/json", "-d", '{"format": "pdf", "expires_in": 3600}',
    )  # fmt: skip
    stranger = Server(process=server.process, home=server.home, port=server.port, dagster_port=server.dagster_port)
    target = tmp_path / "linked.pdf"
    stranger.curl(link["url"], "-H", "Authorization:", "-o", str(target))
    assert target.read_bytes().startswith(b"%PDF-")


def test_an_unknown_report_is_the_documented_404(server: Server) -> None:
    """RPT_002 with its possible causes."""
    answer = server.curl_json("-X", "GET", f"{server.url}/v1/reports/rpt_invalid123")
    assert (answer["error_code"], answer["report_id"]) == ("RPT_002", "rpt_invalid123")


def test_a_start_in_the_future_is_the_documented_400(server: Server) -> None:
    """RPT_001 names the field by its dotted path."""
    body = ORDER | {"scope": {"date_range": {"start": "2999-01-01T00:00:00Z", "end": "2999-01-31T23:59:59Z"}}}
    answer = order(server, body)
    assert answer["error_code"] == "RPT_001"
    assert "scope.date_range.start" in [problem["field"] for problem in answer["details"]]


def test_the_run_is_in_dagster_with_the_reports_tags(server: Server, completed: dict[str, Any]) -> None:
    """The UI's own query finds one successful make_report run tagged with the report."""
    tag = f'{{key: "policycortex/report_id", value: "{completed["id"]}"}}'
    query = f"{{ runsOrError(filter: {{tags: [{tag}]}}) {{ ... on Runs {{ results {{ status jobName }} }} }} }}"

    def ended() -> list[dict[str, Any]] | None:
        answer = server.query_dagster(query)
        runs: list[dict[str, Any]] = answer["runsOrError"]["results"]
        return None if any(run["status"] == "STARTED" for run in runs) else runs

    # The report is complete a moment before Dagster has written its run's end.
    runs = wait_until(ended, seconds=60, what="the run has ended")
    assert runs == [{"status": "SUCCESS", "jobName": "make_report"}]


def test_an_installation_that_can_make_reports_says_it_is_ready(server: Server) -> None:
    """``/healthz`` and ``/readyz`` answer 200."""
    for path in ("healthz", "readyz"):
        assert server.http_code(path) == "200", path
