"""Two years backfilled by the command line: the same again changes nothing, nor does a kill in the middle."""

import os
import signal
import subprocess
import time
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from policycortex.findings.samples import write_samples
from policycortex.names import ReportFormat
from policycortex.period import Period
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.registry import open_registry
from tests.support.installation import PROGRAM, run_program
from tests.support.stored_scores import stored_scores

pytestmark = [pytest.mark.storm, pytest.mark.timeout(3600)]

FRAMEWORKS: Final = ("soc2", "hipaa", "iso27001", "nist_csf")
FIRST, LAST = date(2024, 1, 1), date(2025, 12, 31)
BACKFILL: Final = (
    "backfill", "--start", str(FIRST), "--end", str(LAST), "--format", "csv", "--format", "json",
    *(word for framework in FRAMEWORKS for word in ("--framework", framework)),
)  # fmt: skip
_MADE_AT: Final = ("generated_at", "snapshot")


def filled(folder: Path, name: str) -> Path:
    """A home with a scan every two weeks, whose days are stored but not judged."""
    findings = folder / "findings"
    if not findings.exists():
        write_samples(
            findings, period=Period.of_days(FIRST, LAST), every_days=14, findings_per_scan=60, clouds=("aws",)
        )
    home = folder / name
    done = run_program("ingest", findings, home=home)
    assert done.returncode == 0, done.stderr
    return home


def contents(home: Path) -> dict[str, dict[str, bytes]]:
    """Every report's CSV, and its JSON less the lines that tell when and from which snapshot it was made; by id."""
    settings, found = Settings(home=home), {}
    registry, store = open_registry(settings), open_artifacts(settings)
    rows = registry.reports.list_reports("default", limit=1000).reports
    for row in (registry.reports.find_report(row.id) for row in rows):
        files = {}
        for artifact in row.artifacts:
            with store.open_artifact(artifact.key, sha256=artifact.sha256) as stored:
                lines = stored.read().splitlines()
            kept = lines if artifact.format is ReportFormat.CSV else [x for x in lines if not _tells_when(x)]
            files[artifact.format.value] = b"\n".join(kept)
        found[row.id] = files
    registry.close()
    return found


def scores(home: Path) -> dict[str, object]:
    """Every kept score of every day."""
    with open_lake(Settings(home=home)) as lake:
        return {name: stored_scores(lake, name) for name in FRAMEWORKS}


def _tells_when(line: bytes) -> bool:
    return any(f'"{word}"'.encode() in line for word in _MADE_AT)


def test_two_years_by_four_frameworks(tmp_path: Path) -> None:
    """96 reports; again: equal ids and bytes, reported as already there; killed three times and resumed: the same."""
    undisturbed = filled(tmp_path, "undisturbed")
    done = run_long(undisturbed)
    assert done.stdout.count("rpt_") == 96
    first, judged = contents(undisturbed), scores(undisturbed)
    assert len(first) == 96
    again = run_long(undisturbed)
    assert again.stdout.count("(exists)") == 96
    assert contents(undisturbed) == first
    assert scores(undisturbed) == judged

    killed = filled(tmp_path, "killed")
    for lines in (5, 40, 80):
        kill_after(killed, lines)
    run_long(killed)
    assert scores(killed) == judged
    assert contents(killed) == first


def run_long(home: Path) -> "subprocess.CompletedProcess[str]":
    """The whole backfill."""
    env = os.environ | {"POLICYCORTEX_HOME": str(home)}
    done = subprocess.run([PROGRAM, *BACKFILL], capture_output=True, text=True, check=False, env=env, timeout=3000)
    assert done.returncode == 0, done.stderr
    return done


def kill_after(home: Path, lines: int) -> None:
    """SIGKILL in the middle of the work after so many lines of progress."""
    env = os.environ | {"POLICYCORTEX_HOME": str(home)}
    with subprocess.Popen(
        [PROGRAM, *BACKFILL], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env
    ) as run:
        assert run.stdout is not None
        for number, _ in enumerate(run.stdout, start=1):
            if number == lines:
                time.sleep(0.3)  # somewhere within the next step
                run.send_signal(signal.SIGKILL)
                break
