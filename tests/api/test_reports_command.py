"""``policycortex reports`` and ``status``, on a served API and on its home."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from policycortex.names import ReportFormat
from tests.api.test_gate_command import run_on_api, run_on_home, running_server
from tests.support.api_server import ApiServer

__all__ = ["running_server"]


@pytest.fixture
def report_id(server: ApiServer, order: dict[str, Any]) -> str:
    """A completed report with two files."""
    report = server.client().post("/v1/reports", json=order).json()
    server.complete(report["id"], {ReportFormat.PDF: b"%PDF-1.7 a report", ReportFormat.EXCEL: b"PK sheet"})
    made: str = report["id"]
    return made


def test_reports_are_listed_and_shown(server: ApiServer, report_id: str) -> None:
    """By URL and by home in the same lines; digests are those of the files."""
    listed, shown = run_on_api(server, "reports", "list"), run_on_api(server, "reports", "show", report_id)
    assert listed.exit_code == shown.exit_code == 0, listed.output + shown.output
    [line] = listed.output.splitlines()
    assert line.startswith(f"{report_id}  completed")
    assert line.endswith("iso27001  96.3 %  Monthly Security Assessment")
    assert "score      96.3 %" in shown.output
    assert f"sha256 {hashlib.sha256(b'%PDF-1.7 a report').hexdigest()}" in shown.output
    assert run_on_home(server, "reports", "list").output == listed.output
    assert run_on_home(server, "reports", "show", report_id).output == shown.output
    assert run_on_api(server, "reports", "list", "--status", "failed").output == ""


def test_an_open_report_shows_its_stage(server: ApiServer, order: dict[str, Any]) -> None:
    """Without a run only the percentage; then the stage, and the format that is rendered."""
    made = server.client().post("/v1/reports", json=order).json()["id"]
    assert "status     pending, 0 %\n" in run_on_api(server, "reports", "show", made).output
    server.registry.reports.mark_running(made, "run", now=server.clock())
    for stage, percent, shown in (("composing", 10, "10 %, composing"), ("rendering:pdf", 57, "57 %, rendering pdf")):
        server.registry.reports.note_stage(made, "run", stage, percent)
        assert f"status     running, {shown}\n" in run_on_api(server, "reports", "show", made).output


def test_files_are_downloaded_and_not_replaced(server: ApiServer, report_id: str, tmp_path: Path) -> None:
    """Twice into one folder: the second names have a number."""
    first = run_on_api(server, "reports", "download", report_id, "--out", str(tmp_path))
    assert first.exit_code == 0, first.output
    names = ["monthly-security-assessment.pdf", "monthly-security-assessment.xlsx"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert (tmp_path / names[0]).read_bytes() == b"%PDF-1.7 a report"
    run_on_home(server, "reports", "download", report_id, "--format", "excel", "--out", str(tmp_path))
    assert (tmp_path / "monthly-security-assessment-2.xlsx").read_bytes() == b"PK sheet"


def test_what_is_not_there_ends_with_1(server: ApiServer, report_id: str, tmp_path: Path) -> None:
    """One line with the reason, and no file."""
    for arguments in (
        ("reports", "show", "rpt_0000000000000000"),
        ("reports", "download", report_id, "--format", "html", "--out", str(tmp_path)),
    ):
        done = run_on_api(server, *arguments)
        assert done.exit_code == 1
        assert done.exception is not None
    assert list(tmp_path.iterdir()) == []


def test_the_status_names_what_is_missing(server: ApiServer, report_id: str) -> None:
    """Exit code 0 while all parts answer; 1 with the part that does not."""
    good = run_on_api(server, "status")
    assert good.exit_code == 0, good.output
    assert report_id
    assert "reports     1, 0 pending, 0 running, 0 failed" in good.output
    server.launcher.is_away = True
    bad = run_on_api(server, "status")
    assert (bad.exit_code, "dagster     unavailable" in bad.output) == (1, True)
