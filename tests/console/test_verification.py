"""The check of a report's stored files, by the API and on the report's page."""

from datetime import UTC, datetime, timedelta

from policycortex.names import ReportFormat
from policycortex.workflow.reports import produce_report
from tests.console.conftest import ConsoleServer
from tests.console.screens import FRAMEWORK, Filled


def _report(console: ConsoleServer, organization: str) -> str:
    """A signed report of the test's own, in one format."""
    day = console.api.clock().date() - timedelta(days=1)
    order = {
        "name": "To verify",
        "type": "compliance",
        "framework": FRAMEWORK,
        "scope": {"date_range": {"start": f"{day}T00:00:00Z", "end": f"{day}T23:59:59Z"}},
        "format_options": {"formats": ["json"], "sign": True},
    }
    made = console.api.client(organization=organization, scopes=["admin"]).post("/v1/reports", json=order)
    produce_report(console.api.settings, made.json()["id"], run_id="run", now=datetime.now(UTC))
    return str(made.json()["id"])


def test_stored_files_are_verified_file_by_file(everything: Filled, console: ConsoleServer) -> None:
    """Intact at first; with one changed byte the file is broken, with its reason, and the others still hold."""
    report_id = _report(console, everything.organization)
    reader = console.api.client(organization=everything.organization, scopes=["reports:read"])
    person = console.sign_in("reports:read", organization=everything.organization)
    page = f"/reports/{report_id}"
    assert "Verify the stored files" in person.get(page).text
    found = reader.get(f"/v1/reports/{report_id}/verification").json()
    assert found["is_intact"] is True
    assert found["files"][0]["name"] == "report.json"
    assert {each["name"]: each["result"] for each in found["files"]} == {
        "report.json": "holds", "manifest.json": "holds", "certificate.pem": "holds",
    }  # fmt: skip
    assert "its signature report.json.p7s holds" in " ".join(found["files"][0]["reasons"])
    shown = person.get(page, verify="1").text
    assert "The stored files are those that were made and signed." in shown

    artifact = console.api.registry.reports.find_report(report_id).artifact(ReportFormat.JSON)
    assert artifact is not None
    path = console.api.settings.home / "artifacts" / artifact.key
    path.write_bytes(path.read_bytes().replace(b"To verify", b"To falsfy"))
    found = reader.get(f"/v1/reports/{report_id}/verification").json()
    assert found["is_intact"] is False
    results = {each["name"]: each["result"] for each in found["files"]}
    assert (results["report.json"], results["manifest.json"]) == ("broken", "holds")
    assert "SHA-256" in found["files"][0]["reasons"][0]
    shown = person.get(page, verify="1").text
    assert "Stored files are broken." in shown
    assert "The stored file was changed" in shown


def test_what_cannot_be_verified_says_why(everything: Filled, console: ConsoleServer) -> None:
    """An open report, one without manifest, and one of another organisation."""
    reader = console.api.client(organization=everything.organization, scopes=["reports:read"])
    open_id = everything.ids["open_id"]
    assert reader.get(f"/v1/reports/{open_id}/verification").json()["error_code"] == "RPT_003"
    stranger = console.api.client(scopes=["admin"])
    assert stranger.get(f"/v1/reports/{everything.ids['report_id']}/verification").json()["error_code"] == "RPT_002"
    visitor = console.sign_in()
    order: dict[str, str | list[str]] = {
        "type": "compliance", "framework": FRAMEWORK, "range": "last_month", "formats": ["json"],
    }  # fmt: skip
    made = visitor.submit("/reports/new", order).headers["location"].rsplit("/", 1)[1].partition("?")[0]
    console.api.complete(made, {ReportFormat.JSON: b"{}"})
    answer = visitor.get(f"/reports/{made}", verify="1")
    assert answer.status_code == 200
    assert "The files cannot be verified: Report" in answer.text


def test_a_verification_is_in_the_audit_log(everything: Filled, console: ConsoleServer) -> None:
    """Under who asked for it."""
    person = console.sign_in(organization=everything.organization)
    person.get(everything.address("/reports/{report_id}"), verify="1")
    admin = console.api.client(organization=everything.organization, scopes=["admin"])
    query = {"actor": person.key.id, "action": "report_verified"}
    records = admin.get("/v1/audit-trail", params=query).json()["records"]
    assert [each["subject"] for each in records] == [everything.ids["report_id"]]
