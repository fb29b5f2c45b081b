"""Pictures of the Dagster UI for the docs: ``python -m tests.pictures.screenshots HOME OUT``.

Serves HOME (a home with findings and runs, such as the demo's) on free ports of loopback, opens each page in headless
Chromium and ends the server again. Pages load their data by themselves, so each is waited for.
"""

import base64
import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx

from tests.support.browser import Browser, open_browser
from tests.support.installation import signed_in

_SETTLE_SECONDS: Final = 20
_PATIENCE_SECONDS: Final = 400
_PAGES: Final = {
    "dagster-asset-graph": ("asset-groups", "analytics"),
    "dagster-partitions": ("assets/marts/framework_scores?view=partitions&partition={last_day}", "scores_by_day"),
    "dagster-scores": ("assets/marts/framework_scores?view=overview", "value_pct"),
    "dagster-asset-checks": ("assets/marts/check_tallies?view=checks", "layers_agree"),
    "dagster-schedules": ("automation", "historical_audit"),
    "dagster-run": ("runs/{run_id}", "ASSET_MATERIALIZATION"),
    "dagster-report": ("assets/reports/by_period?view=partitions&partition={report}", "download_json"),
    "dagster-backfills": ("runs?view=backfills", "by_period"),
    "dagster-runs": ("runs?view=runs", "policycortex/report"),
}
"""Name of the picture: page of the UI, and a word that tells that its data has come."""
_REPORT: Final = "2026-Q3|soc2 audit"
_BACKFILLED: Final = (_REPORT, "2026-Q3|hipaa audit", "2026-10|soc2 audit", "2026-10|hipaa audit")
_BACKFILL: Final = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) { __typename
  ... on Error { message } } }"""
_SHOWN: Final = """{ assetNodeOrError(assetKey: {path: ["reports", "by_period"]}) { ... on AssetNode {
  assetMaterializations(limit: 50) { partition } } } }"""


def main(home: Path, out: Path) -> None:
    """Serve, take every picture, stop."""
    port, dagster_port = _free_port(), _free_port()
    program = str(Path(sys.executable).with_name("policycortex"))
    command = [program, "serve", "--home", str(home), "--port", str(port), "--dagster-port", str(dagster_port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            link = _wait_until_served(server)
            base = f"http://127.0.0.1:{dagster_port}"
            with closing(signed_in(link)) as client:
                run_id, last_day = _newest_run(client, "refresh_posture")
                _make_reports(client)
                session = dict(client.cookies)
            with (
                tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
                open_browser(Path(profile)) as browser,
            ):
                browser.set_cookies(base, session)
                for name, (page, word) in _PAGES.items():
                    address = page.format(run_id=run_id, last_day=last_day, report=quote(_REPORT))
                    _take(browser, f"{base}/{address}", word, out / f"{name}.png")
                    print(out / f"{name}.png", flush=True)
        finally:
            server.send_signal(signal.SIGTERM)


def _wait_until_served(server: "subprocess.Popen[str]") -> str:
    """The link that signs in to the UI."""
    for line in server.stdout or ():  # ends with the process
        if line.startswith("Dagster UI"):
            return line.split()[-1]
    raise SystemExit("serve ended before it served; its log stands in the home's logs folder")


def _make_reports(client: httpx.Client) -> None:
    """Materialize some of the offered partitions, as the button of the UI does, unless they have been."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    if missing := _missing_reports(client):
        params = {"assetSelection": [{"path": ["reports", "by_period"]}], "partitionNames": missing}
        started = _query(client, _BACKFILL, {"p": params})["launchPartitionBackfill"]
        if started["__typename"] != "LaunchBackfillSuccess":
            raise SystemExit(f"Dagster did not start the reports: {started}")
    while missing := _missing_reports(client):
        if time.monotonic() > deadline:
            raise SystemExit(f"no report of {', '.join(missing)} within {_PATIENCE_SECONDS} s")
        time.sleep(1)


def _missing_reports(client: httpx.Client) -> list[str]:
    made = {each["partition"] for each in _query(client, _SHOWN)["assetNodeOrError"]["assetMaterializations"]}
    return [key for key in _BACKFILLED if key not in made]


def _query(client: httpx.Client, query: str, variables: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
    answer = client.post("/graphql", json={"query": query, "variables": variables or {}})
    return answer.raise_for_status().json()["data"]


def _newest_run(client: httpx.Client, job: str) -> tuple[str, str]:
    """Its id, and the last day of its range."""
    wanted = "... on Runs { results { runId tags { key value } } }"
    query = f'{{ runsOrError(filter: {{pipelineName: "{job}", statuses: [SUCCESS]}}, limit: 1) {{ {wanted} }} }}'
    runs = _query(client, query)["runsOrError"]["results"]
    if not runs:
        raise SystemExit(f"the home has no finished run of {job}; make one first: policycortex ingest PATH")
    tags = {tag["key"]: tag["value"] for tag in runs[0]["tags"]}
    return str(runs[0]["runId"]), tags["dagster/asset_partition_range_end"]


def _take(browser: Browser, url: str, word: str, target: Path) -> None:
    """Once the word stands in the page and nothing loads any more."""
    browser.open_url(url, width=1500, height=950)
    end = time.monotonic() + _PATIENCE_SECONDS
    while not browser.evaluate(f"document.body.innerText.includes({json.dumps(word)})"):
        if time.monotonic() > end:
            raise SystemExit(f"{url} does not show {word!r} after {_PATIENCE_SECONDS} s")
        time.sleep(0.5)
    time.sleep(_SETTLE_SECONDS)
    target.write_bytes(base64.b64decode(browser.call("Page.captureScreenshot", format="png")["data"]))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python -m tests.pictures.screenshots HOME OUT")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
