"""The served installation of this folder: findings ingested, a key made by the command line, then ``serve``."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installation import Server, run_program, start_server, stop_server


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory, findings: Path) -> Iterator[Server]:
    """The installation that the tests of this folder share. A test that stops it starts one of its own.

    Not session scope: an idle installation takes an eighth of a small machine from the tests that follow.
    """
    home = tmp_path_factory.mktemp("home")
    ingested = run_program("ingest", findings, home=home)
    assert ingested.returncode == 0, ingested.stderr
    key = run_program("keys", "create", "--name", "tests", home=home)
    assert key.returncode == 0, key.stderr
    server = start_server(home)
    server.key = key.stdout.strip()
    yield server
    assert stop_server(server) == 0, server.output
