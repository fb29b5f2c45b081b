"""What all tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No timed asserts: a busy machine is no failure. What is in force already is kept: in CI, Hypothesis's fixed examples.
settings.register_profile("house", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real findings and frameworks beside the project; absent on a machine that has only the project."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI needs the shared test data at {folder}", pytrace=False)
        pytest.skip(f"no shared test data at {folder}")
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update-golden``; it stands here because options must be known before a folder's conftest is read."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")
