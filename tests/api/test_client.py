"""The Python client against the running API: what it promises holds, also when things go wrong."""

import threading
from pathlib import Path
from typing import Any

import pytest

from policycortex.names import ReportFormat
from policycortex.storage.registry import Failure
from policycortex_client import (
    ApiError,
    Client,
    ConnectionFailedError,
    ReportEndedError,
    WaitingEndedError,
)
from tests.api.house import House
from tests.ground import replace_artifact


@pytest.fixture
def api(house: House) -> Client:
    """A client with a key of the test's organisation."""
    _, token = house.registry.create_key(organization=house.organization, name="client")
    return Client(house.url, token, attempts=1)


def test_a_session_from_order_to_file(house: House, api: Client, order: dict[str, Any], tmp_path: Path) -> None:
    """Order, wait until complete, download with its digest proven, list, link, delete."""
    with api:
        report = api.create_report(order)
        files = {ReportFormat.PDF: b"%PDF-1.7", ReportFormat.EXCEL: b"PK"}
        finisher = threading.Timer(0.2, house.complete, (report.id, files))
        finisher.start()
        done = api.wait_until_complete(report.id, patience_seconds=60)
        finisher.join()
        assert (done.status, done.pages, [f.format for f in done.formats]) == ("completed", 47, ["pdf", "excel"])
        assert done.summary is not None
        assert (done.summary.overall_compliance_score, done.summary.critical) == (96.3, 2)
        target = api.download(report.id, "pdf", tmp_path / "report.pdf")
        assert target.read_bytes() == b"%PDF-1.7"
        assert [item.id for item in api.iterate_reports(limit=1)] == [report.id]
        assert api.create_download_link(report.id, "pdf", expires_in=60).url.startswith(house.url)
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


def test_waiting_tells_other_ends(house: House, api: Client, order: dict[str, Any]) -> None:
    """Failed with its reason; still on its way when the patience ends; cancelled."""
    failed, slow = api.create_report(order), api.create_report(order)
    house.registry.fail_report(failed.id, Failure(code="RPT_012", message="no room for the table"))
    with pytest.raises(ReportEndedError, match="failed: no room for the table"):
        api.wait_until_complete(failed.id)
    with pytest.raises(WaitingEndedError, match="still pending"):
        api.wait_until_complete(slow.id, patience_seconds=0.1)
    assert api.cancel_report(slow.id).status == "cancelled"
    with pytest.raises(ReportEndedError, match="cancelled"):
        api.wait_until_complete(slow.id)
    api.close()


def test_a_refused_download_leaves_no_file(house: House, api: Client, order: dict[str, Any], tmp_path: Path) -> None:
    """Not there, damaged, or no server: an error, and an empty folder."""
    report = api.create_report(order)
    house.complete(report.id, {ReportFormat.PDF: b"%PDF-1.7"})
    with pytest.raises(ApiError):
        api.download(report.id, "csv", tmp_path / "x.csv")
    replace_artifact(house.settings, report.id, b"other")
    with pytest.raises(ApiError):
        api.download(report.id, "pdf", tmp_path / "x.pdf")
    with Client("http://127.0.0.1:9", "sk_live_x", attempts=1) as lost, pytest.raises(ConnectionFailedError):
        lost.download(report.id, "pdf", tmp_path / "x.pdf")
    assert list(tmp_path.iterdir()) == []
    api.close()


def test_a_retry_after_503_makes_one_report(house: House, order: dict[str, Any]) -> None:
    """The orchestrator comes back while the client waits out Retry-After: one report."""
    _, token = house.registry.create_key(organization=house.organization, name="client")
    house.launcher.is_away = True
    back = threading.Timer(1.0, setattr, (house.launcher, "is_away", False))
    back.start()
    with Client(house.url, token, attempts=2) as api:
        report = api.create_report(order)
        back.join()
        assert [item.id for item in api.list_reports().reports] == [report.id]
