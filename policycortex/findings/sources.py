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
from policycortex.findings.model import FindingParser, ParsedItem
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedFile:
    """A file or path that could not be imported."""

    name: str
    """File name without folder; the path or pattern as given where there is no file."""
    reason: str
    """A sentence that names the file and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSources:
    """Result of ``list_sources``."""

    sources: tuple[SourceFile, ...]
    """Each file once, sorted by path."""
    failed: tuple[FailedFile, ...]
    """Paths that do not exist or cannot be read, folders and patterns without files."""
    skipped: tuple[str, ...]
    """Names of files in folders that are no findings, neither by name nor by content; sorted."""


def list_sources(paths: Iterable[str | Path]) -> ListedSources:
    """The files that paths, folders (searched to any depth) and globs name. One bad path does not hide the others.

    Of a folder those files are included whose name or content is that of findings; a file that is named itself is
    always included.
    """
    found: dict[Path, SourceFile] = {}
    failed: list[FailedFile] = []
    skipped: set[str] = set()
    for given in paths:
        try:
            files, others = _expand(given)
        except InputError as error:
            failed.append(FailedFile(name=str(given), reason=str(error)))
            continue
        skipped.update(each.name for each in others)
        for path in files:
            try:
                found.setdefault(path.resolve(), _source_of(path))
            except InputError as error:
                failed.append(FailedFile(name=path.name, reason=str(error)))
    sources = tuple(found[key] for key in sorted(found))
    return ListedSources(sources=sources, failed=tuple(failed), skipped=tuple(sorted(skipped)))


def find_sources(paths: Iterable[str | Path]) -> tuple[SourceFile, ...]:
    """``list_sources`` for callers that need every path: raises InputError for the first that has failed."""
    listed = list_sources(paths)
    if listed.failed:
        raise InputError(listed.failed[0].reason)
    return listed.sources


def detect_parser(source: SourceFile) -> tuple[str, FindingParser]:
    """The format's name and the parser, by content. Raises InputError for an empty file or an unknown format."""
    if source.byte_size == 0:
        raise InputError(f"{source.path} is empty: run the scanner again, or leave the file out")
    with source.open() as stream:
        found = _recognise(stream, source.path)
    return found.name, found.parser(written_at=source.modified_at)


def read_findings(source: SourceFile) -> Iterator[ParsedItem]:
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


def _expand(given: str | Path) -> tuple[list[Path], list[Path]]:
    """The files to read, and the files of a folder that are no findings."""
    path = Path(given)
    if path.is_dir():
        files: list[Path] = []
        others: list[Path] = []
        for each in _files_below(path):
            (files if _is_finding_file(each) else others).append(each)
        if not files:
            raise InputError(f"{path} holds no finding files: name a folder with {format_titles()}")
        return files, others
    if not path.exists() and has_magic(str(given)):
        matches = glob(str(given), recursive=True)  # noqa: PTH207 - pathlib refuses absolute patterns
        files = [Path(each) for each in sorted(matches) if Path(each).is_file()]
        if not files:
            raise InputError(f"{given} matches no file: check the pattern")
        return files, []
    return [path], []


def _files_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        is_ignored = path.suffix in _IGNORED_SUFFIXES or any(part.startswith(_IGNORED_PREFIXES) for part in parts)
        if path.is_file() and not is_ignored:
            yield path


def _is_finding_file(path: Path) -> bool:
    """True for a file that ends like a findings file, and for any other file with the content of one.

    A file that only ends like one is included so that an empty, cut or unknown file is reported, not skipped.
    """
    uncompressed = path.with_suffix("") if path.suffix in _COMPRESSED_SUFFIXES else path
    if uncompressed.suffix in file_suffixes():
        return True
    try:
        with _open_file(path) as file, _decompress(file, compression_of(file.read(4))) as stream:
            return recognise_format(stream.read(_HEAD_BYTES[0])) is not None
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
