"""Make ``home_0_1.tar.xz``: a small home as version 0.1 wrote it. Run it with the interpreter of a checkout of 0.1.

It calls the command line and the API of that checkout only, so that every file in the home is the old version's own.
See README.md beside it.
"""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx

PROGRAM = Path(sys.executable).with_name("policycortex")
PERIOD = {"start": "2026-11-01T00:00:00Z", "end": "2026-11-30T23:59:59Z"}
"""The month the script ran in: the waiver is approved before the period ends, so the reports apply it."""

REPORTS: tuple[dict[str, Any], ...] = (
    {"name": "Compliance of November", "type": "compliance", "framework": "soc2"},
    {"name": "Audit by the own framework", "type": "audit", "framework": "folder-rules"},
    {"name": "Risk of November", "type": "risk", "framework": "hipaa"},
    {"name": "Trend of November", "type": "trend", "framework": "iso27001"},
    {"name": "Plan by the uploaded framework", "type": "remediation", "framework": "uploaded-rules"},
    {"name": "All findings, in German", "type": "compliance", "framework": None},
)
OPTIONS: dict[str, dict[str, Any]] = {
    "Compliance of November": {"formats": ["csv", "json", "html", "pdf"], "sign": True},
    "All findings, in German": {"formats": ["csv", "json", "html"], "locale": "de"},
}
SCHEDULE: dict[str, Any] = {
    "name": "Weekly posture",
    "schedule": {"cron": "0 6 * * 1", "timezone": "Europe/Vienna"},
    "report_template": {
        "type": "compliance",
        "framework": "soc2",
        "scope": {"date_range_type": "last_30_days"},
        "format_options": {"formats": ["json"]},
    },
    "delivery": {"webhook": {"url": "https://127.0.0.1:9/hook"}},
}
CONNECTIONS = """connections:
  hooks: {type: webhook, secret: "env:OLD_HOME_WEBHOOK_SECRET", timeout_seconds: 1}
"""
CHECKS = {"aws": ["s3_bucket_public_access", "iam_root_mfa_enabled"]}
LEFT_OUT = ("logs", "lake/scratch", "landing")
"""Folders whose content no later start reads."""


def main(target: Path) -> None:
    """Make the home in a temporary folder and pack it."""
    with tempfile.TemporaryDirectory(prefix="old-home-") as folder:
        home = Path(folder) / "home"
        _ingest(Path(folder), home)
        keys = [_run("keys", "create", "--name", name, "--scopes", scopes, home=home) for name, scopes in _keys()]
        (home / "connections.yaml").write_text(CONNECTIONS)
        _add_framework(Path(folder), home)
        with _served(home) as url:
            made = _use_api(url, *keys)
        (home / "expected.json").write_text(json.dumps({"key": keys[0]} | made, indent=1) + "\n")
        _close_databases(home)
        _pack(home, target)


def _keys() -> tuple[tuple[str, str], ...]:
    scopes = "reports:read,reports:write,schedules:write,frameworks:write,findings:write"
    return ("first", scopes), ("second", scopes)


def _ingest(folder: Path, home: Path) -> None:
    """Two AWS accounts, five scans each, 40 findings per scan; two damaged records."""
    from policycortex.findings.samples import write_samples  # of the old checkout
    from policycortex.period import Period

    period = Period.of_days(date(2026, 10, 15), date(2026, 11, 24))
    write_samples(
        folder / "findings",
        period=period,
        every_days=9,
        findings_per_scan=40,
        clouds=("aws",),
        accounts_per_cloud=2,
        bad_records=2,
    )
    _run("ingest", str(folder / "findings"), home=home, codes=(0, 1))


def _framework(uid: str) -> dict[str, Any]:
    requirements = [{"id": f"R{n}", "title": f"Rule {n}", "checks": CHECKS if n == 1 else {}} for n in (1, 2)]
    return {"id": uid, "name": uid.replace("-", " ").title(), "version": "1", "requirements": requirements}


def _add_framework(folder: Path, home: Path) -> None:
    path = folder / "folder-rules.json"
    path.write_text(json.dumps(_framework("folder-rules")))
    _run("frameworks", "add", str(path), home=home)


