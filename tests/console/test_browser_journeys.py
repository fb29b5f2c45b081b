"""What people do, from the first click to the result, in a browser: at a desk, on a phone, and by keyboard alone."""

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from policycortex.names import ReportFormat
from policycortex.requests import request_from_json
from policycortex.workflow.reports import produce_report
from tests.console.conftest import ConsoleServer, Visitor
from tests.console.screens import Filled
from tests.support.browser import Browser, open_browser
from tests.support.browser_actions import Person
from tests.support.uploads import run_import

pytestmark = pytest.mark.timeout(900)

_VIEWS: Final = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
_HTML: Final = b"<!doctype html><html lang=en><title>A report</title><h1>Four buckets are private</h1>"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all tests of this file."""
    with open_browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@dataclass
class Desk:
    """People at windows of one size, in one browser."""

    browser: Browser
    console: ConsoleServer
    view: str
    folder: Path

    def seat(self, visitor: Visitor | None = None) -> Person:
        """A person who is signed in as the visitor; without one, a stranger."""
        cookies = dict(visitor.client.cookies) if visitor is not None else {}
        return Person(self.browser, self.console.api.url, cookies, **_VIEWS[self.view])

    def order(self, visitor: Visitor, name: str = "For the board") -> str:
        """The id of an open report of the visitor's organisation."""
        fields: dict[str, str | list[str]] = {
            "name": name, "type": "compliance", "framework": "soc2", "range": "last_month", "formats": ["html", "json"],
        }  # fmt: skip
        answer = visitor.submit("/reports/new", fields)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"]).rsplit("/", 1)[1].partition("?")[0]

    def go(self, person: Person, label: str) -> None:
        """By the menu, which a phone has behind a button."""
        if self.view == "phone":
            person.click("Menu")
        person.click(label, selector="nav a, .who button")


@pytest.fixture(params=list(_VIEWS))
def desk(request: pytest.FixtureRequest, browser: Browser, console: ConsoleServer, tmp_path: Path) -> Desk:
    """A test that takes it runs at both sizes."""
    return Desk(browser=browser, console=console, view=request.param, folder=tmp_path / "downloads")


@pytest.fixture
def keyboard(browser: Browser, console: ConsoleServer, tmp_path: Path) -> Desk:
    """A desk whose mouse nobody touches."""
    return Desk(browser=browser, console=console, view="desk", folder=tmp_path / "downloads")


def _of(desk: Desk, filled: Filled) -> Visitor:
    return desk.console.sign_in(organization=filled.organization)


def test_order(desk: Desk, everything: Filled) -> None:
    """From the overview to an accepted order; the preview follows the form before anything is ordered."""
    person = desk.seat(_of(desk, everything)).open("/")
    person.click("Order a report")
    person.arrives("/reports/new")
    person.fill("Type", "Risk")
    person.fill("Framework", "SOC 2")
    person.fill("Dates", "Last 30 days")
    person.fill("Name", f"Risk at the {desk.view}")
    person.sees("Findings that count")
    person.click("HTML", selector="label")
    assert person.fits()
    person.click("Order the report")
    person.arrives("/reports/rpt_")
    person.sees(f"Risk at the {desk.view}")
    person.sees("The report waits for its turn")


def test_first_report_in_three_clicks(desk: Desk, visitor: Visitor) -> None:
    """From the overview of an organisation without anything: choose a scan, import it, order on its days, read."""
    api, file = desk.console.api, desk.folder.with_name("first.ocsf.json")
    day = datetime.now(UTC) - timedelta(days=1)
    file.write_text(json.dumps([_finding(day, "kept", "PASS"), _finding(day, "plain", "FAIL")]))
    person = desk.seat(visitor).open("/")
    person.sees("Three steps to the first report")
    person.choose("Findings file", file)
    person.click("Import", selector="button")
    run_import(api, person.arrives("/imports/upl_").rsplit("/", 1)[1])
    person.click("Order a report on these findings")
    person.arrives("/reports/new")
    assert person.value("document.querySelector('[name=start]').value") == str(day.date())
    person.click("Order the report")
    report_id = person.arrives("/reports/rpt_").rsplit("/", 1)[1].partition("?")[0]
    assert person.clicks == 3
    report = api.registry.reports.find_report(report_id)
    assert request_from_json(report.order).period.start.date() == day.date()
    produce_report(api.settings, report_id, run_id="run", now=datetime.now(UTC))
    person.sees("50.0 %")
    person.sees("Files")
    assert person.fits()


def _finding(at: datetime, resource: str, status: str) -> dict[str, Any]:
    """What Prowler writes of one bucket."""
    return {
        "class_uid": 2004,
        "metadata": {
            "event_code": "s3_bucket_default_encryption",
            "product": {"name": "Prowler", "version": "5"},
            "version": "1.5.0",
        },
        "severity_id": 4,
        "status_code": status,
        "finding_info": {"uid": f"encryption-{resource}", "title": "Buckets are encrypted"},
        "resources": [{"region": "eu-central-1", "uid": f"arn:aws:s3:::{resource}", "group": {"name": "s3"}}],
        "cloud": {"account": {"uid": "123456789012"}, "provider": "aws"},
        "time": int(at.timestamp()),
    }


