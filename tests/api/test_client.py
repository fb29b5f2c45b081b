"""The Python client against the running API: what it promises holds, also when things go wrong."""

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.platform.openapi import FRAMEWORK_EXAMPLE
from policycortex.names import ReportFormat
from policycortex.storage.registry import Failure
from policycortex_client import (
    ApiError,
    Client,
    ConnectionFailedError,
    ReportEndedError,
    WaitingEndedError,
)
from tests.support.api_server import ApiServer
from tests.support.backends import replace_artifact
from tests.support.ledger import MONTHLY
from tests.support.uploads import run_import
from tests.unit.findings.ocsf_records import array_text, ocsf_record


@pytest.fixture
def api(server: ApiServer) -> Client:
    """A client with a key of the test's organisation."""
    _, token = server.registry.keys.create_key(organization=server.organization, name="client")
    return Client(server.url, token, attempts=1)


def test_a_session_from_order_to_file(server: ApiServer, api: Client, order: dict[str, Any], tmp_path: Path) -> None:
    """Order, wait until complete, download with its digest proven, list, link, delete."""
    with api:
        report = api.create_report(order)
        files = {ReportFormat.PDF: b"%PDF-1.7", ReportFormat.EXCEL: b"PK"}
        finisher = threading.Timer(0.2, server.complete, (report.id, files))
        finisher.start()
        done = api.wait_until_complete(report.id, patience_seconds=60)
        finisher.join()
        assert (done.status, done.pages, [f.format for f in done.formats]) == ("completed", 47, ["pdf", "excel"])
        assert done.summary is not None
        assert (done.summary.overall_compliance_score, done.summary.critical) == (96.3, 2)
        target = api.download(report.id, "pdf", tmp_path / "report.pdf")
        assert target.read_bytes() == b"%PDF-1.7"
        assert [item.id for item in api.iterate_reports(limit=1)] == [report.id]
        assert api.create_download_link(report.id, "pdf", expires_in=60).url.startswith(server.url)
        api.delete_report(report.id)
        with pytest.raises(ApiError) as caught:
            api.get_report(report.id)
        assert (caught.value.status, caught.value.code) == (404, "RPT_002")


def test_all_pages_are_walked(api: Client, order: dict[str, Any]) -> None:
    """Five reports in pages of two, each once."""
    made = {api.create_report(order).id for _ in range(5)}
    assert len(made) == 5
    listed = [report.id for report in api.iterate_reports(limit=2)]
    assert sorted(listed) == sorted(made)
    api.close()


def test_a_refused_order_names_its_problems(api: Client, order: dict[str, Any]) -> None:
    """The error's text is enough to mend the order."""
    with pytest.raises(ApiError, match=r"400 RPT_001: .*type: Must be one of") as caught:
        api.create_report(order | {"type": "audits"})
    assert [problem.field for problem in caught.value.details] == ["type"]
    api.close()


def test_waiting_tells_other_ends(server: ApiServer, api: Client, order: dict[str, Any]) -> None:
    """Failed with its reason; still on its way when the patience ends; cancelled."""
    failed, slow = api.create_report(order), api.create_report(order)
    server.registry.reports.fail_report(failed.id, Failure(code="RPT_012", message="no space for the table"))
    with pytest.raises(ReportEndedError, match="failed: no space for the table"):
        api.wait_until_complete(failed.id)
    with pytest.raises(WaitingEndedError, match="still pending"):
        api.wait_until_complete(slow.id, patience_seconds=0.1)
    assert api.cancel_report(slow.id).status == "cancelled"
    with pytest.raises(ReportEndedError, match="cancelled"):
        api.wait_until_complete(slow.id)
    api.close()


def test_a_refused_download_leaves_no_file(
    server: ApiServer, api: Client, order: dict[str, Any], tmp_path: Path
) -> None:
    """Not there, damaged, or no server: an error, and an empty folder."""
    report = api.create_report(order)
    server.complete(report.id, {ReportFormat.PDF: b"%PDF-1.7"})
    with pytest.raises(ApiError):
        api.download(report.id, "csv", tmp_path / "x.csv")
    replace_artifact(server.settings, report.id, b"other")
    with pytest.raises(ApiError):
        api.download(report.id, "pdf", tmp_path / "x.pdf")
    with Client("http://127.0.0.1:9", "sk_live_x", attempts=1) as lost, pytest.raises(ConnectionFailedError):
        lost.download(report.id, "pdf", tmp_path / "x.pdf")
    assert list(tmp_path.iterdir()) == []
    api.close()


def test_a_retry_after_503_makes_one_report(server: ApiServer, order: dict[str, Any]) -> None:
    """The orchestrator comes back while the client waits out Retry-After: one report."""
    _, token = server.registry.keys.create_key(organization=server.organization, name="client")
    server.launcher.is_away = True
    back = threading.Timer(1.0, setattr, (server.launcher, "is_away", False))
    back.start()
    with Client(server.url, token, attempts=2) as api:
        report = api.create_report(order)
        back.join()
        assert [item.id for item in api.list_reports().reports] == [report.id]


