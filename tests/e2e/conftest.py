"""A served installation for the tests of a module: findings ingested, a key made by the command line, served."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from policycortex.findings.samples import write_samples
from policycortex.period import Period
from tests.support.installation import Server, run_program, start_server, stop_server


@pytest.fixture(scope="session")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one small scan per cloud on 15 January 2024, the documentation's month."""
    folder = tmp_path_factory.mktemp("findings")
    day = date(2024, 1, 15)
    write_samples(folder, period=Period.of_days(day, day), findings_per_scan=40, bad_records=2)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, findings: Path) -> Iterator[Server]:
    """The installation a module's tests share; whoever breaks a part of it on purpose starts an own one.

    Not the whole session's: an idle installation takes an eighth of a small machine from all tests that follow.
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
