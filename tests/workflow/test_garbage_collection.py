"""Unreferenced files are removed, referenced ones stay: in a folder, and with Postgres and S3."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from policycortex.errors import ConfigurationError
from policycortex.names import ReportFormat, ReportType
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.registry import AccessRow, Failure, NewArtifact, Registry, open_registry
from policycortex.workflow.garbage_collection import Garbage, collect_garbage
from tests.support.backends import Backend, artifact_keys, lake_files
from tests.support.samples.lake import finding, import_findings

DAY = date(2026, 11, 20)
PROJECT = Path(__file__).parents[2]


@pytest.fixture
def settings(backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation with its own temporary folder: the machine's may have other files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return backend.settings(tmp_path / "home")


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    """Its registry."""
    with closing(open_registry(settings)) as opened:
        yield opened


def collect(settings: Settings, *, keep: float = 0, is_dry_run: bool = False) -> Garbage:
    """Collect garbage a moment from now, without grace."""
    later = datetime.now(UTC) + timedelta(minutes=1)
    return collect_garbage(settings, now=later, keep=timedelta(days=keep), grace=timedelta(0), is_dry_run=is_dry_run)


def order(registry: Registry) -> str:
    """A report's id."""
    return registry.reports.create_report(
        organization="default", name="n", type=ReportType.AUDIT, framework="soc2", description="", order={}
    ).id


def store(settings: Settings, report_id: str, content: bytes) -> NewArtifact:
    """A stored file."""
    source = settings.home / "source"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(content)
    stored = open_artifacts(settings).put_artifact(report_id, ReportFormat.PDF, source)
    return NewArtifact(format=ReportFormat.PDF, key=stored.key, size_bytes=stored.size_bytes, sha256=stored.sha256)


def complete(registry: Registry, report_id: str, artifact: NewArtifact, snapshot: str) -> None:
    """The last step of its run."""
    registry.reports.mark_running(report_id, "run")
    registry.reports.complete_report(report_id, artifacts=[artifact], summary={}, content={}, snapshot=snapshot)


def rebuild(lake: Lake, number: int) -> str:
    """One more file of the day, and its state anew; the snapshot after it."""
    lake.state.rebuild_state(import_findings(lake, [finding(DAY, resource=f"r{number}")]))
    return lake.snapshot()


def findings_at(settings: Settings, snapshot: str | None = None) -> int:
    """The number of findings in the day's state."""
    with open_lake(settings, snapshot=snapshot) as lake, lake.session.cursor() as cursor:
        row = cursor.execute("SELECT count(*) FROM lake.core.finding_state").fetchone()
    assert row is not None
    return int(row[0])


def test_only_files_that_no_report_names_go(settings: Settings, registry: Registry) -> None:
    """A completed report keeps its files and loses its first attempt's; an open one keeps all, a failed one none."""
    done, open_one, failed = (order(registry) for _ in range(3))
    store(settings, done, b"first attempt")
    named = store(settings, done, b"second attempt")
    complete(registry, done, named, "1")
    store(settings, open_one, b"not named yet")
    store(settings, failed, b"never named")
    registry.reports.fail_report(failed, Failure(code="RPT_500", message="killed"))
    store(settings, "rpt_nobody_knows", b"of no report")
    assert collect(settings, is_dry_run=True).artifact_files == 3
    found = collect(settings)
    assert (found.artifact_files, found.artifact_bytes) == (3, len(b"first attemptnever namedof no report"))
    assert artifact_keys(settings, done) == [named.key]
    assert len(artifact_keys(settings, open_one)) == 1
    assert artifact_keys(settings, failed) == artifact_keys(settings, "rpt_nobody_knows") == []
    assert collect(settings).artifact_files == 0


def test_young_files_are_left_alone(settings: Settings, registry: Registry) -> None:
    """Within the grace period nothing is removed."""
    store(settings, "rpt_nobody_knows", b"young")
    assert collect_garbage(settings, now=datetime.now(UTC)).artifact_files == 0
    registry.ping()


def test_snapshots_that_reports_name_stay_readable(settings: Settings, registry: Registry) -> None:
    """Of four states of a day those of reports and the newest stay; the files of the others are removed."""
    with open_lake(settings) as lake:
        snapshots = [rebuild(lake, number) for number in range(4)]
    before = lake_files(settings)
    named = order(registry)
    complete(registry, named, store(settings, named, b"x"), snapshots[1])
    assert collect(settings, keep=1).snapshots == 0
    assert collect(settings, is_dry_run=True).snapshots == collect(settings).snapshots > 0
    assert [findings_at(settings, snapshots[1]), findings_at(settings)] == [2, 4]
    with pytest.raises(ConfigurationError, match="snapshot"):
        findings_at(settings, snapshots[0])
    assert len(lake_files(settings)) < len(before)
    registry.reports.delete_report("default", named)
    collect(settings)
    with pytest.raises(ConfigurationError, match="snapshot"):
        findings_at(settings, snapshots[1])
    with open_lake(settings) as lake:
        assert lake.reconciliation.load_reconciliation([DAY])["is_reconciled"].all()
        assert rebuild(lake, 9)
    assert findings_at(settings) == 5


