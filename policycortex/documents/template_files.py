"""Where templates and catalogues lie: the built-in folder, and the installation's own. Paths only."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from policycortex.errors import ConfigurationError

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
LOCALES: Final = "locales"
"""Folder of catalogues, in the built-in folder and in the installation's own; so no template bears this name."""


@cache
def templates_folder() -> Path:
    """``templates`` of a checkout, ``policycortex/_templates`` of an installed wheel. Raises ConfigurationError."""
    package = Path(str(files("policycortex")))
    for folder in (package / "_templates", package.parent / "templates"):
        if (folder / "report").is_dir():
            return folder
    raise ConfigurationError(f"the templates are missing beside {package}; install the package again")


def catalogue_folders(own: Path | None) -> tuple[Path, ...]:
    """Folders that are looked through for a locale's catalogue, the installation's own first."""
    built_in = templates_folder() / LOCALES
    return (own / LOCALES, built_in) if own is not None else (built_in,)


def list_templates(own: Path | None) -> tuple[str, ...]:
    """Names of the custom templates there are, sorted: folders in the installation's own templates folder."""
    if own is None or not own.is_dir():
        return ()
    return tuple(sorted(path.name for path in own.iterdir() if path.is_dir() and _is_name(path.name)))


def custom_template(own: Path | None, name: str) -> Path:
    """The folder of custom template ``name``. Raises ConfigurationError where it is not, naming those there are."""
    known = list_templates(own)
    if own is None or name not in known:
        there = f"there are {', '.join(known)}" if known else "there are none"
        where = own or "POLICYCORTEX_TEMPLATES_DIR, which is not set"
        raise ConfigurationError(f"custom template {name!r} is not in {where}; {there}")
    return own / name


def read_inside(folder: Path, name: str) -> Path | None:
    """The file ``name`` of ``folder``; None when it is not there or lies outside, also by a symbolic link."""
    root = folder.resolve()
    path = (root / name).resolve()
    return path if path.is_relative_to(root) and path.is_file() else None


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name != LOCALES


def list_catalogues(folders: tuple[Path, ...]) -> Iterator[str]:
    """Languages that have a catalogue in one of ``folders``."""
    return (path.stem for folder in folders for path in folder.glob("*.yaml"))
