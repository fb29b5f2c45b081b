"""Small files become fewer ones: every snapshot keeps its rows, also when the process is killed meanwhile."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.storage.lake.maintenance import RemovedFromLake, clean_lake
from tests.support.backends import Backend, lake_files
from tests.support.samples.lake import finding, import_findings

PROJECT = Path(__file__).parents[3]
DAYS: Final = (date(2026, 11, 20), date(2026, 11, 21))
TABLES: Final = ("raw.imports", "core.findings", "core.finding_state", "core.check_texts", "marts.check_tallies")
IMPORTS: Final = 2


def make_lake(settings: Settings) -> list[str]:
    """Two files with a check of their own for each of two days, built at the end; the snapshot after each file."""
    snapshots = []
    with open_lake(settings) as lake:
        for number in range(IMPORTS):
            for day in DAYS:
                found = [finding(day, check=f"c{number}", resource=f"r{number}-{part}") for part in range(2)]
                import_findings(lake, found)
                snapshots.append(lake.snapshot())
        lake.state.rebuild_state(DAYS)
        lake.forget_statistics()
        return [*snapshots[1:3], lake.snapshot()]


def clean(settings: Settings, *, pinned: list[str] | None = None, is_dry_run: bool = False) -> RemovedFromLake:
    """Files that were unused before the call are deleted; all snapshots are kept unless some are pinned."""
    now = datetime.now(UTC)
    before = now if pinned is not None else now - timedelta(days=1)
    return clean_lake(settings, pinned=pinned or (), expire_before=before, settled_before=now, is_dry_run=is_dry_run)


def rows(lake: Lake) -> list[str]:
    """All rows of some tables."""
    with lake.session.cursor() as cursor:
        return [repr(cursor.execute(f"FROM lake.{table} ORDER BY ALL").fetchall()) for table in TABLES]


def rows_at(settings: Settings, snapshots: list[str]) -> dict[str, list[str]]:
    """All rows of some tables at each snapshot."""
    found = {}
    for snapshot in snapshots:
        with open_lake(settings, snapshot=snapshot) as lake:
            found[snapshot] = rows(lake)
    return found


def test_every_snapshot_keeps_its_rows(backend: Backend, tmp_path: Path) -> None:
    """Four files of findings become one a day. Their former files go later, and a reader that was there reads on.

    After other snapshots have gone, those that are kept have their rows, and a new import adds to them.
    """
    settings = backend.settings(tmp_path / "home")
    snapshots = make_lake(settings)
    before, files = rows_at(settings, snapshots), lake_files(settings)
    would = clean(settings, is_dry_run=True)
    assert lake_files(settings) == files
    with open_lake(settings, snapshot=snapshots[-1]) as reader:
        merged = clean(settings)
        assert merged.merged_files == would.merged_files >= IMPORTS * len(DAYS)
        assert rows(reader) == before[snapshots[-1]]
    assert clean(settings).expired_files == merged.merged_files
    assert rows_at(settings, snapshots) == before
    assert len(lake_files(settings)) < len(files)
    kept = {number: before[number] for number in snapshots[1:]}
    found = clean(settings, pinned=list(kept))
    assert found.snapshots > found.merged_files == 0
    with open_lake(settings) as lake:
        assert rows(lake) == before[snapshots[-1]]
        lake.state.rebuild_state(import_findings(lake, [finding(DAYS[0], resource="new")]))
        assert lake.reconciliation.load_reconciliation(DAYS)["is_reconciled"].all()
    clean(settings, pinned=list(kept))
    assert rows_at(settings, list(kept)) == kept


KILLED: Final = """
import time
from policycortex.settings import Settings
from policycortex.storage.lake import compaction
from policycortex.storage.lake.lake import open_lake
merge = compaction._merge
def stop(cursor):
    merge(cursor)
    print("merged", flush=True)
    time.sleep(300)
compaction._merge = stop
with open_lake(Settings.from_environment()) as lake:
    compaction.merge_small_files(lake.session, is_dry_run=False)
"""


def test_a_kill_before_the_commit_loses_nothing(backend: Backend, tmp_path: Path) -> None:
    """All rows are there as before, the new files are removed, and the next call merges."""
    settings = backend.settings(tmp_path / "home")
    snapshots = make_lake(settings)
    before, files = rows_at(settings, snapshots), lake_files(settings)
    environment = os.environ | backend.environment(settings)
    command = [sys.executable, "-W", "ignore", "-c", KILLED]
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "merged\n"
        process.kill()
    assert len(lake_files(settings)) > len(files)
    assert rows_at(settings, snapshots) == before
    found = clean(settings)
    assert found.orphaned_files > 0
    assert found.merged_files > 0
    assert rows_at(settings, snapshots) == before
