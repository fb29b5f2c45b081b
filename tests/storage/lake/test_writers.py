"""Several processes use one lake: writers in turn, readers without waiting; each may be killed at any time."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic

import duckdb
import pytest

from policycortex.errors import ConfigurationError, PolicyCortexError, StoreBusyError
from policycortex.settings import Settings
from policycortex.storage.lake import lake as lake_module
from policycortex.storage.lake.attach import NoLakeError, connect_lake, create_lake
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.lake.lock import writer_lock
from tests.support.backends import Backend
from tests.support.samples.lake_files import NOVEMBER, ORGANIZATION, counts, seen, take

PROJECT = Path(__file__).parents[3]

KILLED_WHILE_PARSING = """
def parse(stream):
    for n in range(9_000):
        yield seen(2, resource=f"r{n}")
    wait_for_kill()
with open_lake(settings) as lake:
    source = FileOfBytes("big", b"big")
    lake.imports.import_source(source, parse, format_name="ocsf", organization="acme", imported_at=IMPORTED_AT)
"""

KILLED_BEFORE_COMMIT = """
from policycortex.storage.lake import imports as lake_imports
insert = lake_imports.run
def run(cursor, name, parameters):
    if name == "import_receipt":
        wait_for_kill()
    return insert(cursor, name, parameters)
lake_imports.run = run
with open_lake(settings) as lake:
    take(lake, "big", [seen(2, resource=f"r{n}") for n in range(9_000)])
"""

KILLED_WHILE_REBUILDING = """
from policycortex.storage.lake import partition_spans
insert = partition_spans.run
def run(cursor, name, parameters):
    if name == "tallies_insert":
        wait_for_kill()
    return insert(cursor, name, parameters)
with open_lake(settings) as lake:
    take(lake, "before", [seen(2)])
    partition_spans.run = run
    take(lake, "big", [seen(2, resource=f"r{n}") for n in range(100)])
"""

WRITES_THREE_FILES = """
with open_lake(settings) as lake:
    for n in range(3):
        take(lake, f"{name}-{n}", [seen(2 + n, f"{name}-{n}", resource=f"r{k}") for k in range(20)])
"""

HOLDS_THE_CATALOG = """
import sqlite3
connection = sqlite3.connect(settings.home / "lake" / "catalog.sqlite", isolation_level=None)
connection.execute("PRAGMA locking_mode = EXCLUSIVE")
connection.execute("BEGIN EXCLUSIVE")
connection.execute("CREATE TABLE mine (a)")
wait_for_kill()
"""


def start(settings: Settings, code: str, name: str = "x") -> subprocess.Popen[str]:
    """A process that runs ``code`` at this home."""
    prelude = f"""
import sys, time
from pathlib import Path
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from tests.support.samples.lake_files import IMPORTED_AT, FileOfBytes, seen, take
name = {name!r}
settings = Settings(home=Path({str(settings.home)!r}), database_url={settings.database_url!r},
    lake_url={settings.lake_url!r}, lock_timeout_seconds=60)
def wait_for_kill():
    print("there", flush=True)
    time.sleep(120)
