"""Requests that hold all of FastAPI's threads delay neither keys, lists and details nor the health check."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from api.app import create_app
from api.platform.runs import PartState
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from tests.support.api_server import NO_TLS, FakeRunLauncher, serve

SLOW_REQUESTS = 45
"""FastAPI has 40 threads."""


@dataclass
class SlowLauncher(FakeRunLauncher):
    """A Dagster that does not answer until the test releases it."""

    entered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    release: threading.Event = field(default_factory=threading.Event)

    def check(self) -> tuple[PartState, ...]:
        """Wait for the test."""
        self.entered.release()
        assert self.release.wait(120)
        return ()


def test_requests_that_hold_all_threads_delay_no_list(tmp_path: Path) -> None:
    """45 readiness checks wait for Dagster; another organisation's key, list and a missing report answer meanwhile."""
    settings, launcher = Settings(home=tmp_path), SlowLauncher()
    with closing(open_registry(settings)) as registry:
        _, token = registry.keys.create_key(organization="other", name="test")
    headers = {"Authorization": f"Bearer {token}"}
    for url in serve(create_app(settings, launcher=launcher)):
        with (
            httpx.Client(base_url=url, headers=headers, trust_env=False, verify=NO_TLS, timeout=60) as client,
            ThreadPoolExecutor(SLOW_REQUESTS) as senders,
        ):
            slow = [
                senders.submit(httpx.get, f"{url}/readyz", trust_env=False, timeout=120) for _ in range(SLOW_REQUESTS)
            ]
            for _ in range(40):
                assert launcher.entered.acquire(timeout=60)
            try:
                assert client.get("/healthz").status_code == 200
                assert client.get("/v1/reports").json()["pagination"]["total"] == 0
                assert client.get("/v1/reports/rpt_0000000000000000").status_code == 404
            finally:
                launcher.release.set()
            assert {each.result().status_code for each in slow} == {200}
