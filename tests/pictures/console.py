"""``make console-pictures``: every screen of the console over the demo, at a desk and on a phone, in light and in dark.

    python -m tests.pictures.console HOME FOLDER [NAME...]

Works on a copy of HOME (a home with findings and reports, such as the demo's), to which it adds a schedule, a waiver,
an attestation, a grant and an upload. The screens are those of the console's router. With names, such as
``overview-desk-light``, only those are taken, as the window shows them.
"""

import base64
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from api.app import create_app
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex_console.app import Console
from tests.console.screens import page_paths
from tests.support.api_server import FakeBackfills, FakeRunLauncher, serve
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
    "/controls/{framework_id}/requirement": "?id=CC6.1&day={day}",
    "/findings": "?status=FAIL&day={day}",
}
_MOST_PIXELS: Final = 3000
"""Height of a picture: long lists are cut."""
_SETTLED: Final = """new Promise((done) => {
    const look = () => document.querySelector(".htmx-request") ? setTimeout(look, 100) : setTimeout(done, 300);
    setTimeout(look, 300);
})"""
_HEIGHT: Final = "document.documentElement.scrollHeight"


def main(home: Path, out: Path, names: frozenset[str]) -> None:
    """Serve a copy, take every picture, stop."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "home"
        shutil.copytree(home, copy, ignore=shutil.ignore_patterns("dagster", "*.lock"))
        settings = Settings(home=copy, dagster_url="http://127.0.0.1:1", anonymous_rate_limit="60000/minute")
        app = create_app(settings, launcher=FakeRunLauncher(), backfills=FakeBackfills())
        for url in serve(Console(app, settings)):
            ids = _fill(settings, url)
            with closing(_signed_in(settings, url)) as client, open_browser(Path(folder) / "profile") as browser:
                for name, address, is_public in _addresses(client, ids):
                    for view, shown in _VIEWS.items():
                        if names and f"{name}-{view}" not in names:
                            continue
                        browser.clear_cookies()
                        browser.set_cookies(url, {} if is_public else dict(client.cookies))
                        browser.open_url(url + address, **shown)
                        _take(browser, shown["width"], out / f"console-{name}-{view}.png", is_whole=not names)


def _addresses(client: httpx.Client, ids: Mapping[str, str]) -> Iterator[tuple[str, str, bool]]:
    """Name, address, and whether it is for people who are not signed in."""
    values = {**ids, "day": _last_day(client, ids["report_id"])}
    for path in page_paths():
        record_id = ids["attestation_id" if "attestations" in path else "waiver_id"]
        words = [part for part in re.sub(r"{(\w+)}", r"one", path).split("/") if part]
        yield (
            "-".join(words) or "overview",
            (path + _QUERIES.get(path, "")).format(**values, record_id=record_id),
            False,
        )
    yield "sign-in", "/sign-in", True
    yield "link-ended", f"/v1/links/{'x' * 40}", True


def _token(settings: Settings, name: str) -> str:
    with closing(open_registry(settings)) as registry:
        return registry.keys.create_key(organization="default", name=name, scopes=("admin",), now=datetime.now(UTC))[1]


def _signed_in(settings: Settings, url: str) -> httpx.Client:
    client = httpx.Client(base_url=url, headers={"Accept": "text/html", "Origin": url}, trust_env=False, timeout=120)
    answer = client.post("/sign-in", data={"secret": _token(settings, "Ada Lovelace")})
    if answer.status_code != 303:
        raise SystemExit(f"cannot sign in: {answer.status_code}")
    return client


def _fill(settings: Settings, url: str) -> dict[str, str]:
    """What the demo lacks, over the API as another person; ids for the paths."""
    headers = {"Authorization": f"Bearer {_token(settings, 'Grace Hopper')}"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=120) as client:

        def make(path: str, body: Mapping[str, Any]) -> str:
            answer = client.post(f"/v1/{path}", json=body)
            if answer.status_code not in {201, 202}:
                raise SystemExit(f"POST {path}: {answer.status_code} {answer.text}")
            return str(answer.json()["id"])

        reports = client.get("/v1/reports", params={"status": "completed"}).json()["reports"]
        soc2 = next((each["id"] for each in reports if each["framework"] == "soc2"), None)
        if soc2 is None:
            raise SystemExit("the home has no completed report on SOC 2; make them first: policycortex demo")
        until = f"{datetime.now(UTC).date() + timedelta(days=120)}T00:00:00Z"
        why = {"reason": "The bucket serves the public website. Reviewed by the security board.", "until": until}
        stated = {"framework": "soc2", "requirements": ["P1.1", "P2.1"]}
        grant = {
            "name": "Katherine Johnson, Example Audit LLP",
            "note": "SOC 2 Type II, fieldwork",
            "frameworks": ["soc2"],
            "start": "2026-10-01T00:00:00Z",
            "end": "2026-10-31T23:59:59Z",
            "expires_at": until,
        }
        schedule = {
            "name": "Weekly compliance for the board",
            "schedule": {"cron": "0 9 * * 1", "timezone": "Europe/Berlin"},
            "report_template": {"type": "compliance", "framework": "soc2"},
            "delivery": {"email": {"recipients": ["board@example.com"]}},
        }
        attestation = {"statement": "not_applicable", "scope": stated, **why, "reason": "No personal data is kept."}
        attestation_id = make("attestations", attestation)
        file = client.post(
            f"/v1/attestations/{attestation_id}/evidence", params={"name": "minutes-of-the-board.txt"}, content=b"x"
        ).json()
        return {
            "report_id": soc2,
            "other_id": next(each["id"] for each in reports if each["id"] != soc2),
            "schedule_id": make("reports/schedules", schedule),
            "waiver_id": make("waivers", {"scope": {"check": "s3_bucket_level_public_access_block"}, **why}),
            "attestation_id": attestation_id,
            "sha256": file["evidence"][0]["sha256"],
            "grant_id": make("grants", grant),
            "import_id": client.post("/v1/imports", params={"name": "prowler-scan.json"}, content=b"[]").json()["id"],
            "framework_id": "soc2",
        }


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
