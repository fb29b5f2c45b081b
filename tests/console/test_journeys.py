"""What people do in the console: order, watch, read, share, schedule, waive by two people, upload, and search."""

import re
from pathlib import Path
from typing import Any

import pytest

from policycortex.names import ReportFormat
from policycortex.requests import request_from_json
from policycortex_console.app import SCREENS
from policycortex_console.forms import FormEndpoint
from policycortex_console.rendering import print_breakable, print_points, print_score
from tests.console.conftest import ConsoleServer, Visitor, form_token

_ORDER: dict[str, Any] = {"type": "compliance", "framework": "soc2", "range": "last_month", "formats": ["pdf", "html"]}
_HTML = b"<!doctype html><title>The report</title><script>parent.document.title = 'reached'</script>"


def _ordered(visitor: Visitor, **fields: Any) -> str:  # noqa: ANN401 - values of form fields
    """Order a report; its id."""
    answer = visitor.submit("/reports/new", _ORDER | fields)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).rsplit("/", 1)[1]


def test_a_report_is_ordered_watched_and_read(console: ConsoleServer, visitor: Visitor) -> None:
    """The page follows the progress, reloads at the end, and then has figures, files and digests."""
    report_id = _ordered(visitor, name="For the board")
    page = visitor.get(f"/reports/{report_id}").text
    assert "For the board" in page
    assert f'hx-get="/reports/{report_id}/progress"' in page
    assert visitor.get(f"/reports/{report_id}/progress").text.count("<progress") == 1
    report = console.api.complete(report_id, {ReportFormat.PDF: b"%PDF-1.7", ReportFormat.HTML: _HTML})
    assert visitor.get(f"/reports/{report_id}/progress").headers["hx-refresh"] == "true"
    page = visitor.get(f"/reports/{report_id}").text
    assert "96.3 %" in page
    for artifact in report.artifacts:
        assert artifact.sha256 in page


def test_files_are_those_of_the_api(console: ConsoleServer, visitor: Visitor) -> None:
    """Bytes, name, digest and ranges; the access log has the person."""
    report_id = _ordered(visitor)
    console.api.complete(report_id, {ReportFormat.PDF: b"%PDF-1.7 a report", ReportFormat.HTML: _HTML})
    answer = visitor.get(f"/reports/{report_id}/files/pdf")
    assert (answer.status_code, answer.content) == (200, b"%PDF-1.7 a report")
    assert "attachment" in answer.headers["content-disposition"]
    part = visitor.client.get(f"/reports/{report_id}/files/pdf", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"%PDF")
    assert visitor.key.id in visitor.get(f"/reports/{report_id}").text
    assert visitor.get(f"/reports/{report_id}/files/..%2f..%2fetc").status_code == 404


def test_the_html_of_a_report_reaches_nothing(console: ConsoleServer, visitor: Visitor) -> None:
    """It is shown in a frame with an origin of its own, and no request leaves it."""
    report_id = _ordered(visitor)
    console.api.complete(report_id, {ReportFormat.PDF: b"%PDF-1.7", ReportFormat.HTML: _HTML})
    answer = visitor.get(f"/reports/{report_id}/read")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts allow-popups; default-src 'none'")
    assert "content-disposition" not in answer.headers
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"


def test_own_dates_are_whole_days_of_the_zone(console: ConsoleServer, visitor: Visitor) -> None:
    """The last day is in the period; without a zone the days are UTC's; what is no date is named."""
    custom = {"range": "custom", "start": "2026-03-01", "end": "2026-03-31"}
    for zone, start, end in (
        ("Europe/Berlin", "2026-02-28T23:00:00+00:00", "2026-03-31T22:00:00+00:00"),
        ("", "2026-03-01T00:00:00+00:00", "2026-04-01T00:00:00+00:00"),
    ):
        report_id = _ordered(visitor, timezone=zone, **custom).partition("?")[0]
        period = request_from_json(console.api.registry.reports.find_report(report_id).order).period
        assert (period.start.isoformat(), period.end.isoformat()) == (start, end), zone
    for wrong, field in (({"start": "March"}, "scope.date_range.start"), ({"timezone": "../etc"}, "scope.timezone")):
        refused = visitor.submit("/reports/new", _ORDER | custom | wrong)
        assert (refused.status_code, f"<code>{field}</code>" in refused.text) == (400, True), field


def test_wrong_fields_are_named_and_nothing_is_lost(visitor: Visitor) -> None:
    """The form comes back with its values and the API's reasons."""
    answer = visitor.submit("/reports/new", _ORDER | {"framework": "soc3", "accounts": "111122223333", "formats": []})
    assert answer.status_code == 400
    assert 'value="111122223333"' in answer.text
    assert "<code>framework</code>" in answer.text