def _use_api(url: str, first: str, second: str) -> dict[str, Any]:
    """Upload a framework, waive a check, make all reports and a schedule that runs once; their ids."""
    client, other = _client(url, first), _client(url, second)
    _post(client, "/v1/frameworks", _framework("uploaded-rules"))
    waiver = _post(
        client,
        "/v1/waivers",
        {"scope": {"check": _failing_check(client)}, "reason": "Moved by December", "until": "2027-06-30T00:00:00Z"},
    )
    _post(other, f"/v1/waivers/{waiver['id']}/approve", None)
    reports = [_make(client, body) for body in REPORTS]
    link = _post(client, f"/v1/reports/{reports[0]}/download-link", {"format": "json", "expires_in": 604_800})
    schedule = _post(client, "/v1/reports/schedules", SCHEDULE)
    run = _post(client, f"/v1/reports/schedules/{schedule['id']}/run", None)
    reports.append(_wait(client, run.get("report_id") or run["id"]))
    _wait_for_delivery(client)
    client.get(f"/v1/reports/{reports[0]}/download/pdf").raise_for_status()
    return {"reports": reports, "waiver": waiver["id"], "schedule": schedule["id"], "link": link["url"]}


def _failing_check(client: httpx.Client) -> str:
    """The check with the most failing findings, taken from a JSON report that is then deleted."""
    report = _make(client, {"name": "Probe", "type": "compliance", "framework": None})
    document = client.get(f"/v1/reports/{report}/download/json").raise_for_status().json()
    client.delete(f"/v1/reports/{report}").raise_for_status()
    failing = [finding["check_id"] for finding in document["findings"] if finding["status"] == "FAIL"]
    return str(max(sorted(set(failing)), key=failing.count))


def _make(client: httpx.Client, body: dict[str, Any]) -> str:
    options = OPTIONS.get(body["name"], {"formats": ["csv", "json", "html"]})
    request = {name: value for name, value in body.items() if value is not None}
    answer = _post(client, "/v1/reports", request | {"scope": {"date_range": PERIOD}, "format_options": options})
    return _wait(client, answer["id"])


def _wait(client: httpx.Client, report_id: str) -> str:
    for _ in range(20):
        details = client.get(f"/v1/reports/{report_id}", headers={"Prefer": "wait=30"}).raise_for_status().json()
        if details["status"] in {"completed", "failed"}:
            break
    assert details["status"] == "completed", details
    return report_id


def _wait_for_delivery(client: httpx.Client) -> None:
    """The webhook answers to nobody; its first attempt is in the ledger."""
    for _ in range(120):
        rows = client.get("/v1/deliveries").raise_for_status().json()["deliveries"]
        if rows and rows[0]["attempt_count"]:
            return
        time.sleep(1)
    raise AssertionError(f"no attempt of a delivery: {rows}")


def _client(url: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=120)


def _post(client: httpx.Client, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    answer = client.post(path, json=body) if body is not None else client.post(path)
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
    parsed: dict[str, Any] = answer.json()
    return parsed


@contextmanager
def _served(home: Path) -> Iterator[str]:
    port, dagster_port = _free_port(), _free_port()
    command = [str(PROGRAM), "serve", "--home", str(home), "--port", str(port), "--dagster-port", str(dagster_port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment())
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Dagster UI"):
            break
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)


def _run(*arguments: str, home: Path, codes: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(
        [PROGRAM, *arguments, "--home", str(home)], capture_output=True, text=True, check=False, env=_environment()
    )
    assert done.returncode in codes, done.stderr
    return done.stdout.strip()


def _environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("POLICYCORTEX_")}
    own.pop("PYTHONPATH", None)
    return own | {"POLICYCORTEX_STANDING_FRAMEWORKS": "none", "OLD_HOME_WEBHOOK_SECRET": "of-the-fixture"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _close_databases(home: Path) -> None:
    """Write each write-ahead log into its database, and give free pages back."""
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3":
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.execute("VACUUM")


def _pack(home: Path, target: Path) -> None:
    """Sorted names, no times, no owners: the same files give the same archive."""
    kept = [path for path in sorted(home.rglob("*")) if _is_kept(path, home)]
    unpacked = target.with_suffix("")
    with tarfile.open(unpacked, "w", format=tarfile.PAX_FORMAT) as archive:
        for path in kept:
            archive.add(path, arcname=str(path.relative_to(home)), recursive=False, filter=_without_origin)
    subprocess.run(["xz", "-9e", "--force", "--keep", "--check=crc64", str(unpacked)], check=True)
    unpacked.unlink()
    print(f"{target}: {len(kept)} entries, {target.stat().st_size} bytes")


def _is_kept(path: Path, home: Path) -> bool:
    name = str(path.relative_to(home))
    if any(name.startswith(f"{folder}/") for folder in LEFT_OUT) or not (path.is_file() or path.is_dir()):
        return False  # sockets, too
    return not name.endswith((".lock", "-wal", "-shm", ".pid"))


def _without_origin(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime, member.uid, member.gid, member.uname, member.gname = 0, 0, 0, "", ""
    return member


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