def test_watch(desk: Desk, visitor: Visitor) -> None:
    """The page follows the run by itself: queue, stage, and the files when it is done."""
    report_id = desk.order(visitor)
    person = desk.seat(visitor).open(f"/reports/{report_id}")
    person.sees("The report waits for its turn")
    reports = desk.console.api.registry.reports
    reports.mark_running(report_id, "run", now=desk.console.api.clock())
    reports.note_stage(report_id, "run", "rendering:html", 60)
    person.sees("60 %, rendering")
    assert person.value("document.querySelector('progress').value") == 60
    desk.console.api.complete(report_id, {ReportFormat.HTML: _HTML})
    person.sees("96.3 %")
    person.sees("Files")
    assert person.fits()


def test_read(desk: Desk, visitor: Visitor) -> None:
    """From the list to the report's own pages, in a frame that reaches nothing of the console."""
    report_id = desk.order(visitor, name=f"Read at the {desk.view}")
    report = desk.console.api.complete(report_id, {ReportFormat.HTML: _HTML, ReportFormat.JSON: b"{}"})
    person = desk.seat(visitor).open("/")
    desk.go(person, "Reports")
    person.arrives("/reports")
    person.click(f"Read at the {desk.view}")
    person.arrives(f"/reports/{report_id}")
    person.value("(document.querySelector('iframe').scrollIntoView(), true)")
    frame = person.frame_text("/read")
    assert "Four buckets are private" in frame
    file = person.download("HTML", desk.folder)
    assert hashlib.sha256(file.read_bytes()).hexdigest() in {each.sha256 for each in report.artifacts}
    assert file.suffix == ".html"
    desk.go(person, "Sign out")
    person.arrives("/sign-in")


def test_verify(desk: Desk, everything: Filled) -> None:
    """The bundle of the page holds by ``policycortex verify``; with one byte changed it does not."""
    person = desk.seat(_of(desk, everything)).open(everything.address("/reports/{report_id}"))
    bundle = person.download("All files with manifest", desk.folder)
    assert bundle.suffix == ".zip"
    assert _verify(bundle) == 3  # nothing is broken; whose certificate it is, the recipient must confirm
    changed = desk.folder / "changed.zip"
    with zipfile.ZipFile(bundle) as whole, zipfile.ZipFile(changed, "w") as other:
        for name in whole.namelist():
            other.writestr(name, whole.read(name) + (b" " if name == "report.json" else b""))
    assert _verify(changed) == 1


def _verify(bundle: Path) -> int:
    program = Path(sys.executable).with_name("policycortex")
    return subprocess.run([program, "verify", bundle], capture_output=True, check=False).returncode


def test_link_and_revoke(desk: Desk, visitor: Visitor) -> None:
    """A link opens the file for a stranger; after it was ended the stranger reads why, and not JSON."""
    report_id = desk.order(visitor)
    desk.console.api.complete(report_id, {ReportFormat.HTML: _HTML})
    person = desk.seat(visitor).open(f"/reports/{report_id}")
    person.fill("Ends after", "1 day")
    person.click("Make a link")
    person.sees("Copy this address now")
    link = person.value("document.querySelector('input.copied').value")
    visitor_of_link = desk.seat().open(link)
    visitor_of_link.sees("Check the file")
    assert visitor_of_link.fits()
    assert visitor_of_link.download("Download HTML", desk.folder).read_bytes() == _HTML
    person.open(f"/reports/{report_id}")
    person.sees("Links that work now")
    person.click("Download links are allowed", selector="label")
    person.click("Save")
    person.sees("The sharing was saved.")
    stranger = desk.seat().open(link)
    stranger.sees("Ask the person who sent you the link for a new one")
    assert stranger.fits()


def test_compare(desk: Desk, everything: Filled) -> None:
    """From a report to what changed since another one, and why."""
    person = desk.seat(_of(desk, everything)).open(everything.address("/reports/{report_id}"))
    person.fill("With", "Report of 2 days")
    person.click("Compare")
    person.arrives(everything.address("/reports/{report_id}/compare"))
    person.sees("Report of 2 days")
    person.sees("Causes of the change")
    person.sees("Findings fixed")
    person.sees("+25.0 points")
    assert person.fits()


def test_schedule_and_test(desk: Desk, visitor: Visitor) -> None:
    """From a template in its own zone to a test that goes to one address alone."""
    person = desk.seat(visitor).open("/")
    desk.go(person, "Schedules")
    person.fill("Template", "Weekly")
    person.fill("Time zone", "Asia/Kathmandu")
    person.fill("Mail addresses", "ceo@company.com")
    person.click("Make the schedule")
    person.arrives("/schedules/sch_")
    person.sees("Asia/Kathmandu")
    person.fill("Send a test to me", "me@company.com")
    person.click("Send a test", selector="button")
    person.sees("A test will be sent to this address alone.")
    made = desk.console.api.client(scopes=["admin"]).get("/v1/deliveries").json()["deliveries"]
    assert [each["target"] for each in made] == ["me@company.com"]