def test_a_link_is_shared_used_and_ended(console: ConsoleServer, visitor: Visitor) -> None:
    """It works without a session, is shown once, and ends with the sharing; then it is a page for people."""
    report_id = _ordered(visitor)
    console.api.complete(report_id, {ReportFormat.PDF: b"%PDF-1.7", ReportFormat.HTML: _HTML})
    made = visitor.submit(f"/reports/{report_id}/link", {"format": "pdf", "expires_in": "3600"})
    [url] = re.findall(r'value="(http[^"]+/v1/links/[^"]+)"', made.text)
    assert url not in visitor.get(f"/reports/{report_id}").text
    wrong: dict[str, dict[str, str | list[str]]] = {
        "link": {"format": "pdf", "expires_in": "soon"},
        "sharing": {"visibility": "keys", "keys": "key_of_nobody", "links_allowed": "1"},
    }
    for form, fields in wrong.items():
        refused = visitor.submit(f"/reports/{report_id}/{form}", fields)
        assert (refused.status_code, "Who may see it" in refused.text) == (400, True), form
        assert 'class="callout bad" role="alert"' in refused.text, form
    stranger = console.browser()
    assert "Check the file" in stranger.get(url).text
    assert stranger.get(f"{url}/file").content == b"%PDF-1.7"
    assert visitor.submit(f"/reports/{report_id}/sharing", {"visibility": "organization"}).status_code == 303
    ended = stranger.get(url)
    assert ended.status_code in {404, 410}
    assert ended.headers["content-type"].startswith("text/html")
    assert "Ask the person who sent you the link" in ended.text
    program = console.api.bare_client().get(url)
    assert program.headers["content-type"] == "application/json"


def test_a_report_ends_by_its_forms(console: ConsoleServer, visitor: Visitor) -> None:
    """Cancelled while it is open, deleted afterwards."""
    report_id = _ordered(visitor)
    assert visitor.submit(f"/reports/{report_id}/cancel", {}).status_code == 303
    assert console.api.registry.reports.find_report(report_id).status.value == "cancelled"
    assert visitor.submit(f"/reports/{report_id}/delete", {}).status_code == 303
    assert visitor.get(f"/reports/{report_id}").status_code == 404


def test_a_schedule_is_made_tested_paused_and_deleted(visitor: Visitor) -> None:
    """From a template, in its own zone."""
    made = visitor.submit(
        "/schedules",
        {"template": "weekly_compliance", "recipients": "ceo@company.com", "timezone": "Asia/Kathmandu"},
    )
    path = str(made.headers["location"])
    page = visitor.get(path).text
    assert "Asia/Kathmandu" in page
    assert "Times of Asia/Kathmandu" in page
    assert page.partition('<ol class="ticks">')[2].partition("</ol>")[0].count("<li>") == 5
    refused = visitor.submit(f"{path}/test", {"recipients": "nobody"})
    assert (refused.status_code, "Past runs" in refused.text) == (400, True)
    assert "mail address" in refused.text.partition('role="alert">')[2].partition("<")[0]
    assert visitor.submit(f"{path}/test", {"recipients": "me@company.com"}).status_code == 303
    assert visitor.submit(f"{path}/enabled", {"enabled": "false"}).status_code == 303
    assert "Paused" in visitor.get(path).text
    assert visitor.submit(f"{path}/delete", {}).status_code == 303
    assert visitor.get(path).status_code == 404
    refused = visitor.submit(
        "/schedules", {"template": "weekly_compliance", "recipients": "nobody", "cron": "99 * * * *"}
    )
    assert refused.status_code == 400
    assert "99 * * * *" in refused.text


@pytest.mark.parametrize(
    ("noun", "fields"),
    [
        ("waivers", {"check": "c1"}),
        ("attestations", {"statement": "not_applicable", "framework": "soc2", "requirements": "P1.1"}),
    ],
)
def test_two_people_make_a_waiver_or_an_attestation(
    console: ConsoleServer, visitor: Visitor, noun: str, fields: dict[str, str | list[str]]
) -> None:
    """The person who requested it cannot approve it; another one can; it is then revoked."""
    made = visitor.submit(f"/{noun}", {**fields, "reason": "accepted by the board", "until": "2027-06-30"})
    assert made.status_code == 303, made.text
    page = visitor.get(f"/{noun}").text
    assert "Another person approves it" in page
    second = console.sign_in()
    [path] = re.findall(rf'action="(/{noun}/[^"]+/approve)"', second.get(f"/{noun}").text)
    assert visitor.submit(path, {}).status_code == 409
    assert second.submit(path, {}).status_code == 303
    assert "is-active" in second.get(f"/{noun}").text
    assert second.submit(path.replace("/approve", "/end"), {}).status_code == 303
    assert "is-revoked" in second.get(f"/{noun}").text


def test_a_file_is_uploaded_as_it_comes(console: ConsoleServer, tmp_path: Path) -> None:
    """It reaches the landing zone byte by byte; without the form's token nothing arrives."""
    visitor = console.sign_in()
    page = visitor.get("/imports").text
    [action] = re.findall(r'action="(/imports\?form_token=[0-9a-f]+)"', page)
    content = b'[{"a": 1}]'
    refused = visitor.client.post("/imports?form_token=0", files={"file": ("scan.json", content)})
    assert refused.status_code == 403
    answer = visitor.client.post(action, files={"file": ("scan.json", content)})
    assert answer.status_code == 303, answer.text
    shown = visitor.get(str(answer.headers["location"])).text
    assert "scan.json" in shown
    assert "is-pending" in shown
    assert str(tmp_path) not in shown


