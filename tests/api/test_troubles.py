"""The database held or full, Dagster away or broken: a clear 503, nothing lost, and well again by itself."""

import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.platform.dagster_graphql import DagsterClient
from api.platform.dagster_runs import DagsterRuns
from policycortex.audit.write_ahead_log import WriteAheadLog
from policycortex.errors import UnavailableError
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import Failure, engines, open_registry
from tests.support.api_server import NO_TLS, ApiServer, Clock, FakeRunLauncher, log_records, serve
from tests.support.empty_homes import make_empty_home


def test_a_held_database_is_503_and_then_well(
    tmp_path: Path, order: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another writer holds it, orders are 503 and reads go on; after it the same order is taken."""
    monkeypatch.setattr("api.platform.services._LOCK_SECONDS", 0.1)
    settings, launcher, clock = Settings(home=tmp_path), FakeRunLauncher(), Clock()
    token = _key(settings)
    holder = sqlite3.connect(tmp_path / "registry.sqlite", isolation_level=None)
    for url in serve(create_app(settings, launcher=launcher, now=clock)):
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False, verify=NO_TLS, timeout=60) as client:
            assert client.get("/v1/reports").status_code == 200
            holder.execute("BEGIN IMMEDIATE")
            answer = client.post("/v1/reports", json=order)
            assert (answer.status_code, answer.json()["error_code"]) == (503, "RPT_503")
            assert "Retry-After" in answer.headers
            clock.pass_by(timedelta(minutes=5))  # the key's last use is due to be written, and cannot be
            assert client.get("/v1/reports").json()["pagination"]["total"] == 0
            holder.execute("ROLLBACK")
            assert client.post("/v1/reports", json=order).status_code == 202
            assert len(launcher.launched) == 1
    holder.close()


def test_a_webserver_that_is_away_is_reported(tmp_path: Path) -> None:
    """Nothing listens: not ready, and UnavailableError with the address, for every verb."""
    runs = DagsterRuns(Settings(home=tmp_path, dagster_url="http://127.0.0.1:9"))
    (state,) = runs.check()
    assert (state.name, state.is_ok) == ("dagster", False)
    assert "http://127.0.0.1:9 does not answer" in state.detail
    with pytest.raises(UnavailableError):
        runs.cancel("run")
    runs.close()


def test_a_report_is_checked_again_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster is queried once in two seconds, however often the report is read; for another report at once."""
    canceled = {"runId": "run", "status": "CANCELED", "endTime": 0.0, "tags": []}
    requested = list[Any]()

    def query(_: DagsterClient, __: str, variables: Any) -> dict[str, Any]:  # noqa: ANN401 - of GraphQL
        requested.append(variables["filter"]["tags"][0]["value"])
        return {"runsOrError": {"__typename": "Runs", "results": [canceled]}}

    monkeypatch.setattr(DagsterClient, "query", query)
    runs, one, other = DagsterRuns(Settings(home=tmp_path)), SimpleNamespace(id="one"), SimpleNamespace(id="other")
    found: list[Failure | None] = [runs.find_failure(report) for report in (one, one, other)]  # type: ignore[arg-type]
    assert [failure is not None for failure in found] == [True, False, True]
    monkeypatch.setattr("api.platform.dagster_runs._CHECKED_SECONDS", 0)
    assert runs.find_failure(one) is not None  # type: ignore[arg-type]
    assert requested == ["one", "other", "one"]
    runs.close()


def test_a_full_disk_is_503_and_then_well(
    tmp_path: Path, order: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's own "disk is full": orders and downloads are 503 and leave nothing, reads go on; then all is well."""
    settings, launcher, disk = Settings(home=tmp_path), FakeRunLauncher(), {"is_full": False}
    begin_before = engines._begin_sqlite

    def begin(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        driver = connection.connection.driver_connection
        pages = driver.execute("PRAGMA page_count").fetchone()[0] if disk["is_full"] else 1 << 30
        driver.execute(f"PRAGMA max_page_count = {pages}")
        begin_before(connection)

    monkeypatch.setattr(engines, "_begin_sqlite", begin)
    token = _key(settings)
    for url in serve(create_app(settings, launcher=launcher)):
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False, verify=NO_TLS, timeout=60) as client:
            first = client.post("/v1/reports", json=order).json()["id"]
            disk["is_full"] = True
            large = order | {"description": "x" * 2000, "scope": {"accounts": [f"{n:0200}" for n in range(500)]}}
            answer = client.post("/v1/reports", json=large, headers={"Idempotency-Key": "other"})
            assert (answer.status_code, answer.json()["error_code"]) == (503, "RPT_503")
            assert "full" in answer.json()["error_description"]
            assert "Retry-After" in answer.headers
            assert client.get(f"/v1/reports/{first}").status_code == 200
            assert client.get("/v1/reports").json()["pagination"]["total"] == 1
            assert len(launcher.launched) == 1
            disk["is_full"] = False
            assert client.post("/v1/reports", json=large, headers={"Idempotency-Key": "other"}).status_code == 202
            assert client.get("/v1/reports").json()["pagination"]["total"] == 2


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("broken", "SyntaxError in definitions.py"),
        ("refusing", "the run coordinator is stopped"),
        ("dropping", "does not answer"),
        ("failing", "does not answer"),
    ],
)
def test_dagster_broken_is_503_and_then_well(tmp_path: Path, order: dict[str, Any], mode: str, message: str) -> None:
    """Code location broken, launch refused, webserver gone or failing: 503 says which; nothing is kept."""
    with _dagster() as (dagster, state):
        settings = Settings(home=tmp_path, dagster_url=dagster)
        token = _key(settings)
        for url in serve(create_app(settings)):
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
            with httpx.Client(base_url=url, headers=headers, trust_env=False, verify=NO_TLS, timeout=30) as client:
                state["mode"] = mode
                answer = client.post("/v1/reports", json=order)
                assert (answer.status_code, answer.json()["error_code"]) == (503, "RPT_503")
                assert message in answer.json()["error_description"]
                assert int(answer.headers["Retry-After"]) > 0
                assert client.get("/v1/reports").json()["pagination"]["total"] == 0
                if mode != "refusing":
                    ready = client.get("/readyz")
                    assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
                state["mode"] = "well"
                accepted = client.post("/v1/reports", json=order)
                assert accepted.status_code == 202
                assert client.get(f"/v1/reports/{accepted.json()['id']}").json()["run_id"] == "run-1"
                ready = client.get("/readyz")
                assert ready.status_code == 200, ready.text


