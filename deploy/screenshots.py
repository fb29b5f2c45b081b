"""Pictures of the Dagster UI for the docs: ``python deploy/screenshots.py HOME OUT``; ``make screenshots`` calls it.

Serves HOME (a home with findings and runs, such as the demo's) on free ports of loopback, opens each page in headless
Chromium and ends the server again. Pages load their data by themselves, so each gets time of its own to settle.
"""

import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import httpx

_SETTLE_MILLISECONDS: Final = 25_000
_PAGES: Final = {
    "dagster-asset-graph": "asset-groups",
    "dagster-partitions": "assets/marts/framework_scores?view=partitions",
    "dagster-scores": "assets/marts/framework_scores?view=overview",
    "dagster-asset-checks": "assets/marts/check_tallies?view=checks",
    "dagster-schedules": "automation",
    "dagster-run": "runs/{run_id}",
}


def main(home: Path, out: Path) -> None:
    """Serve, take every picture, stop."""
    port, dagster_port = _free_port(), _free_port()
    program = str(Path(sys.executable).with_name("policycortex"))
    command = [program, "serve", "--home", str(home), "--port", str(port), "--dagster-port", str(dagster_port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            _wait_until_served(server)
            base = f"http://127.0.0.1:{dagster_port}"
            run_id = _newest_run(base, "refresh_posture")
            for name, page in _PAGES.items():
                target = out / f"{name}.png"
                _take(f"{base}/{page.format(run_id=run_id)}", target)
                print(target)
        finally:
            server.send_signal(signal.SIGTERM)


def _wait_until_served(server: "subprocess.Popen[str]") -> None:
    if server.stdout is None or not any(line.startswith("Dagster UI") for line in server.stdout):
        raise SystemExit("serve ended before it served; its log stands in the home's logs folder")


def _newest_run(base: str, job: str) -> str:
    wanted = "... on Runs { results { runId } }"
    query = f'{{ runsOrError(filter: {{pipelineName: "{job}", statuses: [SUCCESS]}}, limit: 1) {{ {wanted} }} }}'
    answer = httpx.post(f"{base}/graphql", json={"query": query}, timeout=60, trust_env=False)
    runs = answer.raise_for_status().json()["data"]["runsOrError"]["results"]
    if not runs:
        raise SystemExit(f"the home has no finished run of {job}; make one first: policycortex ingest PATH")
    return str(runs[0]["runId"])


def _take(url: str, target: Path) -> None:
    with tempfile.TemporaryDirectory() as profile:
        command = [
            "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--mute-audio",
            "--disable-background-networking", "--disable-component-update", "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={profile}", "--window-size=1500,950", f"--virtual-time-budget={_SETTLE_MILLISECONDS}",
            f"--screenshot={target.absolute()}", url,
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=300)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python deploy/screenshots.py HOME OUT")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
