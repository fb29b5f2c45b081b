"""DuckDB's extensions: a changed file is never loaded, and no unsigned file can be loaded later."""

import hashlib
import shutil
import sys
from io import BufferedReader
from pathlib import Path

import duckdb
import polars as pl
import pytest

from policycortex.errors import ConfigurationError
from policycortex.settings import Settings
from policycortex.storage.lake import extensions as lake_extensions
from policycortex.storage.lake.extensions import connect_with_extensions
from policycortex.storage.lake.lake import open_lake

_NAMES = ("sqlite_scanner", "ducklake")


@pytest.fixture(autouse=True)
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a copy of ducklake's package and its record, found instead of the installed package."""
    found = lake_extensions._package_folder
    sound = found("ducklake")
    shutil.copytree(sound, tmp_path / sound.name)
    for record in sound.parent.glob("duckdb_extension_ducklake-*.dist-info"):
        shutil.copytree(record, tmp_path / record.name)
    copied = tmp_path / sound.name
    monkeypatch.setattr(lake_extensions, "_package_folder", lambda name: copied if name == "ducklake" else found(name))
    return tmp_path


def test_a_changed_extension_is_refused_even_beside_sound_ones(tmp_path: Path, packages: Path) -> None:
    """Unchanged files that this process has loaded before do not affect the check of another file."""
    changed = _change(packages)
    with pytest.raises(ConfigurationError, match="not the file that was installed"), open_lake(Settings(home=tmp_path)):
        pass
    assert changed not in lake_extensions._KNOWN_GOOD


def test_without_a_record_duckdb_checks_the_signature(packages: Path) -> None:
    """As after unpacking a package without an installer of wheels."""
    for record in packages.glob("*.dist-info/RECORD"):
        record.unlink()
    connect_with_extensions(_NAMES, {}).close()
    lake_extensions._KNOWN_GOOD.clear()
    _change(packages)
    with pytest.raises(ConfigurationError, match="signature"):
        connect_with_extensions(_NAMES, {})


def test_each_file_is_read_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening a lake again reads none of the 70 MB."""
    read: list[str] = []

    def counted(file: BufferedReader, name: str) -> "hashlib._Hash":
        read.append(name)
        return hashlib.file_digest(file, name)

    monkeypatch.setattr(lake_extensions, "file_digest", counted)
    for _ in range(3):
        connect_with_extensions(("ducklake",), {}).close()
    assert read == ["sha256"]


def test_an_unsigned_file_cannot_be_loaded_later(packages: Path) -> None:
    """The connection that skipped signatures checks them again."""
    connection = connect_with_extensions(_NAMES, {})
    changed = _change(packages).rename(packages / "other.duckdb_extension")
    with pytest.raises(duckdb.Error, match="signature"):
        connection.execute(f"LOAD '{changed}'")
    with pytest.raises(duckdb.Error, match="allow_unsigned_extensions"):
        connection.execute("SET allow_unsigned_extensions = true")


def _change(packages: Path) -> Path:
    """Flip one bit of the extension, in a new file: this process may have mapped the old one."""
    (path,) = packages.glob("duckdb_extension_ducklake/extensions/*/ducklake.duckdb_extension")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    path.write_bytes(content)
    return path


def test_a_missing_package_that_duckdb_tries_is_searched_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB tries to import pandas for each parameter; an installed or imported one stays as it is."""
    monkeypatch.setitem(sys.modules, "pandas", sys)  # the end of the test restores what was there
    del sys.modules["pandas"]
    monkeypatch.setattr(lake_extensions, "find_spec", lambda _: None)
    connect_with_extensions(_NAMES, {}).close()
    assert sys.modules["pandas"] is None
    sys.modules["pandas"] = sys
    connect_with_extensions(_NAMES, {}).close()
    assert sys.modules["pandas"] is sys
    del sys.modules["pandas"]
    monkeypatch.setattr(lake_extensions, "find_spec", lambda _: sys.__spec__)
    connect_with_extensions(_NAMES, {}).close()
    assert "pandas" not in sys.modules


def test_statements_do_not_call_python(tmp_path: Path) -> None:
    """An interrupt that arrives in such a call is lost, and a canceled run goes on; no variable is read as a table."""
    not_a_table = pl.DataFrame({"a": [1]})
    assert not_a_table.height
    with (
        open_lake(Settings(home=tmp_path)) as lake,
        lake.session.cursor() as cursor,
        pytest.raises(duckdb.CatalogException, match="not_a_table"),
    ):
        cursor.execute("FROM not_a_table")
