"""Outside auditors: what a grant shows, what it hides, how it ends, and what the audit log has of it."""

import re
import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from html import unescape

import pytest

from tests.console.conftest import ConsoleServer, Visitor
from tests.console.screens import Filled, page_paths
from tests.support.history import DAYS

FIRST, LAST = 10, 6
"""The grant's days, in days before today."""


@dataclass
class Granted:
    """A grant for SOC 2 and five days, the auditor who signed in by its link, and the admin who made it."""

    console: ConsoleServer
    admin: Visitor
    link: str
    auditor: Visitor
    grant_id: str

    def day(self, before: int) -> str:
        """A day as in addresses."""
        return str(self.console.api.clock().date() - timedelta(days=before))

    def order(self, first: int, last: int, framework: str = "soc2") -> str:
        """The id of a completed report on these days."""
        span = {"start": f"{self.day(first)}T00:00:00Z", "end": f"{self.day(last)}T23:59:59Z"}
        body = {
            "name": f"{framework} {first}-{last}",
            "type": "compliance",
            "framework": framework,
            "scope": {"date_range": span},
            "format_options": {"formats": ["pdf"]},
        }
        answer = self.console.api.client(scopes=["admin"]).post("/v1/reports", json=body)
        assert answer.status_code == 202, answer.text
        report_id = str(answer.json()["id"])
        self.console.api.complete(report_id)
        return report_id


def _fields(today: date) -> dict[str, str | list[str]]:
    return {
        "name": "Grace Hopper, Example Audit",
        "frameworks": ["soc2"],
        "start": str(today - timedelta(days=FIRST)),
        "end": str(today - timedelta(days=LAST)),
        "expires_at": str(today + timedelta(days=20)),
    }


def _sign_in(console: ConsoleServer, link: str) -> Visitor:
    """By the button of the link's page."""
    browser = console.browser()
    page = browser.get(link).text
    secret = re.search(r'name="secret" value="([^"]+)"', page)
    assert secret is not None, page
    answer = browser.post("/sign-in", data={"secret": secret[1]})
    assert answer.status_code == 303, answer.text
    return Visitor(browser, console.sign_in().key)


@pytest.fixture
def granted(history: ConsoleServer) -> Granted:
    """Made through the forms."""
    admin = history.sign_in()
    made = admin.submit("/auditors", _fields(history.api.clock().date()))
    link = re.search(r'readonly value="([^"]+/sign-in\?token=ga_[^"]+)"', made.text)
    assert link is not None, made.text
    address = unescape(link[1])
    auditor = _sign_in(history, address)
    return Granted(history, admin, address, auditor, _grant_id(history, address))


def _grant_id(console: ConsoleServer, link: str) -> str:
    found = console.api.registry.grants.find_by_token(link.partition("token=")[2])
    assert found is not None
    return found.id


def test_the_auditor_reaches_the_evidence_in_three_clicks(granted: Granted) -> None:
    """Start page, framework, requirement, finding: as at the end of the grant's last day, in the scanner's words."""
    home = granted.auditor.get("/").text
    assert "<h1>Your audit</h1>" in home
    assert 'href="/controls/soc2"' in home
    framework = granted.auditor.get("/controls/soc2").text
    assert 'href="/controls/soc2/requirement?id=CC6.1"' in framework
    requirement = granted.auditor.get("/controls/soc2/requirement", id="CC6.1").text
    passed = DAYS - LAST
    assert f"<dt>Failed</dt><dd>{DAYS - passed}</dd>" in requirement
    assert f"<dt>Passed</dt><dd>{passed}</dd>" in requirement
    checks = re.search(r'href="(/findings\?framework=soc2&amp;checks=c1[^"]*)"', requirement)
    assert checks is not None
    assert f"of {DAYS}" in granted.auditor.client.get(unescape(checks[1])).text


def test_other_frameworks_and_times_are_not_there(granted: Granted) -> None:
    """404 for each page and each call behind it; the lists name the grant's framework only."""
    for path in ("/controls/hipaa", "/controls/hipaa/requirement?id=164.308", "/findings?framework=hipaa", "/findings"):
        assert granted.auditor.client.get(path).status_code == 404, path
    for before in (FIRST + 1, FIRST + 3, LAST - 1, 1):
        for path in ("/controls/soc2", "/controls/soc2/requirement", "/findings"):
            found = granted.auditor.get(path, id="CC6.1", framework="soc2", day=granted.day(before))
            assert found.status_code == 404, f"{path} {before}"
    assert granted.auditor.get("/controls/soc2", day=granted.day(FIRST)).status_code == 200
    shown = granted.auditor.get("/controls").text
    assert shown.count('href="/controls/') == 1


