"""Pictures of the console for the docs: ``python -m tests.pictures.console HOME OUT``.

Serves HOME (a home with findings and reports, such as the demo's) without Dagster, signs in, and opens each screen in
headless Chromium.
"""

import base64
import re
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx

from api.app import create_app
from policycortex.security.web_access import WebRole
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex_console.app import Console
from tests.support.api_server import FakeBackfills, FakeRunLauncher, serve
from tests.support.browser import Browser, open_browser

_DESKTOP: Final = (1440, 900, False)
_PHONE: Final = (390, 844, True)
_SCREENS: Final = {
    "console-overview": ("/", _DESKTOP),
    "console-report": ("/reports/{report_id}", _DESKTOP),
    "console-order": ("/reports/new", _DESKTOP),
    "console-requirement": ("/controls/soc2/requirement?id=CC6.1&day={day}", _DESKTOP),
    "console-auditors": ("/auditors", _DESKTOP),
    "console-phone": ("/controls/soc2?day={day}", _PHONE),
}
"""Name of the picture: screen, width, height, and whether it is dark."""
_SETTLED: Final = """new Promise((done) => {
    const look = () => document.querySelector(".htmx-request") ? setTimeout(look, 100) : setTimeout(done, 300);
    setTimeout(look, 300);
})"""


def main(home: Path, out: Path) -> None:
    """Serve, take every picture, stop."""
    settings = Settings(home=home, dagster_url="http://127.0.0.1:1")
    app = create_app(settings, launcher=FakeRunLauncher(), backfills=FakeBackfills())
    out.mkdir(parents=True, exist_ok=True)
    for url in serve(Console(app, settings)):
        with closing(_signed_in(settings, url)) as client:
            listed = client.get("/reports", params={"framework": "soc2", "status": "completed"}).text
            report = re.search(r"/reports/(rpt_[0-9a-f]+)", listed)
            if report is None:
                raise SystemExit("the home has no completed report on SOC 2; make them first: policycortex demo")
            values = {"report_id": report[1], "day": _last_day(client, report[1])}
            with tempfile.TemporaryDirectory() as profile, open_browser(Path(profile)) as browser:
                browser.set_cookies(url, dict(client.cookies))
                for name, (path, (width, height, dark)) in _SCREENS.items():
                    browser.open_url(url + path.format(**values), width=width, height=height, dark=dark)
                    _take(browser, out / f"{name}.png")


def _signed_in(settings: Settings, url: str) -> httpx.Client:
    with closing(open_registry(settings)) as registry:
        token = registry.web_sessions.create_link(role=WebRole.OPERATOR, name="Ada", now=datetime.now(UTC))
    client = httpx.Client(base_url=url, headers={"Accept": "text/html", "Origin": url}, trust_env=False, timeout=120)
    answer = client.post("/sign-in", data={"secret": token})
    if answer.status_code != 303:
        raise SystemExit(f"cannot sign in: {answer.status_code}")
    return client


def _last_day(client: httpx.Client, report_id: str) -> str:
    """The last day of the report's period: its evidence is that of the report."""
    page = client.get(f"/reports/{report_id}").text
    found = re.search(r" to (\d+ \w{3} \d{4})", page)
    if found is None:
        raise SystemExit(f"the page of {report_id} shows no period")
    return str(datetime.strptime(found[1], "%d %b %Y").replace(tzinfo=UTC).date())


def _take(browser: Browser, target: Path) -> None:
    """Once no part of the page is loading."""
    browser.evaluate(_SETTLED)
    target.write_bytes(base64.b64decode(browser.call("Page.captureScreenshot", format="png")["data"]))
    print(target, flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python -m tests.pictures.console HOME OUT")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