def test_replay(desk: Desk, visitor: Visitor) -> None:
    """A delivery that was cancelled is sent again from the page of its report."""
    report_id = desk.order(visitor)
    desk.console.api.complete(report_id, {ReportFormat.HTML: _HTML})
    admin = desk.console.api.client(scopes=["admin"])
    body = {"report_id": report_id, "delivery": {"email": {"recipients": ["me@company.com"]}}}
    (delivery,) = admin.post("/v1/deliveries", json=body).json()["deliveries"]
    person = desk.seat(visitor).open(f"/reports/{report_id}")
    person.click("Cancel", selector="section button")
    person.sees("The delivery was cancelled.")
    person.click("Send again")
    person.sees("The delivery will be sent again.")
    assert admin.get(f"/v1/deliveries/{delivery['id']}").json()["status"] in {"pending", "waiting", "scheduled"}
    assert person.fits()
    desk.go(person, "Deliveries")
    person.arrives("/deliveries")
    person.click("me@company.com")
    person.arrives(f"/deliveries/{delivery['id']}")
    person.sees("Nothing was sent yet")


def test_control_to_finding_in_three_clicks(desk: Desk, everything: Filled) -> None:
    """From the list of controls to what the scanner says of one bucket."""
    person = desk.seat(_of(desk, everything)).open("/controls")
    person.click("SOC 2 Trust Services Criteria")
    person.arrives("/controls/soc2")
    person.click("CC6.1")
    person.arrives("/controls/soc2/requirement")
    person.click("What Prowler says")
    person.sees("is public.")
    person.sees("Block public access.")
    assert person.clicks == 3
    assert person.fits()


def test_waiver_by_two_people(desk: Desk, console: ConsoleServer, visitor: Visitor) -> None:
    """Who requested it cannot approve it; another person can, and it is active."""
    until = str(console.api.clock().date() + timedelta(days=90))
    first = desk.seat(visitor).open("/")
    desk.go(first, "Waivers")
    first.fill("Check", "storage_is_private")
    first.fill("Reason", "Public on purpose: a website")
    first.fill("Until", until)
    first.click("Request the waiver")
    first.sees("Another person must approve it.")
    first.sees("Another person approves it")
    assert not first.shows("Approve")
    second = desk.seat(console.sign_in()).open("/waivers")
    second.click("Approve")
    second.sees("It was approved.")
    second.sees("Active")
    assert second.fits()


def test_order_by_keyboard(keyboard: Desk, everything: Filled) -> None:
    """From the overview by Tab, Enter and letters alone; each stop can be seen."""
    person = keyboard.seat(_of(keyboard, everything)).open("/")
    person.tab_to("Order a report")
    person.press("Enter")
    person.arrives("/reports/new")
    person.tab_to("Type")
    person.write("R")  # a letter chooses the option that begins so
    person.tab_to("Name")
    person.write("Risk by keyboard")
    person.tab_to("HTML")
    person.press("Space")
    person.tab_to("Order the report")
    person.press("Enter")
    person.arrives("/reports/rpt_")
    person.sees("Risk by keyboard")
    person.sees("The report waits for its turn")


def test_control_to_finding_by_keyboard(keyboard: Desk, everything: Filled) -> None:
    """Framework, requirement, and the scanner's words: Enter three times."""
    person = keyboard.seat(_of(keyboard, everything)).open("/controls")
    person.tab_to("SOC 2 Trust Services Criteria")
    person.press("Enter")
    person.arrives("/controls/soc2")
    person.tab_to("CC6.1")
    person.press("Enter")
    person.arrives("/controls/soc2/requirement")
    person.tab_to("What Prowler says")
    person.press("Enter")
    person.sees("Block public access.")


def test_waiver_by_keyboard(keyboard: Desk, console: ConsoleServer, visitor: Visitor) -> None:
    """Two people request and approve a waiver without a mouse; the date is typed as well."""
    until = console.api.clock().date() + timedelta(days=90)
    first = keyboard.seat(visitor).open("/waivers")
    first.tab_to("Skip to content")
    first.press("Enter")
    first.tab_to("Check")
    first.write("storage_is_private")
    first.tab_to("Reason")
    first.write("A website")
    first.tab_to("Until")
    first.write(f"{until:%m%d%Y}")
    assert first.value("document.activeElement.value") == str(until)
    first.tab_to("Request the waiver")
    first.press("Enter")
    first.sees("Another person must approve it.")
    second = keyboard.seat(console.sign_in()).open("/waivers")
    second.tab_to("Approve")
    second.press("Enter")
    second.sees("It was approved.")


def test_sign_in_by_keyboard(keyboard: Desk, console: ConsoleServer) -> None:
    """The button of a link that is not valid, then a key that nobody has: each time the page says why."""
    console.sign_in()
    person = keyboard.seat().open(f"/sign-in?token={'x' * 40}")
    person.tab_to("Sign in")
    person.press("Enter")
    person.value("document.querySelector('[role=alert]')?.innerText")
    person.tab_to("API key")
    person.write("sk_live_of_nobody")
    person.press("Enter")
    person.value("document.querySelector('[role=alert]')?.innerText")
