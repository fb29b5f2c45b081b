"""The database held by another, the disk refusing: a clear 503, nothing lost, and well again by itself."""

import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.dagster_runs import DagsterRuns
from policycortex.errors import UnavailableError
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from tests.api.house import HandLauncher, serve


def test_a_held_database_is_503_and_then_well(
    tmp_path: Path, order: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another writer holds it, orders are 503 and reads go on; after it the same order is taken."""
    monkeypatch.setattr("api.services._PATIENCE_SECONDS", 0.1)
    settings, launcher = Settings(home=tmp_path), HandLauncher()
    registry = open_registry(settings)
    _, token = registry.create_key(organization="default", name="x")
    registry.close()
    holder = sqlite3.connect(tmp_path / "registry.sqlite", isolation_level=None)
    for url in serve(create_app(settings, launcher=launcher)):
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
            assert client.get("/v1/reports").status_code == 200
            holder.execute("BEGIN IMMEDIATE")
            answer = client.post("/v1/reports", json=order)
            assert (answer.status_code, answer.json()["error_code"]) == (503, "RPT_503")
            assert "Retry-After" in answer.headers
            assert client.get("/v1/reports").json()["pagination"]["total"] == 0
            holder.execute("ROLLBACK")
            assert client.post("/v1/reports", json=order).status_code == 202
            assert len(launcher.launched) == 1
    holder.close()


def test_a_webserver_that_is_away_is_told_plainly() -> None:
    """Nothing listens: not ready, and UnavailableError with the address, for every verb."""
    runs = DagsterRuns("http://127.0.0.1:9")
    (state,) = runs.check()
    assert (state.name, state.is_ok) == ("dagster", False)
    assert "http://127.0.0.1:9 does not answer" in state.detail
    with pytest.raises(UnavailableError):
        runs.cancel("run")
    runs.close()
