"""The lake that all reads of a process share: no read sees older data than what was committed before it began."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from policycortex.errors import UnavailableError
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.storage.lake.maintenance import clean_lake
from policycortex.storage.lake.shared_lake import SharedLake
from policycortex.storage.lake.snapshots import load_kept_snapshots
from tests.support.samples.lake_files import seen, take

READERS, IMPORTS = 2, 4
DAY = date(2026, 11, 2)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A lake in a folder that has one finding."""
    found = Settings(home=tmp_path / "home")
    _import(found, "first")
    return found


@pytest.fixture
def shared(settings: Settings) -> Iterator[SharedLake]:
    """Of this lake."""
    opened = SharedLake(settings)
    yield opened
    opened.close()


def _import(settings: Settings, name: str) -> None:
    with open_lake(settings) as lake:
        take(lake, name, [seen(2, resource=name)])


def _count(lake: Lake) -> int:
    with lake.session.cursor() as cursor:
        rows = cursor.execute("SELECT count(*) FROM lake.core.findings").fetchall()
    return int(rows[0][0])


def _read(shared: SharedLake) -> int:
    with shared.read() as lake:
        return _count(lake)


def test_each_read_has_the_newest_data_on_both_backends(lake_settings: Settings) -> None:
    """Reads use one lake until others commit; the next one has the rows, and a read in progress keeps its own."""
    _import(lake_settings, "first")
    with closing(SharedLake(lake_settings)) as shared:
        with shared.read() as first, shared.read() as second:
            assert first is second
            before = first.snapshot()
            _import(lake_settings, "second")
            with shared.read() as third:
                assert third is not first
                assert _count(third) == 2
            assert (_count(first), first.snapshot()) == (1, before)
        with shared.read(before) as earlier:
            assert _count(earlier) == 1
        with open_lake(lake_settings) as writer:
            assert writer.state.rebuild_state([DAY])
        with shared.read() as fourth:
            assert fourth.state.load_stale_days(DAY, DAY) == ()
        with ExitStack() as many:
            assert {id(many.enter_context(shared.read())) for _ in range(5)} == {id(fourth)}
        with shared.read() as fifth:  # Postgres has the connections of the five reads back
            assert (fifth is fourth) == (lake_settings.database_url is None)


def test_each_thread_sees_what_was_committed_before_it_read(shared: SharedLake, settings: Settings) -> None:
    """Threads read while another one imports; none sees fewer findings than had been committed before it began."""
    done, committed = threading.Event(), [1]

    def read() -> int:
        reads = 0
        while not done.is_set():
            least = committed[0]
            assert _read(shared) >= least
            reads += 1
        return reads

    with ThreadPoolExecutor(READERS) as pool:
        found = [pool.submit(read) for _ in range(READERS)]
        try:
            for number in range(IMPORTS):
                _import(settings, f"file {number}")
                committed[0] += 1
        finally:
            done.set()
        assert all(each.result() > 0 for each in found)
    assert _read(shared) == 1 + IMPORTS


def test_removed_snapshots_are_not_offered(shared: SharedLake, settings: Settings) -> None:
    """The removal makes no new snapshot, and the next read knows of it."""
    with shared.read() as lake:
        before = len(load_kept_snapshots(lake.session))
    later = datetime.now(UTC) + timedelta(minutes=1)
    clean_lake(settings, pinned=(), expire_before=later, settled_before=later, is_dry_run=False)
    with shared.read() as lake:
        assert len(load_kept_snapshots(lake.session)) < before
        assert _count(lake) == 1


def test_after_a_failure_the_lake_is_opened_again(shared: SharedLake) -> None:
    """As when the connection to Postgres was lost; a read that refuses its caller closes nothing."""
    with pytest.raises(UnavailableError), shared.read() as failed:
        raise UnavailableError("the connection was lost")
    with shared.read() as lake:
        assert lake is not failed
        assert _count(lake) == 1
    with pytest.raises(LookupError), shared.read() as lake:
        raise LookupError("no such requirement")
    with shared.read() as again:
        assert again is lake


def test_a_restored_catalog_is_read(tmp_path: Path) -> None:
    """A backup that takes the place of the lake is read next, also where it has as many snapshots."""
    homes = [Settings(home=tmp_path / "first"), Settings(home=tmp_path / "other")]
    for number, settings in enumerate(homes):
        with open_lake(settings) as lake:
            take(lake, "file", [seen(2, resource=f"r{each}") for each in range(1 + number)])
    with closing(SharedLake(homes[0])) as shared:
        assert _read(shared) == 1
        shutil.rmtree(homes[0].home / "lake")
        shutil.copytree(homes[1].home / "lake", homes[0].home / "lake")
        assert _read(shared) == 2


def test_without_a_lake_none_is_made(home_settings: Settings) -> None:
    """A preview reads nothing and leaves nothing; a first import is seen."""
    with closing(SharedLake(home_settings)) as shared:
        with shared.read_if_any() as lake:
            assert lake is None
        assert not (home_settings.home / "lake" / "catalog.sqlite").exists()
        _import(home_settings, "first")
        assert _read(shared) == 1


def test_the_catalog_file_is_open_during_a_check_only(shared: SharedLake, settings: Settings) -> None:
    """Another open or copy of the file in this process would release the locks of an open one."""
    with shared.read() as lake:
        assert _count(lake) == 1
        held = [path.readlink() for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    assert [path for path in held if path.is_relative_to(settings.home)] == []