def test_a_lake_that_cannot_be_read_is_reported_by_readiness(tmp_path: Path) -> None:
    """A catalog that is no database: 503 names the lake; with no lake yet, the installation is ready."""
    (tmp_path / "lake").mkdir()
    catalog = tmp_path / "lake" / "catalog.sqlite"
    for url in serve(create_app(Settings(home=tmp_path), launcher=FakeRunLauncher())):
        assert httpx.get(f"{url}/readyz", trust_env=False, timeout=60).status_code == 200
        catalog.write_bytes(b"no database " * 1000)
        answer = httpx.get(f"{url}/readyz", trust_env=False, timeout=60)
        assert answer.status_code == 503
        assert [part["name"] for part in answer.json()["parts"] if not part["ok"]] == ["lake"]
        catalog.unlink()
        assert httpx.get(f"{url}/readyz", trust_env=False, timeout=60).status_code == 200


def test_a_lake_of_a_newer_program_is_reported_by_readiness(tmp_path: Path) -> None:
    """A newer program was started on the same data: 503 names the lake and both versions."""
    settings = Settings(home=make_empty_home(tmp_path / "home"))
    newer = "INSERT INTO lake.core.schema_version VALUES (99, now())"
    for url in serve(create_app(settings, launcher=FakeRunLauncher())):
        assert httpx.get(f"{url}/readyz", trust_env=False, timeout=60).status_code == 200
        with open_lake(settings) as lake:
            lake.session.write("a newer version", lambda cursor: cursor.execute(newer))
        answer = httpx.get(f"{url}/readyz", trust_env=False, timeout=60)
        assert answer.status_code == 503
        (part,) = [part for part in answer.json()["parts"] if not part["ok"]]
        assert (part["name"], "99" in part["detail"]) == ("lake", True)


