"""Each screen with data and without, in a real browser: WCAG, a phone's width, and nothing from elsewhere."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

import httpx
import pytest

from tests.console.conftest import ConsoleServer, Visitor
from tests.console.screens import NOT_PAGES, Filled, page_paths, routes_of
from tests.pictures.console import addresses
from tests.pictures.console_fill import IDS, Shown
from tests.support.browser import AXE, Browser, open_browser

pytestmark = pytest.mark.timeout(900)

_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_COLOURS: Final = ["color-contrast"]
_DESK: Final[Mapping[str, Any]] = {"width": 1440, "height": 900}
_PHONE: Final[Mapping[str, Any]] = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all tests of this file."""
    assert AXE.is_file(), f"{AXE} is missing; run deploy/setup-tests.sh"
    with open_browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


def _open(browser: Browser, visitor: Visitor, path: str) -> None:
    base = str(visitor.client.base_url)
    browser.set_cookies(base, dict(visitor.client.cookies))
    browser.open_url(f"{base.rstrip('/')}{path}", **_DESK)


def _check(browser: Browser, screen: str) -> None:
    """All rules at a desk in light and on a phone in dark, and the contrast in the two others."""
    browser.evaluate(AXE.read_text(encoding="utf-8"))
    for size, is_dark, rules in (
        (_DESK, False, _RULES),
        (_DESK, True, _COLOURS),
        (_PHONE, True, _RULES),
        (_PHONE, False, _COLOURS),
    ):
        browser.show_as(**size, dark=is_dark)
        found = browser.evaluate(
            f"""axe.run(document, {{runOnly: {json.dumps(rules)}, resultTypes: ["violations"]}}).then((found) =>
            found.violations.map((rule) => [rule.id, rule.nodes.map((node) => node.html.slice(0, 200))]))"""
        )
        assert found == [], (screen, size, is_dark)
        assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth"), (screen, size)
    faults = [event for event in browser.events if event["method"] == "Runtime.exceptionThrown"]
    assert not faults, (screen, faults)


def test_every_screen_meets_wcag(everything: Filled, console: ConsoleServer, browser: Browser) -> None:
    """axe-core finds nothing, at a desk and on a phone, in light and in dark; no page is wider than its window."""
    admin = console.sign_in(organization=everything.organization)
    for screen in everything.pages():
        _open(browser, admin, screen)
        _check(browser, screen)


def test_pages_for_strangers_and_new_organisations_meet_wcag(
    console: ConsoleServer, visitor: Visitor, browser: Browser, everything: Filled
) -> None:
    """Screens without data, an outside auditor's start page, sign-in by key and link, a download link before its end
    and after it."""
    owner = console.api.client(organization=everything.organization, scopes=["admin"])
    made = owner.post(f"/v1/reports/{everything.ids['report_id']}/download-link", json={"format": "html"}).json()
    for screen in ("/", "/imports", "/waivers", "/schedules"):
        _open(browser, visitor, screen)
        _check(browser, screen)
    _open(browser, _auditor(console, owner), "/")
    _check(browser, "an auditor's start page")
    browser.clear_cookies()
    linked = made["url"].removeprefix(console.api.url)
    for screen in ("/sign-in", f"/sign-in?token={console.link()}", linked, f"/v1/links/{'x' * 40}", "/v1/reports"):
        browser.open_url(f"{console.api.url}{screen}", **_DESK)
        _check(browser, screen)


def _auditor(console: ConsoleServer, owner: httpx.Client) -> Visitor:
    today = console.api.clock().date()
    grant = {
        "name": "Grace Hopper",
        "frameworks": ["soc2"],
        "start": f"{today - timedelta(days=10)}T00:00:00Z",
        "end": f"{today - timedelta(days=1)}T23:59:59Z",
        "expires_at": f"{today + timedelta(days=1)}T00:00:00Z",
    }
    link, auditor = owner.post("/v1/grants", json=grant).json()["link"], console.browser()
    assert auditor.post("/sign-in", data={"secret": link.partition("token=")[2]}).status_code == 303
    return Visitor(auditor, console.sign_in().key)


def test_each_route_is_a_page_or_says_why_not(everything: Filled, console: ConsoleServer) -> None:
    """Pages are whole documents; the exceptions exist, so that none is left of a route that is gone."""
    assert set(NOT_PAGES) <= {route.path for route in routes_of("GET")}
    assert len(page_paths()) > 15
    admin = console.sign_in(organization=everything.organization)
    for address in everything.pages():
        page = admin.client.get(address)
        assert page.status_code == (404 if address.endswith("rpt_none") else 200), (address, page.text)
        assert page.text.startswith("<!doctype html>"), address
        assert page.text.count("<h1>") == 1, address


def test_pictures_are_taken_of_every_screen() -> None:
    """``make console-pictures`` has an address for each page of the router, and no name twice."""
    shown = Shown(ids=dict.fromkeys(IDS, "x"), auditor_secret="", link="/v1/links/x")
    found = list(addresses(shown, "2026-10-31"))
    assert len({name for _, name, _ in found}) == len(found) > len(page_paths())


def test_a_page_loads_nothing_from_elsewhere(everything: Filled, console: ConsoleServer, browser: Browser) -> None:
    """Pages, style, script, fonts and frames all come from the console."""
    admin = console.sign_in(organization=everything.organization)
    base = str(admin.client.base_url)
    for screen in ("/", everything.address("/reports/{report_id}"), "/reports/new"):
        _open(browser, admin, screen)
        assert all(url.startswith((base, "data:")) for url in browser.requested()), browser.requested()


def test_empty_screens_say_what_to_do(visitor: Visitor) -> None:
    """A new organisation: three steps on the overview, and a sentence on each list."""
    assert "Three steps to the first report" in visitor.get("/").text
    for path, sentence in (
        ("/reports", "No report yet."),
        ("/schedules", "No schedule yet."),
        ("/waivers", "No waiver yet."),
        ("/attestations", "No attestation yet."),
        ("/milestones", "No milestone yet."),
        ("/imports", "No file was uploaded yet."),
        ("/deliveries", "Nothing was sent yet."),
        ("/evidence-requests", "No evidence request yet."),
    ):
        page = visitor.get(path)
        assert (page.status_code, sentence in page.text) == (200, True), path


def test_the_overview_tells_what_changed_and_why(everything: Filled, console: ConsoleServer, visitor: Visitor) -> None:
    """Score, change with its cause, overdue and silent; the other organisation has none of it."""
    page = console.sign_in(organization=everything.organization).get("/").text
    assert "<dt>Findings passed</dt><dd>50.0 %</dd>" in page
    assert "<strong>+25.0 points</strong>" in page
    assert "1 finding fixed" in page
    assert "High findings overdue" in page
    assert "every account is scanned as usual" in page
    assert "1 account, 1 check" in page
    assert "1 finding fixed" not in visitor.get("/").text