def test_findings_are_found_by_requirement_and_by_search(history: ConsoleServer) -> None:
    """From the framework to the failing resource in three clicks: framework, requirement, finding."""
    visitor = history.sign_in()
    framework = visitor.get("/controls/soc2").text
    assert '/controls/soc2/requirement?id=CC6.1"' in framework
    requirement = visitor.get("/controls/soc2/requirement", id="CC6.1").text
    assert "Not met:" in requirement
    found = visitor.get("/findings", status="FAIL", checks="c1").text
    assert "1 shown of 1" in found
    assert visitor.get("/findings", status="FAIL", checks="c2").text.count("No finding matches")
    assert visitor.get("/controls/soc2/requirement", id="CC99").status_code == 404


def test_the_order_form_shows_what_the_report_would_have(history: ConsoleServer) -> None:
    """As a part of the page for htmx, and with the form for a browser without script; what is open is named."""
    visitor = history.sign_in()
    form: dict[str, str | list[str]] = {
        "type": "compliance",
        "framework": "soc2",
        "range": "last_30_days",
        "formats": ["pdf"],
        "locale": "en",
        "details": "true",
    }
    token = form_token(visitor.get("/health").text)
    part = visitor.client.post(
        "/reports/new/preview", data=form | {"form_token": token}, headers={"HX-Request": "true"}
    ).text
    assert "<html" not in part
    assert "<dt>Findings that count</dt><dd>16</dd>" in part
    page = visitor.submit("/reports/new/preview", form).text
    assert "<dt>Findings in scope</dt><dd>16</dd>" in page
    assert 'hx-post="/reports/new/preview"' in page
    wrong = visitor.submit("/reports/new/preview", form | {"environments": "mars", "formats": []}).text
    assert "Nothing to preview yet" in wrong
    assert visitor.client.post("/reports/new/preview", data=form).status_code == 403


def test_another_organisation_sees_nothing(console: ConsoleServer, visitor: Visitor) -> None:
    """Reports, schedules, files and findings of the first are not there for the second."""
    report_id = _ordered(visitor)
    console.api.complete(report_id, {ReportFormat.PDF: b"%PDF-1.7", ReportFormat.HTML: _HTML})
    stranger = console.sign_in(organization=f"{console.api.organization}-other")
    for path in ("", "/progress", "/read", "/files/pdf", "/files/bundle"):
        assert stranger.get(f"/reports/{report_id}{path}").status_code == 404, path
    for path in ("cancel", "delete", "link", "sharing"):
        fields = {"format": "pdf", "expires_in": "60", "visibility": "organization"}
        assert stranger.submit(f"/reports/{report_id}/{path}", dict(fields)).status_code == 404, path
    assert report_id not in stranger.get("/reports").text
    assert stranger.get("/findings").text.count("No finding of the last")


def test_hostile_texts_are_shown_as_text(console: ConsoleServer, visitor: Visitor) -> None:
    """A name, a search and an address with markup: nothing of it becomes an element."""
    attack = "<script>alert(1)</script>\"'><img src=x>"
    report_id = _ordered(visitor, name=attack[:60])
    for path in (f"/reports/{report_id}", "/reports", "/"):
        assert "<script>alert" not in visitor.get(path).text
    assert "<script>alert" not in visitor.get("/reports", q=attack, notice=attack).text
    assert "<script>alert" not in visitor.get("/findings", checks=attack).text
    assert "<script>alert" not in console.browser().get("/sign-in", params={"token": attack}).text


def test_numbers_are_printed_as_they_are() -> None:
    """What is not 0 or 100 is not printed so; a change of nothing is "unchanged"."""
    assert [print_score(value) for value in (None, 0.0, 0.01, 84.37, 99.99, 100.0)] == [
        "–", "0.0 %", "0.1 %", "84.4 %", "99.9 %", "100.0 %"
    ]  # fmt: skip
    assert [print_points(value) for value in (None, 0.0, 1.25, -0.6)] == ["", "unchanged", "+1.2 points", "−0.6 points"]
    assert print_breakable("a/b<c>") == "a/<wbr>b&lt;c&gt;<wbr>"


def test_every_form_goes_through_the_check_of_its_token() -> None:
    """Three routes check in their own way: the sign-in, which has no session yet, and uploads, which are not read."""
    posts = [route for screen in SCREENS for route in screen.ROUTES if "POST" in route.methods]
    unchecked = {route.path for route in posts if not isinstance(route.endpoint, FormEndpoint)}
    assert unchecked == {"/sign-in", "/imports", "/attestations/{record_id}/evidence"}
    assert len(posts) > 15
