"""Framework files into the installation's folder: checked against all that is there, then put in place as a whole."""

import os
import shutil
import tempfile
from pathlib import Path

from policycortex.errors import ConfigurationError
from policycortex.frameworks.catalog import SUFFIXES, load_frameworks
from policycortex.frameworks.model import Framework
from policycortex.frameworks.problems import file_error
from policycortex.frameworks.reading import is_remap, read_framework, write_framework
from policycortex.frameworks.tree import parse_tree
from policycortex.settings import Settings


def check_framework(settings: Settings, file: Path, framework_id: str | None) -> Framework:
    """The framework in the file, over those there are. Raises ConfigurationError with every problem."""
    known = load_frameworks(settings.custom_frameworks_dir)
    return read_framework(_read(file), name=file.name, framework_id=framework_id, base=known)


def would_replace(settings: Settings, file: Path, framework_id: str | None) -> str | None:
    """Name of the folder's file that ``add_framework`` would write over; None where there is none."""
    path = _target(settings, file, check_framework(settings, file, framework_id))
    return str(path) if path.exists() else None


def add_framework(settings: Settings, file: Path, framework_id: str | None) -> tuple[Path, Framework]:
    """Keep the file's framework in the folder; its path, and the framework as it then stands.

    A re-mapping is kept as it is, so that it goes on standing over its base; all else in the product's own form, under
    the framework's id. Raises ConfigurationError, and then the folder is as it was.
    """
    framework = check_framework(settings, file, framework_id)
    data = _read(file)
    path = _target(settings, file, framework)
    content = data if is_remap(parse_tree(data, name=file.name)) else _whole(file, framework_id)
    _try_out(settings.custom_frameworks_dir, path.name, content, told=file.name)
    _write(path, content)
    return path, load_frameworks(settings.custom_frameworks_dir)[framework.id]


def _try_out(folder: Path, name: str, content: bytes, *, told: str) -> None:
    """Read the folder as it would be: the same id under another name, or a re-mapping left without its requirement."""
    with tempfile.TemporaryDirectory(prefix="policycortex-") as trial:
        if folder.is_dir():
            for path in folder.iterdir():
                if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
                    shutil.copyfile(path, Path(trial) / path.name)
        (Path(trial) / name).write_bytes(content)
        try:
            load_frameworks(Path(trial))
        except ConfigurationError as error:
            raise file_error(f"{told} in {folder}", error.details) from None


def _whole(file: Path, framework_id: str | None) -> bytes:
    """The file's own word alone: what it stands over is laid behind it each time the folder is read."""
    alone = read_framework(_read(file), name=file.name, framework_id=framework_id, base={})
    return write_framework(alone)


def _target(settings: Settings, file: Path, framework: Framework) -> Path:
    """``<id>.json``; a re-mapping keeps its own suffix and stands beside the framework it re-maps."""
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
    """Whole and on the disk before it bears its name."""
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
