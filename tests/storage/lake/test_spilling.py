"""DuckDB's temporary files: each connection has its own, whatever others of the same home do."""

from pathlib import Path

import duckdb
import pytest

from policycortex.settings import Settings
from policycortex.storage.lake.attach import connect_lake, create_lake, scratch_dir

_ROWS = 400_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An empty lake whose connections write to disk early."""
    found = Settings(home=tmp_path / "home", duckdb_memory_limit="20MB")
    scratch_dir(found).mkdir(parents=True)
    create_lake(found)
    return found


def _spill(connection: duckdb.DuckDBPyConnection, word: str) -> None:
    made = "CREATE TEMP TABLE kept AS SELECT i, hash(i) AS h, $word || hash(-i) AS s FROM range($rows) t(i)"
    connection.execute(made, {"word": word, "rows": _ROWS})


def _folders(settings: Settings) -> list[Path]:
    return [path for path in scratch_dir(settings).iterdir() if path.is_dir() and any(path.iterdir())]


def test_connections_of_one_home_spill_apart(settings: Settings) -> None:
    """Both write temporary files; each reads its own rows, also after the other one is closed, and none stay."""
    first, second = connect_lake(settings), connect_lake(settings)
    _spill(first, "first ")
    _spill(second, "second ")
    assert len(_folders(settings)) == 2
    second.close()
    assert len(_folders(settings)) == 1
    wrong = "SELECT count(*), count(*) FILTER (s <> 'first ' || hash(-i) OR h <> hash(i)) FROM kept"
    assert first.execute(wrong).fetchall() == [(_ROWS, 0)]
    first.execute("CREATE TEMP TABLE again AS FROM kept")
    first.close()
    assert list(scratch_dir(settings).iterdir()) == []
