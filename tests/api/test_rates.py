"""Rate limits: counted in the process, or in a Redis that several processes share; a Redis away holds nobody up."""

import logging
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
import redis

from api.app import create_app
from api.platform.rates import RateLimiter
from policycortex.errors import ConfigurationError
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from tests.support.api_server import FakeRunLauncher, serve
from tests.support.installation import free_port


def test_two_processes_count_together_and_redis_away_holds_nobody_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Three a minute over two applications: the fourth is 429. Without Redis requests pass, with a warning."""
    caplog.set_level(logging.WARNING, logger="policycortex")
    with ExitStack() as stack:
        with _redis(tmp_path) as url:
            settings = Settings(home=tmp_path, rate_limit="3/minute", rate_limit_url=url)
            registry = open_registry(settings)
            _, token = registry.keys.create_key(organization="default", name="x")
            registry.close()
            headers = {"Authorization": f"Bearer {token}"}
            servers = [serve(create_app(settings, launcher=FakeRunLauncher())) for _ in range(2)]
            urls = [next(server) for server in servers]
            for server in servers:
                stack.callback(next, server, None)
            answers = [
                httpx.get(f"{urls[turn % 2]}/v1/reports", headers=headers, trust_env=False, timeout=60)
                for turn in range(4)
            ]
            assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
            assert answers[3].headers["RateLimit-Remaining"] == "0"
        answer = httpx.get(f"{urls[0]}/v1/reports", headers=headers, trust_env=False, timeout=30)
        assert answer.status_code == 200
        assert "RateLimit" not in answer.headers
        assert "rate limits are not counted" in caplog.text


@pytest.mark.parametrize("url", ["nonsense://x", "redis://127.0.0.1:port"])
def test_an_address_that_cannot_be_used_is_reported_at_start(tmp_path: Path, url: str) -> None:
    """ConfigurationError names the setting."""
    with pytest.raises(ConfigurationError, match="POLICYCORTEX_RATE_LIMIT_URL"):
        RateLimiter(Settings(home=tmp_path, rate_limit_url=url))


@contextmanager
def _redis(home: Path) -> Iterator[str]:
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        with redis.Redis(port=port) as client:
            until = time.monotonic() + 60
            while not _answers(client):
                assert process.poll() is None, "redis-server ended"
                assert time.monotonic() < until, "redis-server does not answer"
                time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