"""
    return subprocess.Popen([sys.executable, "-c", prelude + code], cwd=PROJECT, stdout=subprocess.PIPE, text=True)


@contextmanager
def stopped_process(settings: Settings, code: str) -> Iterator[None]:
    """A process that has reached ``wait_for_kill``; it is killed at the end."""
    process = start(settings, code)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "there\n"
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("code", [KILLED_WHILE_PARSING, KILLED_BEFORE_COMMIT])
def test_an_import_killed_at_any_point_leaves_nothing_and_the_next_one_works(
    lake_settings: Settings, code: str
) -> None:
    """Before its commit nothing is visible; then the same file is imported, and its scratch folder is removed."""
    with stopped_process(lake_settings, code), open_lake(lake_settings) as lake:
        assert lake.period_end.load_observed_dates(ORGANIZATION, NOVEMBER) == ()
    with open_lake(lake_settings) as lake:
        assert lake.reconciliation.load_import_totals().is_empty()
        assert take(lake, "big", [seen(2, resource=f"r{n}") for n in range(9_000)]).is_new
        assert counts(lake) == {"c1": (0, 9_000, 0, 0)}
    assert list((lake_settings.home / "lake" / "scratch").glob("import-*")) == []


def test_a_rebuild_killed_in_the_middle_leaves_the_day_as_it_was(lake_settings: Settings) -> None:
    """State, coverage and tallies of a day change together: readers see the old ones, and the day is stale."""
    with stopped_process(lake_settings, KILLED_WHILE_REBUILDING), open_lake(lake_settings) as lake:
        assert counts(lake) == {"c1": (0, 1, 0, 0)}
    with open_lake(lake_settings) as lake:
        days = lake.state.load_stale_days(NOVEMBER.first_date, NOVEMBER.last_date)
        assert [day.day for day in days] == [2]
        lake.state.rebuild_state(days)
        assert counts(lake) == {"c1": (0, 100, 0, 0)}
        assert lake.reconciliation.load_reconciliation(days)["is_reconciled"].all()


def test_processes_that_write_at_once_all_succeed(backend: Backend, tmp_path: Path) -> None:
    """Three writers on a new home, with three files each: every file is imported once."""
    settings = replace(backend, empty_home=None).settings(tmp_path / "home")
    writers = [start(settings, WRITES_THREE_FILES, name) for name in ("a", "b", "c")]
    for writer in writers:
        writer.communicate(timeout=240)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    with open_lake(settings) as lake:
        assert counts(lake) == {f"{name}-{n}": (0, 20, 0, 0) for name in "abc" for n in range(3)}


def test_a_writer_gives_up_in_time_and_readers_do_not_wait(lake_settings: Settings) -> None:
    """Readers work during a write; another writer fails after its timeout of a second with the home's name."""
    with open_lake(lake_settings) as lake:
        take(lake, "a", [seen(2)])
        with writer_lock(lake_settings):
            with open_lake(lake_settings) as reader:
                assert counts(reader) == {"c1": (0, 1, 0, 0)}
            with pytest.raises(StoreBusyError, match="another program has been writing to the"):
                take(lake, "b", [seen(3)])
        assert take(lake, "b", [seen(3)]).is_new


def test_a_catalog_that_another_program_holds_is_busy_not_a_hang(home_settings: Settings) -> None:
    """Opening fails within a few timeouts."""
    with open_lake(home_settings):
        pass
    with stopped_process(home_settings, HOLDS_THE_CATALOG):
        began = monotonic()
        with pytest.raises(StoreBusyError, match="is locked by another program"), open_lake(home_settings):
            pass
        assert monotonic() - began < 60
    with open_lake(home_settings) as lake:
        assert take(lake, "a", [seen(2)]).is_new


def spoil_as_file(home: Path) -> None:
    home.write_text("not a folder")


def spoil_catalog(home: Path) -> None:
    (home / "lake").mkdir(parents=True)
    (home / "lake" / "catalog.sqlite").write_bytes(b"not a database" * 1000)


def spoil_version(home: Path) -> None:
    with open_lake(Settings(home=home)) as lake, lake.session.cursor() as cursor:
        cursor.execute("INSERT INTO lake.core.schema_version VALUES (99, now())")


@pytest.mark.parametrize("spoil", [spoil_as_file, spoil_catalog, spoil_version])
def test_a_home_that_cannot_be_used_is_named_with_what_to_mend(
    home_settings: Settings, spoil: Callable[[Path], None]
) -> None:
    """A file in its place, a damaged catalog, a catalog of a newer program: one sentence without a traceback."""
    spoil(home_settings.home)
    with pytest.raises(ConfigurationError, match=str(home_settings.home)), open_lake(home_settings):
        pass


def test_a_snapshot_that_is_no_number_or_not_there_is_refused(lake_settings: Settings) -> None:
    """A report of a removed snapshot must fail, not read today's rows."""
    with open_lake(lake_settings):
        pass
    for snapshot in ("latest", "99999"):
        with pytest.raises(PolicyCortexError, match=r"snapshot|99999"), open_lake(lake_settings, snapshot=snapshot):
            pass


def test_a_lake_that_another_process_made_meanwhile_is_opened(
    home_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One finds no lake and waits for the lock; the other makes it and writes to it. That is no lost lake."""
    has_found_none = threading.Event()

    def connect(settings: Settings, *, snapshot: str | None = None) -> duckdb.DuckDBPyConnection:
        try:
            return connect_lake(settings, snapshot=snapshot)
        except NoLakeError:
            has_found_none.set()
            raise

    def open_once() -> str:
        with open_lake(home_settings) as lake:
            return lake.snapshot()

    monkeypatch.setattr(lake_module, "connect_lake", connect)
    with ThreadPoolExecutor(1) as pool:
        with writer_lock(home_settings):
            opened = pool.submit(open_once)
            assert has_found_none.wait(60)
            create_lake(home_settings)
            data = home_settings.home / "lake" / "data"
            data.mkdir(parents=True, exist_ok=True)
            (data / "of-the-other.parquet").touch()
        assert opened.result(60)