def test_evidence_of_the_days_before_the_grant_does_not_count(granted: Granted) -> None:
    """At the end of its first day the scans of that day count, and none from before, although they are recent."""
    page = granted.auditor.get("/controls/soc2/requirement", id="CC6.1", day=granted.day(FIRST)).text
    passed = DAYS - FIRST
    assert f"<dt>Passed</dt><dd>{passed}</dd>" in page
    admin = granted.admin.get("/controls/soc2/requirement", id="CC6.1", day=granted.day(FIRST)).text
    assert f"<dt>Passed</dt><dd>{passed}</dd>" in admin


def test_reports_of_the_grant_alone(granted: Granted) -> None:
    """One within it is listed and downloaded; those of other days, of another framework and open ones are 404."""
    mine = granted.order(FIRST, LAST)
    others = (granted.order(FIRST + 1, LAST), granted.order(FIRST, LAST - 1), granted.order(FIRST, LAST, "hipaa"))
    listed = granted.auditor.get("/reports").text
    assert mine in listed
    assert mine in granted.auditor.get("/").text
    assert granted.auditor.get(f"/reports/{mine}").status_code == 200
    assert granted.auditor.get(f"/reports/{mine}/files/pdf").content.startswith(b"%PDF")
    for each in others:
        assert each not in listed
        for path in (f"/reports/{each}", f"/reports/{each}/files/pdf", f"/reports/{mine}/compare?with={each}"):
            assert granted.auditor.client.get(path).status_code == 404, path


def test_nothing_else_is_open(granted: Granted) -> None:
    """Other screens and every form are refused, and the menu has none of them."""
    home = granted.auditor.get("/").text
    for path in ("/schedules", "/waivers", "/imports", "/audit", "/auditors", "/reports/new"):
        assert f'href="{path}"' not in home
        assert granted.auditor.get(path).status_code in {403, 404}, path
    mine = granted.order(FIRST, LAST)
    forms: dict[str, dict[str, str | list[str]]] = {
        "/auditors": _fields(granted.console.api.clock().date()),
        f"/auditors/{granted.grant_id}/end": {},
        f"/reports/{mine}/link": {"format": "pdf"},
        f"/reports/{mine}/sharing": {"visibility": "keys"},
        f"/reports/{mine}/delete": {},
        "/waivers": {"check": "c1", "reason": "x", "until": granted.day(-5)},
    }
    for path, fields in forms.items():
        assert granted.auditor.submit(path, fields, page="/controls").status_code == 403, path
    assert granted.auditor.get(f"/reports/{mine}").status_code == 200


def test_everything_read_is_in_the_audit_log(granted: Granted) -> None:
    """Under the auditor's own identity, with framework, requirement and time."""
    granted.auditor.get("/controls/soc2/requirement", id="CC6.1", day=granted.day(LAST))
    granted.auditor.get("/controls/hipaa")
    client = granted.console.api.client(scopes=["admin"])
    records = client.get("/v1/audit-trail", params={"actor": granted.grant_id, "limit": 100}).json()["records"]
    read = [each for each in records if each["details"].get("route") == "/v1/findings"]
    assert any(
        "requirement=CC6.1" in each["details"]["query"] and granted.day(LAST) in each["details"]["query"]
        for each in read
    )
    assert any(each["details"].get("framework_id") == "hipaa" or each["subject"] == "hipaa" for each in records)
    page = granted.admin.get("/audit", actor=granted.grant_id).text.replace("<wbr>", "")
    assert "GET /v1/findings" in page
    assert "requirement=CC6.1" in page
    made = client.get("/v1/audit-trail", params={"subject": granted.grant_id}).json()["records"]
    assert [each["action"] for each in made] == ["grant_created"]
    assert made[0]["details"]["frameworks"] == ["soc2"]


