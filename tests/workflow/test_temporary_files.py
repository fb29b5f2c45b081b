"""What libraries write as temporary files is gone with the report, and with the preparation of a run host."""

import gc
import os
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from policycortex.names import ReportFormat
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from tests.workflow.test_reports_made_again import FIRST, SCAN, Home, body
from tests.workflow.test_story_of_a_year import OPEN, scan

_PREPARED = """
import os
from pipelines.platform.run_host import preload
preload("pipelines.definitions")
os._exit(0)
"""


def test_a_run_host_leaves_nothing_in_the_temporary_folder(tmp_path: Path) -> None:
    """Its objects are never collected. Each start left 6 MB of fonts."""
    system, home = tmp_path / "system", tmp_path / "home"
    system.mkdir()
    environment = os.environ | {"TMPDIR": str(system), "POLICYCORTEX_HOME": str(home)}
    subprocess.run([sys.executable, "-c", _PREPARED], env=environment, check=True, timeout=120)
    assert list(system.iterdir()) == []
    assert list((home / "tmp").iterdir()) == []


def test_a_report_leaves_nothing_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No object is collected before the process ends, as in a worker that ends at once."""
    system = tmp_path / "system"
    system.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(system))
    settings = Settings(home=tmp_path / "home")
    gc.disable()
    try:
        with closing(open_registry(settings)) as registry:
            home = Home(settings=settings, registry=registry)
            home.upload("1", {OPEN: ["R1"]})
            home.ingest(scan(tmp_path / "first.json", SCAN, FIRST))
            formats = list(ReportFormat)
            made = home.make(body(format_options={"formats": formats}))
    finally:
        gc.enable()
    assert made.status == "completed"
    assert tempfile.gettempdir() == str(system)
    assert list(system.iterdir()) == []
    assert list((settings.home / "tmp").iterdir()) == []
