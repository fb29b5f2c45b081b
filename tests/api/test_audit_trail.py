"""The audit log over HTTP: every event and refusal with actor, address and request id, in one unbroken chain."""

import csv
import io
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from policycortex.audit.chain import AuditEvent, AuditOutcome, check_chain
from policycortex.audit.write_ahead_log import WriteAheadLog
from policycortex.names import ReportFormat
from policycortex.verify.report_files import verify
from policycortex.verify.verdict import VerdictKind
from policycortex.workflow.audit_export import check_audit_log, recover_write_ahead_log
from policycortex.workflow.retention import expire_reports
from tests.support.api_server import ApiServer
from tests.support.backends import artifact_keys

_ASIDE = {"key_created", "audit_trail_read"}
"""Acts of the tests themselves."""


@pytest.fixture
def auditor(server: ApiServer) -> httpx.Client:
    """A client of scope admin."""
    return server.client(scopes=["admin"])


def records(auditor: httpx.Client, **wanted: str) -> list[dict[str, Any]]:
    """All records, oldest first."""
    found: list[dict[str, Any]] = []
    while True:
        page = auditor.get("/v1/audit-trail", params={"limit": 100, "offset": len(found), **wanted})
        assert page.status_code == 200, page.text
        found += page.json()["records"]
        if not page.json()["pagination"]["has_more"]:
            return found[::-1]


def test_every_act_and_refusal_is_recorded(
    server: ApiServer, auditor: httpx.Client, client: httpx.Client, order: dict[str, Any]
) -> None:
    """In order, by whom, from where, under which request."""
    body = order | {"delivery": {}, "format_options": {"formats": ["pdf"]}}
    report_id = client.post("/v1/reports", json=body, headers={"X-Request-Id": "my-order"}).json()["id"]
    client.get(f"/v1/reports/{report_id}")
    client.get("/v1/reports")
    client.get(f"/v1/reports/{report_id}/download/pdf")
    records(auditor)  # what waits comes before the run's end
    server.complete(report_id)
    client.get(f"/v1/reports/{report_id}/download/pdf")
    link = client.post(f"/v1/reports/{report_id}/download-link", json={"format": "pdf", "expires_in": 3600}).json()
    server.bare_client().get(link["url"])
    client.put(f"/v1/reports/{report_id}/sharing", json={"visibility": "organization", "links_allowed": False})
    client.post(f"/v1/reports/{report_id}/cancel")
    client.get("/v1/reports/rpt_0000000000000000")
    client.get("/v1/audit-trail")
    client.delete(f"/v1/reports/{report_id}")
    recorded = [(r["action"], r["outcome"], r["subject"]) for r in records(auditor) if r["action"] not in _ASIDE]
    assert recorded == [
        ("report_created", "done", report_id),
        ("report_read", "done", report_id),
        ("reports_listed", "done", None),
        ("report_downloaded", "refused", report_id),
        ("report_completed", "done", report_id),
        ("report_downloaded", "done", report_id),
        ("link_created", "done", report_id),
        ("link_used", "done", report_id),
        ("report_shared", "done", report_id),
        ("report_cancelled", "refused", report_id),
        ("report_read", "refused", "rpt_0000000000000000"),
        ("report_deleted", "done", report_id),
    ]
    created = records(auditor, action="report_created")[0]
    assert (created["address"], created["request_id"]) == ("127.0.0.1", "my-order")
    assert created["actor"].startswith("key_")
    used = records(auditor, action="link_used")[0]
    assert used["actor"].startswith("link:lnk_")
    refused = records(auditor, action="audit_trail_read", outcome="refused")[0]
    assert refused["details"]["code"] == "RPT_005"
    assert link["url"].rsplit("/", 1)[1] not in auditor.get("/v1/audit-trail", params={"limit": 100}).text


def test_a_refusal_without_a_key_is_recorded_for_nobody(server: ApiServer, auditor: httpx.Client) -> None:
    """In a chain of its own, which no organisation sees: itself, or as one of several of its address in a summary."""
    server.app.state.services.refusals.flush()
    records(auditor)
    before = count_refusals(server)
    server.bare_client({"Authorization": "Bearer sk_live_unknown"}).get("/v1/reports", headers={"X-Request-Id": "who"})
    server.app.state.services.refusals.flush()
    records(auditor)
    assert count_refusals(server) == before + 1
    assert not [r for r in records(auditor) if r["request_id"] == "who"]


def count_refusals(server: ApiServer) -> int:
    """How many refusals the chain without an organisation states."""
    found = server.registry.audit_log.read_records("-")
    return sum(record.details.get("count", 1) for record in found if record.outcome == "refused")


def test_the_trail_is_for_admins_of_the_organisation_alone(server: ApiServer, auditor: httpx.Client) -> None:
    """Others are refused; another organisation's admin sees their own."""
    assert server.client().get("/v1/audit-trail").status_code == 403
    assert server.client().get("/v1/audit-trail/export").status_code == 403
    assert server.bare_client().get("/v1/audit-trail").status_code == 401
    foreign = server.client(organization=f"{server.organization}-other", scopes=["admin"])
    assert {r["organization"] for r in records(foreign)} == {f"{server.organization}-other"}
    assert auditor.get("/v1/audit-trail", params={"colour": "red"}).status_code == 400