def test_an_auditor_asks_for_evidence_and_reads_the_answer(granted: Granted) -> None:
    """From the requirement's page; the organisation answers with an attestation; the auditor closes the request."""
    page, path = "/controls/soc2/requirement", f"?id=CC6.1&day={granted.day(LAST)}"
    shown = granted.auditor.client.get(f"{page}{path}").text
    assert "Ask for evidence" in shown
    text = f"Show the <b>review</b> {secrets.token_hex(4)}"
    sent = granted.auditor.submit(
        f"{page}/evidence-request?day={granted.day(LAST)}", {"id": "CC6.1", "text": text}, page="/controls"
    )
    assert sent.status_code == 303, sent.text
    safe = text.replace("<b>", "&lt;b&gt;").replace("</b>", "&lt;/b&gt;")
    assert safe in granted.auditor.client.get(sent.headers["location"].partition("#")[0]).text
    listed = granted.auditor.get("/evidence-requests", status="open").text
    found = re.search(rf'href="(/evidence-requests/evr_[0-9a-f]+)">{re.escape(safe)}', listed)
    assert found is not None
    one = found[1]
    assert "Add the answer" not in granted.auditor.get(one).text
    assert granted.auditor.submit(f"{one}/answer", {"text": "Mine"}, page="/controls").status_code == 403
    assert safe in granted.admin.get("/evidence-requests").text
    empty = granted.admin.submit(f"{one}/answer", {"text": " "})
    assert (empty.status_code, "<code>text</code>" in empty.text) == (400, True)
    assert granted.admin.submit(f"{one}/answer", {"text": "The files are attached."}).status_code == 303
    answered = granted.auditor.get(one).text
    assert "The files are attached." in answered
    assert "Answered" in answered
    assert granted.auditor.submit(f"{one}/close", {}, page="/controls").status_code == 303
    assert "Close the request" not in granted.admin.get(one).text
    assert one not in granted.auditor.get("/evidence-requests", status="answered").text
    outside = granted.auditor.submit(
        f"{page}/evidence-request?day={granted.day(1)}", {"id": "CC6.1", "text": "Now?"}, page="/controls"
    )
    assert outside.status_code == 404


def test_a_grant_ends_by_itself_and_at_once_when_it_is_ended(granted: Granted) -> None:
    """Its session ends, and its link signs in no more."""
    again = _sign_in(granted.console, granted.link)
    assert again.get("/").status_code == 200
    ended = granted.admin.submit("/auditors", _fields(granted.console.api.clock().date()) | {"name": "Second"})
    assert ended.status_code == 200
    link = re.search(r'readonly value="([^"]+)"', ended.text)
    assert link is not None
    other = _sign_in(granted.console, unescape(link[1]))
    second = _grant_id(granted.console, unescape(link[1]))
    assert other.get("/").status_code == 200
    assert granted.admin.submit(f"/auditors/{second}/end", {}).status_code == 303
    assert other.get("/").status_code == 303
    token = granted.link.partition("token=")[2]
    granted.console.api.clock.pass_by(timedelta(days=21))
    fresh = granted.console.browser()
    assert fresh.post("/sign-in", data={"secret": token}).status_code == 403
    granted.console.api.clock.pass_by(timedelta(days=-21))
    assert again.get("/").status_code == 200


def test_an_auditor_opens_the_screens_of_a_grant_and_no_other(granted: Granted, everything: Filled) -> None:
    """Every page of the router: those of the grant are shown, and all others are refused."""
    shown = {"/", "/reports", "/controls", "/controls/{framework_id}", "/controls/{framework_id}/requirement"}
    shown |= {"/attestations", "/evidence-requests"}
    queries = {"/controls/{framework_id}/requirement": "?id=CC6.1"}
    for path in page_paths():
        answer = granted.auditor.client.get(everything.address(f"{path}{queries.get(path, '')}"))
        assert (answer.status_code == 200) is (path in shown), (path, answer.status_code)
        assert answer.status_code in {200, 403, 404}, (path, answer.status_code)


def test_a_wrong_grant_names_each_problem(granted: Granted) -> None:
    """An unknown framework, an end before the start, a time that has passed, no name."""
    wrong = {
        "name": " ",
        "frameworks": ["soc3"],
        "start": "2026-10-31T00:00:00Z",
        "end": "2026-10-01T00:00:00Z",
        "expires_at": "2020-01-01T00:00:00Z",
        "email": "nobody",
    }
    answer = granted.console.api.client(scopes=["admin"]).post("/v1/grants", json=wrong)
    assert answer.status_code == 400
    assert {each["field"].partition(".")[0] for each in answer.json()["details"]} == {
        "name",
        "frameworks",
        "end",
        "expires_at",
        "email",
    }
