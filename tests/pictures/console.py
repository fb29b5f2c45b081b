"""``make console-pictures``: every screen of the console over the demo, at a desk and on a phone, in light and in dark.

    python -m tests.pictures.console HOME FOLDER [NAME...]

Works on a copy of HOME (a home with findings and reports, such as the demo's), which it fills with one of everything.
The screens are those of the console's router, some in further states, and the pages for an outside auditor, for a new
organisation, and for people who are not signed in. With names, such as ``overview-desk-light``, only those are taken,
as the window shows them; a name without its view, such as ``overview``, stands for its four whole pages.
"""

import base64
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from api.app import create_app
from policycortex.settings import Settings
from policycortex_console.app import Console
from tests.console.screens import page_paths
from tests.pictures.console_fill import REQUIREMENT, Shown, fill, new_key
from tests.support.api_server import SERVED, FakeBackfills, FakeRunLauncher, serve
from tests.support.browser import Browser, open_browser

_VIEWS: Final[Mapping[str, Mapping[str, Any]]] = {
    "desk-light": {"width": 1440, "height": 900, "dark": False},
    "desk-dark": {"width": 1440, "height": 900, "dark": True},
    "phone-light": {"width": 390, "height": 844, "dark": False},
    "phone-dark": {"width": 390, "height": 844, "dark": True},
}
_QUERIES: Final = {
    "/reports/{report_id}/compare": "?with={other_id}",
    "/controls/{framework_id}": "?day={day}",
    "/controls/{framework_id}/requirement": f"?id={REQUIREMENT}&day={{day}}",
    "/findings": "?status=FAIL&day={day}",
}
_STATES: Final = {
    "report-verified": "/reports/{report_id}?verify=1",
    "report-open": "/reports/{open_id}",
    "report-unknown": "/reports/rpt_none",
    "requirement-manual": "/controls/{framework_id}/requirement?id=P1.1",
    "findings-none": "/findings?checks=no_such_check",
    "milestone-completes": "/milestones?completes=mst_0123456789abcdef",
}
"""Pages of the router in another state."""
_AUDITOR: Final = {
    "auditor": "/",
    "auditor-framework": "/controls/{framework_id}",
    "auditor-requirement": f"/controls/{{framework_id}}/requirement?id={REQUIREMENT}",
    "auditor-reports": "/reports",
    "auditor-requests": "/evidence-requests",
    "auditor-refused": "/schedules",
}
_NEW: Final = {
    f"new-{name}": path
    for name, path in (
        ("overview", "/"), ("reports", "/reports"), ("findings", "/findings"), ("schedules", "/schedules"),
        ("waivers", "/waivers"), ("imports", "/imports"), ("evidence-requests", "/evidence-requests"),
        ("deliveries", "/deliveries"),
    )
}  # fmt: skip
_STRANGER: Final = {
    "sign-in": "/sign-in",
    "sign-in-link": f"/sign-in?token={'x' * 40}",
    "link": "{link}",
    "link-ended": f"/v1/links/{'x' * 40}",
    "api-stranger": "/v1/reports",
    "api-unknown": "/v1/nothing",
}
_MOST_PIXELS: Final = 3000
"""Height of a picture: long lists are cut."""
_SETTLED: Final = """new Promise((done) => {
    const look = () => document.querySelector(".htmx-request") ? setTimeout(look, 100) : setTimeout(done, 300);
    setTimeout(look, 300);
})"""
_HEIGHT: Final = "document.documentElement.scrollHeight"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page to be taken."""

    name: str
    address: str
    cookies: Mapping[str, str]
    """Of the person who opens it; {} for nobody."""


def main(home: Path, out: Path, names: frozenset[str]) -> None:
    """Serve a copy, take every picture, stop."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "home"
        shutil.copytree(home, copy, ignore=shutil.ignore_patterns("dagster", "*.lock"))
        settings = Settings(home=copy, **SERVED)
        app = create_app(settings, launcher=FakeRunLauncher(), backfills=FakeBackfills())
        for url in serve(Console(app, settings)):
            pages = list(_pages(settings, url, fill(settings, url)))
            with open_browser(Path(folder) / "profile") as browser:
                for page in pages:
                    for view in _VIEWS:
                        name = f"{page.name}-{view}"
                        if not names or names & {page.name, name}:
                            browser.clear_cookies()
                            browser.set_cookies(url, page.cookies)
                            browser.open_url(url + page.address, **_VIEWS[view])
                            _take(
                                browser, _VIEWS[view]["width"], out / f"console-{name}.png", is_whole=name not in names
                            )


def addresses(shown: Shown, day: str) -> Iterator[tuple[str, str, str]]:
    """Who opens it (``admin``, ``auditor``, ``new`` or ``stranger``), its name and address."""
    values = {**shown.ids, "day": day, "link": shown.link}
    for path in page_paths():
        record_id = shown.ids["attestation_id" if "attestations" in path else "waiver_id"]
        words = [part for part in re.sub(r"{(\w+)}", "one", path).split("/") if part]
        address = (path + _QUERIES.get(path, "")).format(**values, record_id=record_id)
        yield "admin", "-".join(words) or "overview", address
    for who, found in (("admin", _STATES), ("auditor", _AUDITOR), ("new", _NEW), ("stranger", _STRANGER)):
        for name, address in found.items():
            yield who, name, address.format(**values)


def _pages(settings: Settings, url: str, shown: Shown) -> Iterator[Page]:
    admin, new = new_key(settings, "Ada Lovelace"), new_key(settings, "Mary Somerville", organization="new")
    with closing(_client(url)) as client:
        cookies = {
            "admin": _signed_in(url, admin),
            "auditor": _signed_in(url, shown.auditor_secret),
            "new": _signed_in(url, new),
            "stranger": {},
        }
        client.cookies.update(cookies["admin"])
        day = _last_day(client, shown.ids["report_id"])
    for who, name, address in addresses(shown, day):
        yield Page(name=name, address=address, cookies=cookies[who])


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Accept": "text/html", "Origin": url}, trust_env=False, timeout=120)


def _signed_in(url: str, secret: str) -> dict[str, str]:
    """The cookies of a person who signed in."""
    with closing(_client(url)) as client:
        answer = client.post("/sign-in", data={"secret": secret})
        if answer.status_code != 303:
            raise SystemExit(f"cannot sign in: {answer.status_code}")
        return dict(client.cookies)


def _last_day(client: httpx.Client, report_id: str) -> str:
    """The last day of the report's period: its evidence is that of the report."""
    page = client.get(f"/reports/{report_id}").text
    found = re.search(r" to (\d+ \w{3} \d{4})", page)
    if found is None:
        raise SystemExit(f"the page of {report_id} shows no period")
    return str(datetime.strptime(found[1], "%d %b %Y").replace(tzinfo=UTC).date())


def _take(browser: Browser, width: int, target: Path, *, is_whole: bool) -> None:
    """Once no part of the page is loading: the window, or the whole page."""
    browser.evaluate("document.documentElement.style.overflow = 'hidden'")  # no scroll bar
    browser.evaluate(_SETTLED)
    clip: dict[str, Any] = {}
    if is_whole:
        height = min(int(browser.evaluate(_HEIGHT)), _MOST_PIXELS)
        size = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        clip = {"clip": size, "captureBeyondViewport": True}
    target.write_bytes(base64.b64decode(browser.call("Page.captureScreenshot", format="png", **clip)["data"]))
    print(target, flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit("usage: python -m tests.pictures.console HOME FOLDER [NAME...]")
    main(Path(sys.argv[1]), Path(sys.argv[2]), frozenset(sys.argv[3:]))
