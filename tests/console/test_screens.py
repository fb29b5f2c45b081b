"""Each screen with data and without, in a real browser: WCAG, a phone's width, and nothing from elsewhere."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest

from policycortex.names import ReportFormat
from tests.console.conftest import ORGANIZATION, ConsoleServer, Visitor
from tests.support.browser import AXE, Browser, open_browser

pytestmark = pytest.mark.timeout(900)

SCREENS: Final = (
    "/",
    "/reports",
    "/reports/new",
    "/reports/{report_id}",
    "/reports/{open_id}",
    "/controls",
    "/controls/soc2",
    "/controls/soc2/requirement?id=CC6.1",
    "/findings",
    "/findings?status=FAIL&severity=high",
    "/schedules",
    "/schedules/{schedule_id}",
    "/waivers",
    "/attestations",
    "/imports",
    "/auditors",
    "/audit",
    "/health",
    "/reports/rpt_none",
)
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_AXE_RUN: Final = f"""axe.run(document, {{runOnly: {json.dumps(_RULES)}}}).then((found) => found.violations.map(
    (rule) => [rule.id, rule.nodes.map((node) => node.html.slice(0, 200))]))"""
_HTML: Final = (
    b"<!doctype html><html lang=en><title>A report</title><h1>A report</h1><script>document.title='ran'</script>"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all tests of this file."""
    assert AXE.is_file(), f"{AXE} is missing; run deploy/setup-tests.sh"
    with open_browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def filled(console: ConsoleServer) -> Visitor:
    """An admin of the organisation with findings, reports, a schedule, a waiver and an attestation."""
    console.api = replace(console.api, organization=ORGANIZATION)
    visitor = console.sign_in(organization=ORGANIZATION)
    order: dict[str, str | list[str]] = {
        "type": "compliance",
        "framework": "soc2",
        "range": "last_month",
        "formats": ["pdf", "html"],
    }
    visitor.submit("/reports/new", order)
    made = visitor.submit("/reports/new", order).headers["location"].rsplit("/", 1)[1]
    console.api.complete(made, {ReportFormat.PDF: b"%PDF-1.7", ReportFormat.HTML: _HTML})
    visitor.submit(
        "/schedules",
        {"template": "weekly_compliance", "recipients": "ceo@company.com", "timezone": "Europe/Berlin"},
    )
    visitor.submit("/waivers", {"check": "c1", "reason": "accepted by the board", "until": "2027-06-30"})
    visitor.submit(
        "/attestations",
        {
            "statement": "not_applicable",
            "framework": "soc2",
            "requirements": "P1.1",
            "reason": "no personal data",
            "until": "2027-06-30",
        },
    )
    return visitor


def _ids(visitor: Visitor) -> dict[str, str]:
    """Ids for the paths of screens, as the lists link to them."""
    api = visitor.client

    def newest(path: str, marker: str) -> str:
        text = api.get(path).text
        return text.split(f'href="{marker}', 1)[1].split('"', 1)[0]

    return {
        "report_id": newest("/reports?status=completed", "/reports/rpt_").join(["rpt_", ""]),
        "open_id": newest("/reports?status=pending", "/reports/rpt_").join(["rpt_", ""]),
        "schedule_id": newest("/schedules", "/schedules/sch_").join(["sch_", ""]),
    }


def _open(browser: Browser, visitor: Visitor, path: str, **view: object) -> None:
    base = str(visitor.client.base_url)
    browser.set_cookies(base, dict(visitor.client.cookies))
    browser.open_url(f"{base.rstrip('/')}{path}", **view)  # type: ignore[arg-type]


@pytest.mark.parametrize("view", ["desk", "phone"])
def test_every_screen_meets_wcag(filled: Visitor, browser: Browser, view: str) -> None:
    """axe-core finds nothing, at a desk in light and on a phone in dark; no page is wider than its window."""
    ids = _ids(filled)
    size = {"width": 1440, "height": 900} if view == "desk" else {"width": 390, "height": 844, "dark": True}
    for screen in SCREENS:
        _open(browser, filled, screen.format(**ids), **size)
        browser.evaluate(AXE.read_text(encoding="utf-8"))
        assert browser.evaluate(_AXE_RUN) == [], screen
        assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth"), screen
        faults = [e for e in browser.events if e["method"] == "Runtime.exceptionThrown"]
        assert not faults, (screen, faults)


def test_a_page_loads_nothing_from_elsewhere(filled: Visitor, browser: Browser) -> None:
    """Pages, style, script, fonts and frames all come from the console."""
    ids = _ids(filled)
    for screen in ("/", "/reports/{report_id}", "/reports/new"):
        _open(browser, filled, screen.format(**ids))
        base = str(filled.client.base_url)
        assert all(url.startswith((base, "data:")) for url in browser.requested()), browser.requested()


def test_empty_screens_say_what_to_do(visitor: Visitor) -> None:
    """A new organisation: three steps on the overview, and a sentence on each list."""
    assert "Three steps to the first report" in visitor.get("/").text
    for path, sentence in (
        ("/reports", "No report yet."),
        ("/schedules", "No schedule yet."),
        ("/waivers", "No waiver yet."),
        ("/attestations", "No attestation yet."),
        ("/imports", "No file was uploaded yet."),
    ):
        page = visitor.get(path)
        assert (page.status_code, sentence in page.text) == (200, True), path
