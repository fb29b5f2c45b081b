"""A full disk and damaged files: one clear line that names the file, and nothing half-written."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from policycortex.errors import ConfigurationError, IntegrityError
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.storage.registry import open_registry
from tests.support.backends import damage_lake_files
from tests.support.samples.lake_files import EVERYTHING, NOVEMBER, counts, seen, take

_ON_A_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from policycortex.errors import PolicyCortexError
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from tests.support.samples.lake_files import seen, take
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open_lake(Settings(home=Path(sys.argv[1]))) as lake:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    try:
        take(lake, "b.json", [seen(2, resource=f"r{n}", status_detail=f"{n * 7919:030x}" * 9) for n in range(9000)])
    except PolicyCortexError as error:
        print(f"{type(error).__name__}: {error}")
"""
_STAGED, _INSERTED = 150_000, 250_000
"""Bytes up to which a file may grow: too few for the staged file, or for the lake's file."""


def _garbled(content: bytes) -> bytes:
    return b"x" * len(content)


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _emptied(_content: bytes) -> bytes:
    return b""


def _flipped(content: bytes) -> bytes:
    """The pages changed, the footer whole: DuckDB's error names no file."""
    end = len(content) * 2 // 3
    return content[:4] + bytes(byte ^ 0x5A for byte in content[4:end]) + content[end:]


@pytest.mark.parametrize("damage", [_garbled, _cut, _emptied, _flipped])
def test_a_damaged_lake_file_is_named(
    home_settings: Settings, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    """Attack: bytes of a Parquet file are changed. Readers get one line with its path, never a wrong number.

    The session that is open may know the file; the next one reads it.
    """
    with open_lake(home_settings) as lake:
        take(lake, "a.json", [seen(2, resource=f"r{n}") for n in range(100)])
        (path,) = (home_settings.home / "lake" / "data" / "core" / "finding_state").rglob("*.parquet")
        path.write_bytes(damage(path.read_bytes()))
    with open_lake(home_settings) as again, pytest.raises(IntegrityError) as raised:
        again.findings_export.write_findings(EVERYTHING, NOVEMBER, path=tmp_path / "findings.parquet")
    assert str(path) in str(raised.value)
    assert "restore it from a backup" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_damaged_while_the_lake_is_open_is_named(lake: Lake, lake_settings: Settings, tmp_path: Path) -> None:
    """The same in a folder and in a bucket."""
    take(lake, "a.json", [seen(2, resource=f"r{n}") for n in range(100)])
    assert counts(lake) == {"c1": (0, 100, 0, 0)}
    assert damage_lake_files(lake_settings, "finding_state/") == 1
    expected = pytest.raises(IntegrityError, match=r"the lake's file .*finding_state/.*\.parquet is damaged")
    with open_lake(lake_settings) as again, expected:
        again.findings_export.write_findings(EVERYTHING, NOVEMBER, path=tmp_path / "findings.parquet")
    assert not (tmp_path / "findings.parquet").exists()


@pytest.mark.parametrize("damage", [_garbled, _cut, _emptied])
def test_a_damaged_catalog_is_named(home_settings: Settings, damage: Callable[[bytes], bytes]) -> None:
    """Attack: an emptied catalog is a valid database, and the lake would begin again without a word."""
    with open_lake(home_settings) as lake:
        take(lake, "a.json", [seen(2)])
    path = home_settings.home / "lake" / "catalog.sqlite"
    path.write_bytes(damage(path.read_bytes()))
    expected = pytest.raises(ConfigurationError, match=rf"catalog {path} is (damaged|missing or empty).* backup")
    with expected, open_lake(home_settings):
        pass


@pytest.mark.parametrize("damage", [_garbled, _cut, _emptied])
def test_a_damaged_registry_is_named(home_settings: Settings, damage: Callable[[bytes], bytes]) -> None:
    """The same for the registry: an emptied one is refused where the home has reports."""
    open_registry(home_settings).close()
    (home_settings.home / "artifacts" / "rpt_1").mkdir(parents=True)
    (home_settings.home / "artifacts" / "rpt_1" / "pdf-0.pdf").write_bytes(b"%PDF")
    path = home_settings.home / "registry.sqlite"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ConfigurationError, match=r"registry\.sqlite .*(damaged|is empty).* backup"):
        open_registry(home_settings).close()


@pytest.mark.parametrize("limit_bytes", [_STAGED, _INSERTED])
def test_a_full_disk_ends_an_import_with_one_line(home_settings: Settings, limit_bytes: int) -> None:
    """Attack: the disk fills up while a file is staged, or while it is written into the lake.

    A limit of the size of files stands for the disk. Nothing of the file is kept, no file is left, and with space the
    same import succeeds.
    """
    with open_lake(home_settings) as lake:
        take(lake, "a.json", [seen(2)])
    before = _files(home_settings)
    command = [sys.executable, "-c", _ON_A_FULL_DISK, str(home_settings.home), str(limit_bytes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    (line,) = done.stdout.splitlines()
    assert line.startswith("UnavailableError: "), line
    assert "File too large" in line
    assert "free space" in line
    assert _files(home_settings) == before
    with open_lake(home_settings) as lake:
        assert counts(lake) == {"c1": (0, 1, 0, 0)}
        assert take(lake, "b.json", [seen(2, resource=f"r{n}") for n in range(9)]).kept == 9


def _files(settings: Settings) -> list[str]:
    home = settings.home
    return sorted(
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm", ".lock"))
    )
