"""Loads DuckDB's extensions by path from the installed ``duckdb-extension-*`` packages; nothing is downloaded.

DuckDB can check the signature of such a file, which takes 0.2 s of CPU at each load. Instead a process compares each
file once with the SHA-256 that its installer recorded (decision 0035). DuckDB checks a file without a record itself.
"""

import base64
import importlib
import re
import sys
from hashlib import file_digest
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import duckdb

from policycortex.errors import ConfigurationError

_KNOWN_GOOD: Final[set[Path]] = set()
"""Files whose recorded digest, or whose signature by DuckDB, this process has checked."""


def connect_with_extensions(names: tuple[str, ...], config: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """An in-memory connection with the extensions loaded, which loads no unsigned file after that.

    Raises ConfigurationError for files that are missing, changed, or of another DuckDB.
    """
    _remember_missing_pandas()
    paths = {name: _extension_path(name) for name in names}
    recorded = [_is_as_installed(name, path) for name, path in paths.items()]
    connection = duckdb.connect(":memory:", config=config | {"allow_unsigned_extensions": all(recorded)})
    try:
        for path in paths.values():
            connection.execute(f"LOAD {quoted(str(path))}")
        connection.execute("SET allow_unsigned_extensions = false")
    except duckdb.Error as error:
        connection.close()
        raise ConfigurationError(
            f"DuckDB refuses an extension ({str(error).splitlines()[0]}): run make setup"
        ) from None
    _KNOWN_GOOD.update(paths.values())
    return connection


def _remember_missing_pandas() -> None:
    """Make its import fail at once where it is not installed.

    DuckDB tries the import for each parameter of a statement, and Python searches all folders each time: 586 times and
    80 ms for one report.
    """
    if "pandas" not in sys.modules and find_spec("pandas") is None:
        sys.modules["pandas"] = None  # type: ignore[assignment] # Python's way to say that a module is missing


def quoted(text: str) -> str:
    """The text as a SQL literal, for statements of DuckDB that take no parameters."""
    return "'" + text.replace("'", "''") + "'"


def _is_as_installed(name: str, path: Path) -> bool:
    """False when no digest is recorded. Raises ConfigurationError when the file has another one."""
    if path in _KNOWN_GOOD:
        return True
    recorded = _recorded_sha256(name, path)
    if recorded is None:
        return False
    with path.open("rb") as file:
        found = base64.urlsafe_b64encode(file_digest(file, "sha256").digest()).decode().rstrip("=")
    if found != recorded:
        raise ConfigurationError(f"{path} is not the file that was installed, its SHA-256 differs: run make setup")
    return True


def _recorded_sha256(name: str, path: Path) -> str | None:
    """URL-safe base64 without padding, as in the RECORD of the wheel's installation."""
    site = _package_folder(name).parent
    for installed in metadata.distributions(name=_package(name), path=[str(site)]):
        record = installed.read_text("RECORD") or ""
        escaped = re.escape(path.relative_to(site).as_posix())
        if found := re.search(rf"^{escaped},sha256=([\w-]+),", record, re.MULTILINE):
            return found[1]
    return None


def _package(name: str) -> str:
    return f"duckdb_extension_{name}"


def _package_folder(name: str) -> Path:
    return Path(str(importlib.import_module(_package(name)).__file__)).parent


def _extension_path(name: str) -> Path:
    path = _package_folder(name) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    if not path.exists():
        raise ConfigurationError(
            f"duckdb-extension-{name.replace('_', '-')} does not fit DuckDB {duckdb.__version__}: run make setup"
        )
    return path