def test_schedules_from_first_to_last(server: ApiServer) -> None:
    """Made once under a key, listed, changed, run out of turn, its runs listed, ended; templates make more."""
    _, token = server.registry.keys.create_key(
        organization=server.organization, name="client", scopes=["reports:read", "schedules:write"]
    )
    with Client(server.url, token, attempts=1) as api:
        made = api.create_schedule(MONTHLY, idempotency_key="monthly")
        assert api.create_schedule(MONTHLY, idempotency_key="monthly") == made
        assert (made.cron, made.timezone, made.is_enabled, len(made.next_runs)) == (
            "0 9 1 * *", "America/New_York", True, 5,
        )  # fmt: skip
        assert not api.change_schedule(made.id, {"enabled": False}).next_runs
        assert list(api.iterate_schedules(enabled=True)) == []
        assert [item.id for item in api.iterate_schedules(enabled=False, limit=1)] == [made.id]
        report_id = api.run_schedule(made.id)
        assert [run.report_id for run in api.list_schedule_runs(made.id).items] == [report_id]
        last = api.get_schedule(made.id).last_run
        assert last is not None
        assert (last.report_id, last.status) == (report_id, "pending")
        waiting = api.list_deliveries(report_id=report_id)
        assert {item.channel for item in waiting.items} == {"email", "slack"}
        assert [item.id for item in api.iterate_deliveries(report_id=report_id, limit=1)] == [
            d.id for d in waiting.items
        ]
        with pytest.raises(ApiError) as caught:
            api.replay_delivery(waiting.items[0].id)
        assert caught.value.status == 409
        assert api.get_delivery(waiting.items[0].id).attempt_count == 0
        tested = api.test_schedule(made.id, {"email": {"recipients": ["me@company.com"]}})
        (delivery,) = api.list_deliveries(report_id=tested).items
        assert api.cancel_delivery(delivery.id).status == "cancelled"
        (added,) = api.request_deliveries(tested, {"email": {"recipients": ["auditor@company.com"]}})
        assert (added.target, added.status) == ("auditor@company.com", "waiting")
        assert made.created_by is not None
        assert [item.id for item in api.list_schedules(created_by=made.created_by).items] == [made.id]
        assert api.list_schedule_templates()
        api.delete_schedule(made.id)
        assert api.list_schedules().total == 0


def test_waivers_and_frameworks(server: ApiServer, tmp_path: Path) -> None:
    """One key requests, another approves; an own framework is uploaded, listed and read."""
    scopes = ["reports:read", "findings:write", "frameworks:write"]
    one, other = (
        Client(
            server.url, server.registry.keys.create_key(organization=server.organization, name=name, scopes=scopes)[1]
        )
        for name in ("one", "other")
    )
    until = (server.clock() + timedelta(days=30)).isoformat()
    body = {"scope": {"check": "s3_bucket_public_access"}, "reason": "Public on purpose, reviewed", "until": until}
    file = tmp_path / "acme.json"
    file.write_text(json.dumps(FRAMEWORK_EXAMPLE))
    with one, other:
        requested = one.request_waiver(body)
        with pytest.raises(ApiError) as caught:
            one.approve_waiver(requested.id)
        assert caught.value.status == 409
        approved = other.approve_waiver(requested.id)
        assert (approved.status, approved.scope["check"]) == ("active", "s3_bucket_public_access")
        other.revoke_waiver(requested.id)
        assert [(w.id, w.status) for w in one.iterate_waivers()] == [(requested.id, "revoked")]
        assert one.get_waiver(requested.id).valid_until > approved.valid_from
        uploaded = one.upload_framework(file)
        assert uploaded.id in {framework.id for framework in one.list_frameworks()}
        assert one.get_framework(uploaded.id).requirement_count == 1
        with pytest.raises(ValueError, match=r"must end with \.json"):
            one.upload_framework(tmp_path / "acme.xml")


def test_findings_files(server: ApiServer, tmp_path: Path) -> None:
    """Sent, followed, listed; an unreadable record is found in the quarantine; the second send is the same upload."""
    scopes = ["reports:read", "findings:write"]
    token = server.registry.keys.create_key(organization=server.organization, name="one", scopes=scopes)[1]
    file = tmp_path / "scan.ocsf.json"
    file.write_bytes(array_text([ocsf_record(0), {"class_uid": 2004}]))
    with Client(server.url, token) as api:
        sent, again = (api.upload_findings(file, target="repo-a", idempotency_key="night-1") for _ in range(2))
        assert (sent.id, sent.is_open, sent.raw["target"]) == (again.id, True, "repo-a")
        assert api.wait_for_import(sent.id, timeout_seconds=0).status == "pending"
        run_import(server, sent.id)
        done = api.wait_for_import(sent.id)
        assert (done.status, done.records_kept, done.records_quarantined) == ("completed", 1, 1)
        assert [each.id for each in api.iterate_imports(status="completed")] == [sent.id]
        [record] = api.list_quarantine(sent.id).items
        assert record["reason"]


def test_what_may_have_arrived_is_not_sent_again() -> None:
    """A broken answer to a POST without an Idempotency-Key is an error; with one, and for reads, it is repeated."""
    heard: list[str] = []

    def cut(request: httpx.Request) -> httpx.Response:
        heard.append(f"{request.method} {request.url.path}")
        raise httpx.ReadError("cut off", request=request)

    with Client("http://127.0.0.1:9", "sk_live_x", attempts=2) as api:
        api._http.close()
        api._http = httpx.Client(base_url="http://127.0.0.1:9", transport=httpx.MockTransport(cut))
        for act in (lambda: api.request_waiver({}), lambda: api.create_schedule({}), lambda: api.get_waiver("w")):
            with pytest.raises(ConnectionFailedError):
                act()
    assert heard == ["POST /v1/waivers", *["POST /v1/reports/schedules"] * 2, *["GET /v1/waivers/w"] * 2]