KILLED_BEFORE_COMMIT = """
import os, sys, time
from datetime import date
from pathlib import Path
from policycortex.settings import Settings
from policycortex.storage.lake import imports as lake_imports
from policycortex.storage.lake.lake import open_lake
from tests.support.samples.lake import finding, import_findings
insert = lake_imports.run
def run(cursor, name, parameters):
    if name == "import_receipt":
        print("there", flush=True)
        time.sleep(300)
    return insert(cursor, name, parameters)
lake_imports.run = run
with open_lake(Settings.from_environment()) as lake:
    import_findings(lake, [finding(date(2026, 11, 21))])
"""


def test_files_of_a_killed_writer_go(backend: Backend, settings: Settings) -> None:
    """Parquet and scratch files of a writer that was killed before its commit are removed."""
    with open_lake(settings) as lake:
        rebuild(lake, 1)
    before = lake_files(settings)
    environment = os.environ | backend.environment(settings)
    command = [sys.executable, "-W", "ignore", "-c", KILLED_BEFORE_COMMIT]
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        process.kill()
    assert len(lake_files(settings)) > len(before)
    assert list((settings.home / "lake" / "scratch").glob("import-*"))
    found = collect(settings)
    assert found.lake_files > 0
    assert found.scratch > 0
    assert lake_files(settings) == before
    assert not list((settings.home / "lake" / "scratch").glob("import-*"))
    assert findings_at(settings) == 1


def test_folders_of_killed_reports_go(settings: Settings, tmp_path: Path) -> None:
    """The folder of a killed report run is removed; a folder with another name stays."""
    spool = tmp_path / "policycortex-abc123"
    spool.mkdir()
    (spool / "findings.parquet").write_bytes(b"x")
    other = tmp_path / "someone-elses"
    other.mkdir()
    assert collect(settings).scratch == 1
    assert (spool.exists(), other.exists()) == (False, True)


def test_temporary_files_of_killed_connections_go(settings: Settings) -> None:
    """Their folder is as old as its newest file, which a running connection may still write to."""
    scratch, now = settings.home / "lake" / "scratch", datetime.now(UTC)
    old, used = scratch / "spill-killed", scratch / "spill-running"
    for folder in (old, used):
        folder.mkdir(parents=True)
        (folder / "duckdb_temp_storage_S64K-0.tmp").write_bytes(b"x")
        for path in (*folder.iterdir(), folder):
            os.utime(path, (0, 0))
    (used / "duckdb_temp_storage_S96K-0.tmp").write_bytes(b"x")
    os.utime(used, (0, 0))
    assert collect_garbage(settings, now=now, grace=timedelta(hours=1)).scratch == 1
    assert (old.exists(), used.exists()) == (False, True)


def test_old_rows_of_the_access_log_are_removed(settings: Settings, registry: Registry) -> None:
    """With a retention of the audit log only; younger ones stay."""
    report_id = order(registry)
    times = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
    rows = [
        AccessRow(report_id=report_id, at=at, action="downloaded", actor="key_1", address=None, request_id=None)
        for at in times
    ]
    registry.access_log.log_access(*rows)
    now = datetime(2026, 11, 20, tzinfo=UTC)
    assert collect_garbage(settings, now=now).access_rows == 0
    kept = settings.model_copy(update={"trail_retention_days": 90})
    assert collect_garbage(kept, now=now, is_dry_run=True).access_rows == 1
    assert collect_garbage(kept, now=now).access_rows == 1
    left, _ = registry.access_log.list_access(report_id, limit=10, offset=0)
    assert times[1] in {row.at for row in left}
    assert times[0] not in {row.at for row in left}


def test_the_setting_says_how_long_records_stay(settings: Settings, registry: Registry) -> None:
    """A link that ended 40 days ago stays with 60 days, and goes with 30."""
    now = datetime(2026, 11, 20, tzinfo=UTC)
    registry.links.create_link(
        organization="default",
        report_id=order(registry),
        format=ReportFormat.PDF,
        expires_at=now - timedelta(days=40),
        is_one_time=False,
        created_by=None,
    )
    longer, shorter = (settings.model_copy(update={"record_history_days": days}) for days in (60, 30))
    assert collect_garbage(longer, now=now).record_rows == 0
    assert collect_garbage(shorter, now=now, is_dry_run=True).record_rows == 1
    assert collect_garbage(shorter, now=now).record_rows == 1
    assert collect_garbage(shorter, now=now).record_rows == 0
