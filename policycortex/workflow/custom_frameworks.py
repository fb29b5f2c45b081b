"""Adds framework files to the installation's folder, after a check against the frameworks that are there."""

import os
import shutil
from pathlib import Path

from policycortex.errors import ConfigurationError
from policycortex.frameworks.catalog import SUFFIXES, load_frameworks
from policycortex.frameworks.model import Framework
from policycortex.frameworks.problems import file_error
from policycortex.frameworks.reading import is_remap, read_framework, write_framework
from policycortex.frameworks.tree import parse_tree
from policycortex.settings import Settings
from policycortex.storage.private_folders import private_folder


def check_framework(settings: Settings, file: Path, framework_id: str | None) -> Framework:
    """The framework in the file, merged with the known one of its id. Raises ConfigurationError with every problem."""
    known = load_frameworks(settings.custom_frameworks_dir)
    return read_framework(_read(file), name=file.name, framework_id=framework_id, base=known)


def would_replace(settings: Settings, file: Path, framework_id: str | None) -> str | None:
    """Path of the file that ``add_framework`` would overwrite; None where there is none."""
    path = _target(settings, file, check_framework(settings, file, framework_id))
    return str(path) if path.exists() else None


def add_framework(settings: Settings, file: Path, framework_id: str | None) -> tuple[Path, Framework]:
    """Store the file's framework in the folder. Returns its path and the framework as it is known from then on.

    A re-mapping is stored unchanged, so that it continues to follow its base framework. Everything else is stored in
    the product's own format, under the framework's id. Raises ConfigurationError; the folder is then unchanged.
    """
    framework = check_framework(settings, file, framework_id)
    data = _read(file)
    path = _target(settings, file, framework)
    content = data if is_remap(parse_tree(data, name=file.name)) else _own_content(file, framework_id)
    _check_folder_with(settings, path.name, content, source=file.name)
    _write(path, content)
    return path, load_frameworks(settings.custom_frameworks_dir)[framework.id]


def _check_folder_with(settings: Settings, name: str, content: bytes, *, source: str) -> None:
    """Read the folder as it would be. Finds an id in two files and re-mappings of requirements that no longer exist."""
    with private_folder(settings) as trial:
        folder = settings.custom_frameworks_dir
        if folder.is_dir():
            for path in folder.iterdir():
                if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
                    shutil.copyfile(path, trial / path.name)
        (trial / name).write_bytes(content)
        try:
            load_frameworks(trial)
        except ConfigurationError as error:
            raise file_error(f"{source} in {folder}", error.details) from None


def _own_content(file: Path, framework_id: str | None) -> bytes:
    """The file's own content without the base framework, which is merged in each time the folder is read."""
    alone = read_framework(_read(file), name=file.name, framework_id=framework_id, base={})
    return write_framework(alone)


def _target(settings: Settings, file: Path, framework: Framework) -> Path:
    """``<id>.json``; a re-mapping keeps its suffix, so that it can be beside the framework it re-maps."""
    folder = settings.custom_frameworks_dir
    if is_remap(parse_tree(_read(file), name=file.name)):
        return folder / f"{framework.id}.remap{file.suffix.lower()}"
    return folder / f"{framework.id}.json"


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from None


def _write(path: Path, content: bytes) -> None:
    """Write under a temporary name, flush to disk, then rename: no reader sees a partial file."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}; check the folder's permissions") from None
    finally:
        part.unlink(missing_ok=True)