def test_many_callers_at_once_make_one_chain(server: ApiServer, auditor: httpx.Client) -> None:
    """No fork, no gap, nothing lost, whoever comes first."""

    def call(client: httpx.Client) -> None:
        for _ in range(10):
            assert client.get("/v1/reports").status_code == 200

    clients = [server.client() for _ in range(6)]
    threads = [threading.Thread(target=call, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(records(auditor, action="reports_listed")) == 60
    assert check_audit_log(server.settings, server.registry, server.organization) == ()


def test_an_export_proves_itself(auditor: httpx.Client, tmp_path: Path) -> None:
    """JSON lines that ``verify`` holds to be whole; as CSV the same records."""
    auditor.get("/v1/reports")
    path = tmp_path / "trail.jsonl"
    path.write_bytes(auditor.get("/v1/audit-trail/export", params={"format": "jsonl"}).content)
    verdict = verify(tmp_path, audit_log=path)
    assert not [line for line in verdict.of(VerdictKind.BROKEN) if line.subject != "manifest.json"]
    assert any("follow each other without a gap" in line.message for line in verdict.of(VerdictKind.HOLDS))
    answer = auditor.get("/v1/audit-trail/export")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["sequence"] for row in rows] == [str(n + 1) for n in range(len(rows))]
    assert rows[-1]["action"] == "audit_trail_exported"
    (tmp_path / "trail.csv").write_text(answer.text, newline="")
    verdict = verify(tmp_path, audit_log=tmp_path / "trail.csv")
    assert any("follow each other" in line.message for line in verdict.of(VerdictKind.HOLDS))


@pytest.fixture
def write_ahead_log(server: ApiServer, tmp_path: Path) -> Iterator[WriteAheadLog]:
    """A write-ahead log whose thread never writes by itself."""
    made = WriteAheadLog(tmp_path / "trail", server.registry.audit_log.append_events, lambda _: None)
    yield made
    made.close()


def test_what_a_dead_process_left_is_taken_over(
    server: ApiServer, write_ahead_log: WriteAheadLog, tmp_path: Path
) -> None:
    """Acts that ended as they ended; one that only began as unknown; a second take-over changes nothing."""

    def act(action: str) -> AuditEvent:
        return AuditEvent(organization=server.organization, at=server.clock(), action=action, actor="key_1")

    ended = write_ahead_log.begin(act("ended"))
    write_ahead_log.end(act("ended"), ended)
    write_ahead_log.begin(act("begun"))
    (left,) = (tmp_path / "trail").glob("*.journal")
    home = server.settings.home / "trail"
    home.mkdir(exist_ok=True)
    (home / "1-dead.journal").write_bytes(left.read_bytes() + b'{"phase": "ended", "cut')
    assert recover_write_ahead_log(server.settings, server.registry) == 2
    write_ahead_log.flush()
    (home / "1-dead.journal").write_bytes(left.read_bytes())
    recover_write_ahead_log(server.settings, server.registry)
    found, total = server.registry.audit_log.list_records(server.organization)
    assert [(r.action, r.outcome) for r in found[::-1]] == [
        ("ended", AuditOutcome.DONE),
        ("begun", AuditOutcome.UNKNOWN),
    ]
    assert total == 2
    assert list(check_chain(found[::-1], after=None, key=None)) == []


def test_a_change_that_cannot_be_recorded_is_refused(
    client: httpx.Client, order: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, and nothing was made: no act without its record."""
    monkeypatch.setattr("os.fdatasync", _disk_full)
    answer = client.post("/v1/reports", json=order)
    monkeypatch.undo()
    assert answer.status_code == 503
    assert client.get("/v1/reports").json()["pagination"]["total"] == 0


def _disk_full(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


def test_an_expired_report_answers_as_documented(
    server: ApiServer, client: httpx.Client, auditor: httpx.Client, order: dict[str, Any]
) -> None:
    """Its state is shown, its files are 404, its links end, its record stays."""
    body = order | {"delivery": {}, "format_options": {"formats": ["pdf"]}, "retention_days": 30}
    report_id = client.post("/v1/reports", json=body).json()["id"]
    server.complete(report_id, {ReportFormat.PDF: b"%PDF"}, expires_at=server.clock() + timedelta(days=30))
    link = client.post(f"/v1/reports/{report_id}/download-link", json={"format": "pdf", "expires_in": 3600}).json()
    assert artifact_keys(server.settings, report_id)
    assert expire_reports(server.settings, now=server.clock() + timedelta(days=29)).expired == ()
    summary = expire_reports(server.settings, now=server.clock() + timedelta(days=30))
    assert summary.expired == (report_id,)
    assert artifact_keys(server.settings, report_id) == []
    assert client.get(f"/v1/reports/{report_id}").json()["status"] == "expired"
    download = client.get(f"/v1/reports/{report_id}/download/pdf")
    assert (download.status_code, download.json()["error_code"]) == (404, "RPT_002")
    assert client.get(f"/v1/reports/{report_id}/download/bundle").status_code == 404
    assert server.bare_client().get(link["url"]).status_code == 404
    (gone,) = records(auditor, action="report_expired")
    assert (gone["subject"], gone["actor"]) == (report_id, "retention")
    assert set(gone["details"]["sha256"]) == {"pdf"}
    assert expire_reports(server.settings, now=server.clock() + timedelta(days=31)).cleared == 0
