"""Findings that the tests of whole installations import."""

from datetime import date
from pathlib import Path

import pytest

from policycortex.findings.samples import write_samples
from policycortex.period import Period


@pytest.fixture(scope="session")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one small scan per cloud on 15 January 2024, the documentation's month."""
    folder = tmp_path_factory.mktemp("findings")
    day = date(2024, 1, 15)
    write_samples(folder, period=Period.of_days(day, day), findings_per_scan=40, bad_records=2)
    return folder
