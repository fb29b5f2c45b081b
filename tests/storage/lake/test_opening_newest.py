"""The lake at its newest snapshot: created or upgraded first, and the same rows for all reads."""

from pathlib import Path

import duckdb
import pytest

from policycortex.errors import ConfigurationError
from policycortex.settings import Settings
from policycortex.storage.lake import lake as lake_module
from policycortex.storage.lake import schema as lake_schema
from policycortex.storage.lake.catalog import SCHEMA_VERSION
from policycortex.storage.lake.lake import Lake, open_lake, open_newest_lake
from tests.support.samples.lake_files import seen, take


def _count(lake: Lake) -> int:
    with lake.session.cursor() as cursor:
        rows = cursor.execute("SELECT count(*) FROM lake.core.findings").fetchall()
    return int(rows[0][0])


def test_it_has_all_that_was_committed_and_nothing_later(lake_settings: Settings) -> None:
    """On both backends; what is committed while it is open is not in it, and is in the next one."""
    with open_lake(lake_settings) as writing:
        take(writing, "first", [seen(2, resource="a")])
        with open_newest_lake(lake_settings) as reading:
            before = reading.snapshot()
            take(writing, "second", [seen(3, resource="b")])
            assert (_count(reading), reading.snapshot()) == (1, before)
        with open_newest_lake(lake_settings) as reading:
            assert _count(reading) == 2
            assert reading.snapshot() == writing.snapshot()


def test_nothing_can_be_written_to_it(lake_settings: Settings) -> None:
    """Its rows are those of a snapshot, and its catalog may be a copy."""
    with open_newest_lake(lake_settings) as lake, lake.session.cursor() as cursor, pytest.raises(duckdb.Error):
        cursor.execute("DELETE FROM lake.core.findings")


def test_a_missing_lake_is_created(lake_settings: Settings) -> None:
    """As by ``open_lake``."""
    with open_newest_lake(lake_settings) as lake:
        assert lake_schema.found_version(lake.session) == SCHEMA_VERSION
        assert _count(lake) == 0


@pytest.mark.parametrize("change", [-1, 1])
def test_tables_of_another_version_are_upgraded_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: int
) -> None:
    """A program that knows one version less refuses the lake; one that knows one more upgrades it first."""
    settings = Settings(home=tmp_path)
    with open_lake(settings) as lake:
        take(lake, "first", [seen(2)])
    for module in (lake_module, lake_schema):
        monkeypatch.setattr(module, "SCHEMA_VERSION", SCHEMA_VERSION + change)
    if change < 0:
        with pytest.raises(ConfigurationError, match="install the newer program"), open_newest_lake(settings):
            pass
    else:
        with open_newest_lake(settings) as lake:
            assert lake_schema.found_version(lake.session) == SCHEMA_VERSION + change
