"""Finds the files to read, with digest, compression and format. All come from the content, never from a file's name.

Reads local files only. Every problem of a file is an InputError that names the file and what to do.
"""

import gzip
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import glob, has_magic
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final, cast

from policycortex.errors import InputError, TruncatedFileError
from policycortex.findings.format import FindingsFormat
from policycortex.findings.formats.registry import file_suffixes, format_titles, recognise_format
from policycortex.findings.model import Finding, FindingParser, QuarantinedRecord
from policycortex.findings.reading.decompression import DecompressedStream, compression_of, open_zstd

_HEAD_BYTES: Final = (64 * 1024, 1024 * 1024, 16 * 1024 * 1024)
"""Lengths of the head in which a format is searched; a longer one is read only if the shorter one shows no format."""

_COMPRESSED_SUFFIXES: Final = (".gz", ".zst", ".zstd")
_IGNORED_PREFIXES: Final = (".", "_")
_IGNORED_SUFFIXES: Final = (".part", ".tmp", ".crdownload")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file as it was when it was listed. ``sha256`` and ``byte_size`` are of the bytes on disk."""

    name: str
    """File name without folder, for display."""
    path: Path
    sha256: str
    byte_size: int
    modified_ns: int
    compression: str
    """``plain``, ``gzip`` or ``zstd``."""

    @property
    def modified_at(self) -> datetime:
        """When the file was last written, UTC. It dates findings of formats without times."""
        return datetime.fromtimestamp(self.modified_ns // 1_000_000_000, UTC)

    def open(self) -> BinaryIO:
        """The decompressed bytes; can return to the start. Raises InputError if the file changed since it was listed.

        Reading raises TruncatedFileError where a compressed file is cut, InputError where it is damaged.
        """
        file = _open_file(self.path)
        status = os.fstat(file.fileno())
        if (status.st_size, status.st_mtime_ns) != (self.byte_size, self.modified_ns):
            file.close()
            raise InputError(f"{self.path} changed while it was read: wait until it is complete and import it again")
        return _decompress(file, self.compression)


def find_sources(paths: Iterable[str | Path]) -> tuple[SourceFile, ...]:
    """The files that paths, folders (searched to any depth) and globs name: each once, sorted by path.

    Of a folder only findings files are included; a file that is named itself is always included.
    Raises InputError for a path that does not exist, or a folder or glob without finding files.
    """
    found: dict[Path, SourceFile] = {}
    for given in paths:
        for path in _expand(given):
            found.setdefault(path.resolve(), _source_of(path))
    return tuple(found[key] for key in sorted(found))


def detect_parser(source: SourceFile) -> tuple[str, FindingParser]:
    """The format's name and the parser, by content. Raises InputError for an empty file or an unknown format."""
    if source.byte_size == 0:
        raise InputError(f"{source.path} is empty: run the scanner again, or leave the file out")
    with source.open() as stream:
        found = _recognise(stream, source.path)
    return found.name, found.parser(written_at=source.modified_at)


def read_findings(source: SourceFile) -> Iterator[Finding | QuarantinedRecord]:
    """Every record of the file, good or bad, in order; errors name the file.

    Raises InputError for a file that cannot be read, TruncatedFileError after the last record of a cut one.
    """
    _, parser = detect_parser(source)
    with source.open() as stream:
        try:
            yield from parser(stream)
        except TruncatedFileError as error:
            raise TruncatedFileError(f"{source.path} is cut: {error}") from None
        except InputError as error:
            raise InputError(f"{source.path} cannot be read: {error}") from None


def _expand(given: str | Path) -> list[Path]:
    path = Path(given)
    if path.is_dir():
        files = [each for each in _files_below(path) if _is_finding_file(each)]
        if not files:
            raise InputError(f"{path} holds no finding files: name a folder with {format_titles()}")
        return files
    if not path.exists() and has_magic(str(given)):
        matches = glob(str(given), recursive=True)  # noqa: PTH207 - pathlib refuses absolute patterns
        files = [Path(each) for each in sorted(matches) if Path(each).is_file()]
        if not files:
            raise InputError(f"{given} matches no file: check the pattern")
        return files
    return [path]


def _files_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(_IGNORED_PREFIXES) for part in parts):
            yield path


def _is_finding_file(path: Path) -> bool:
    """True for a file of a known format, and for an empty or unreadable file whose name ends like one.

    The second kind is included so that an empty or cut file of a failed scan is reported, not skipped.
    """
    if path.suffix in _IGNORED_SUFFIXES:
        return False
    uncompressed = path.with_suffix("") if path.suffix in _COMPRESSED_SUFFIXES else path
    is_named_like_one = uncompressed.suffix in file_suffixes()
    if path.stat().st_size == 0:
        return is_named_like_one
    try:
        with _open_file(path) as file, _decompress(file, compression_of(file.read(4))) as stream:
            head = stream.read(_HEAD_BYTES[1 if is_named_like_one else 0])
    except InputError:
        return is_named_like_one
    try:
        return recognise_format(head) is not None
    except InputError:
        return False


def _source_of(path: Path) -> SourceFile:
    with _open_file(path) as file:
        status = os.fstat(file.fileno())
        compression = compression_of(file.read(4))
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return SourceFile(
        name=path.name,
        path=path,
        sha256=digest,
        byte_size=status.st_size,
        modified_ns=status.st_mtime_ns,
        compression=compression,
    )


def _open_file(path: Path) -> BufferedReader:
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder, not a file")
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its writer
            raise InputError(f"{path} is not a regular file: save its content to a file first")
        return path.open("rb")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist: check the path") from None
    except PermissionError:
        raise InputError(f"{path} cannot be read: give this user permission to read it") from None
    except OSError as error:
        raise InputError(f"{path} cannot be opened: {error.strerror}") from None


def _decompress(file: BinaryIO, compression: str) -> BinaryIO:
    file.seek(0)
    match compression:
        case "gzip":
            return cast("BinaryIO", DecompressedStream(gzip.GzipFile(fileobj=file), file))
        case "zstd":
            return cast("BinaryIO", DecompressedStream(open_zstd(file), file))
        case _:
            return file


def _recognise(stream: BinaryIO, path: Path) -> FindingsFormat:
    head = b""
    for size in _HEAD_BYTES:
        try:
            part = stream.read(size - len(head))
        except TruncatedFileError:
            raise TruncatedFileError(f"{path} is cut at its start: get a complete copy") from None
        except InputError as error:
            raise InputError(f"{path} cannot be read: {error}") from None
        head += part
        try:
            found = recognise_format(head)
        except InputError as error:
            raise InputError(f"{path} {error}") from None
        if found is not None:
            return found
        if len(head) < size:
            break
    raise InputError(f"{path} is not a known finding format: expected {format_titles()}")