@pytest.mark.parametrize("cause", ["the endpoint", "the write-ahead log", "readiness"])
def test_every_503_has_its_reason_in_the_log(
    server: ApiServer,
    order: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    cause: str,
) -> None:
    """One warning with route, status and the reason that the client got, wherever the 503 comes from; none of a 404."""
    client = server.client()
    caplog.set_level(logging.INFO, "policycortex.api")
    if cause == "the write-ahead log":
        fault = UnavailableError("the audit log cannot be written to /x: No space left on device")
        monkeypatch.setattr(WriteAheadLog, "end", _raise(fault))
    else:
        server.launcher.is_away = True
    answer = client.get("/readyz") if cause == "readiness" else client.post("/v1/reports", json=order)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    reason = "dagster: " if cause == "readiness" else answer.json()["error_description"]
    (line,) = log_records(caplog, answer.headers["X-Request-Id"])
    assert (line.levelno, vars(line)["reason"]) == (logging.WARNING, reason)
    assert vars(line)["status"] == 503
    monkeypatch.undo()
    (line,) = log_records(caplog, client.get("/v1/nothing").headers["X-Request-Id"])
    assert (vars(line)["status"], hasattr(line, "reason")) == (404, False)


def _raise(error: Exception) -> Callable[..., None]:
    def fail(*_arguments: object) -> None:
        raise error

    return fail


def _key(settings: Settings) -> str:
    registry = open_registry(settings)
    _, token = registry.keys.create_key(organization="default", name="x")
    registry.close()
    return token


@contextmanager
def _dagster() -> Iterator[tuple[str, dict[str, str]]]:
    """A webserver that answers as Dagster's does, in the mode that the test sets; the real one is in tests/e2e."""
    state = {"mode": "well"}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["query"]
            if state["mode"] == "dropping":
                self.close_connection = True
                return
            content = json.dumps({"data": _answer(query, state["mode"])}).encode()
            self.send_response(500 if state["mode"] == "failing" else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002, ARG002 - the parent's signature
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", state
    server.shutdown()
    thread.join()
    server.server_close()


def _answer(query: str, mode: str) -> dict[str, Any]:
    if "workspaceOrError" in query:
        good = {
            "__typename": "RepositoryLocation",
            "repositories": [{"name": "r", "jobs": [{"name": "make_report"}]}],
        }
        bad = {"__typename": "PythonError", "message": "SyntaxError in definitions.py"}
        loaded = bad if mode == "broken" else good
        entry = {"name": "pipelines", "loadStatus": "LOADED", "locationOrLoadError": loaded}
        return {"workspaceOrError": {"__typename": "Workspace", "locationEntries": [entry]}}
    if "addDynamicPartition" in query:
        return {"addDynamicPartition": {"__typename": "AddDynamicPartitionSuccess"}}
    if "launchRun" in query:
        refused = {"__typename": "PythonError", "message": "the run coordinator is stopped"}
        started = {"__typename": "LaunchRunSuccess", "run": {"runId": "run-1"}}
        return {"launchRun": refused if mode == "refusing" else started}
    if "runsOrError" in query:
        return {"runsOrError": {"__typename": "Runs", "results": [{"runId": "run-1", "status": "STARTED", "tags": []}]}}
    if "sensorsOrError" in query:
        return {"sensorsOrError": {"__typename": "Sensors", "results": []}}
    return {"instance": {"daemonHealth": {"allDaemonStatuses": []}}}
