"""Finds the files to read, with digest, compression and format. All come from the content, never from a file's name.

Reads local files only. Every problem of a file is an InputError that names the file and what to do.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from glob import glob, has_magic
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final

from policycortex.errors import InputError, TruncatedFileError
from policycortex.findings.format import FindingsFormat
from policycortex.findings.formats.registry import (
    UnsupportedFileError,
    file_suffixes,
    format_titles,
    recognise_format,
)
from policycortex.findings.model import FindingParser
from policycortex.findings.reading.archives import (
    HEAD_BYTES,
    TarArchive,
    archive_kind,
    list_zip,
    open_zip_member,
)
from policycortex.findings.reading.decompression import compression_of, decompressed
from policycortex.findings.reading.encoding import as_utf8

_HEAD_BYTES: Final = (64 * 1024, 1024 * 1024, 16 * 1024 * 1024)
"""Lengths of the head in which a format is searched; a longer one is read only if the shorter one shows no format."""

_COMPRESSED_SUFFIXES: Final = (".gz", ".zst", ".zstd", ".bz2", ".xz")
_ARCHIVE_SUFFIXES: Final = (".zip", ".tar", ".tgz", ".tbz2", ".txz")
_PARQUET_MAGIC: Final = b"PAR1"
_PARQUET_END_BYTES: Final = 1024 * 1024
_EMPTY_SHA256: Final = hashlib.sha256().hexdigest()
_DIGEST_BYTES: Final = 1024 * 1024
_IGNORED_PREFIXES: Final = (".", "_")
_IGNORED_SUFFIXES: Final = (".part", ".tmp", ".crdownload")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file, or one file of an archive, as it was when it was listed."""

    name: str
    """File name without folder, for display; of a file in an archive with the archive's name before it."""
    path: Path
    sha256: str
    """Of the bytes on disk; of a file in an archive of its own bytes."""
    byte_size: int
    """On disk; of a file in an archive the archive's."""
    modified_ns: int
    compression: str
    """``plain``, ``gzip``, ``zstd``, ``bzip2`` or ``xz``; around the archive where there is one."""
    archive: str = ""
    """``zip`` or ``tar`` if the file is in an archive."""
    member: str = ""
    """Its name in the archive."""

    @property
    def modified_at(self) -> datetime:
        """When the file was last written, UTC. It dates findings of formats without times."""
        return datetime.fromtimestamp(self.modified_ns // 1_000_000_000, UTC)

    def open(self) -> BinaryIO:
        """The unpacked bytes, as UTF-8; can return to the start. Raises InputError if the file has changed.

        Reading raises TruncatedFileError where a compressed file is cut, InputError where it is damaged or too large.
        """
        if not self.archive:
            return as_utf8(self._open_packed())
        return as_utf8(_member_bytes(self._open_member(), packed_bytes=self.byte_size))

    def _open_member(self) -> BinaryIO:
        if self.archive == "tar":
            return _tar_archive(self).open(self.member)
        return open_zip_member(self._open_packed, self.member, packed_bytes=self.byte_size)

    def _open_packed(self) -> BinaryIO:
        file = _open_file(self.path)
        status = os.fstat(file.fileno())
        if (status.st_size, status.st_mtime_ns) != (self.byte_size, self.modified_ns):
            file.close()
            raise InputError(f"{self.path} changed while it was read: wait until it is complete and import it again")
        return decompressed(file, self.compression, packed_bytes=self.byte_size)


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


def list_sources(paths: Iterable[str | Path], *, is_allowed: Callable[[Path], bool] = lambda _: True) -> ListedSources:
    """The files that paths, folders (searched to any depth) and globs name. One bad path does not hide the others.

    Of a folder those files are included whose name or content is that of findings; a file that is named itself is
    always included. Files for which ``is_allowed`` is False, such as links that lead elsewhere, are not opened.
    """
    found: dict[tuple[Path, str], SourceFile] = {}
    failed: list[FailedFile] = []
    skipped: set[str] = set()
    for given in paths:
        try:
            files, others = _expand(given, is_allowed)
        except InputError as error:
            failed.append(FailedFile(name=str(given), reason=str(error)))
            continue
        skipped.update(each.name for each in others)
        for path in files:
            try:
                inside, others_inside = _sources_of(path)
            except InputError as error:
                failed.append(FailedFile(name=path.name, reason=str(error)))
                continue
            found |= {(path.resolve(), each.member): each for each in inside}
            skipped.update(others_inside)
    sources = tuple(found[key] for key in sorted(found))
    return ListedSources(sources=sources, failed=tuple(failed), skipped=tuple(sorted(skipped)))


def detect_parser(source: SourceFile) -> tuple[str, FindingParser]:
    """The format's name and the parser, by content. Raises InputError for an empty file or an unknown format."""
    if source.byte_size == 0 or source.sha256 == _EMPTY_SHA256:
        raise InputError(f"{source.path} is empty: run the scanner again, or leave the file out")
    with source.open() as stream:
        found = _recognise(stream, source.path / source.member if source.member else source.path)
    return found.name, found.parser(written_at=source.modified_at)


def _expand(given: str | Path, is_allowed: Callable[[Path], bool]) -> tuple[list[Path], list[Path]]:
    """The files to read, and the files of a folder that are no findings."""
    path = Path(given)
    if path.is_dir():
        files: list[Path] = []
        others: list[Path] = []
        below = [each for each in _files_below(path) if is_allowed(each)]
        doubles = _doubles({str(each) for each in below})
        for each in below:
            (files if str(each) not in doubles and _is_finding_file(each) else others).append(each)
        if not files:
            raise InputError(f"{path} holds no finding files: name a folder with {format_titles()}")
        return files, others
    if not path.exists() and has_magic(str(given)):
        matches = glob(str(given), recursive=True)  # noqa: PTH207 - pathlib refuses absolute patterns
        files = [Path(each) for each in sorted(matches) if is_allowed(Path(each)) and Path(each).is_file()]
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
    """True for a file that ends like a findings file or an archive, and for any other file with the content of one.

    A file that only ends like one is included so that an empty, cut or unknown file is reported, not skipped.
    """
    if path.suffix in _ARCHIVE_SUFFIXES:
        return True
    is_named = _is_named_like_one(path.name)
    try:
        with _open_file(path) as file:
            compression = compression_of(file.read(HEAD_BYTES))
            file.seek(0)
            with decompressed(file, compression, packed_bytes=path.stat().st_size) as stream:
                kind = archive_kind(stream.read(HEAD_BYTES))
                stream.seek(0)
                # Documents of office programs are zip archives, too.
                return kind == "tar" if kind else _is_wanted(stream, is_named=is_named)
    except InputError:
        return is_named


def _doubles(names: Collection[str]) -> set[str]:
    """CSV files beside which Prowler has written the OCSF JSON of the same scan, which says more."""
    return {name for name in names if name.endswith(".csv") and f"{name.removesuffix('.csv')}.ocsf.json" in names}


def _is_named_like_one(name: str) -> bool:
    path = Path(name)
    return (Path(path.stem) if path.suffix in _COMPRESSED_SUFFIXES else path).suffix in file_suffixes()


def _is_wanted(stream: BinaryIO, *, is_named: bool) -> bool:
    """True for a recognised file, and for one that is only named like one unless it repeats another file."""
    try:
        return recognise_format(stream.read(_HEAD_BYTES[0])) is not None or is_named
    except UnsupportedFileError as error:
        return not error.is_skipped
    except InputError:
        return is_named


def _sources_of(path: Path) -> tuple[list[SourceFile], list[str]]:
    """The file, or the findings files of an archive, and the names of its other files."""
    with _open_file(path) as file:
        status = os.fstat(file.fileno())
        compression = compression_of(file.read(HEAD_BYTES))
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        kind = _archive_in(file, compression, status.st_size)
    source = SourceFile(
        name=path.name,
        path=path,
        sha256=digest,
        byte_size=status.st_size,
        modified_ns=status.st_mtime_ns,
        compression=compression,
    )
    if not kind:
        return [source], []
    try:
        return _members_of(source, kind)
    except InputError as error:
        raise InputError(f"{path} cannot be read: {error}") from None


def _archive_in(file: BinaryIO, compression: str, size: int) -> str:
    """``zip`` or ``tar`` if the file, or the compressed file, is one."""
    file.seek(0)
    try:
        return archive_kind(decompressed(file, compression, packed_bytes=size).read(HEAD_BYTES))
    except InputError:
        return ""


def _members_of(packed: SourceFile, kind: str) -> tuple[list[SourceFile], list[str]]:
    sources: list[SourceFile] = []
    others: list[str] = []
    archive = replace(packed, archive=kind)
    names = _member_names(archive)
    doubles = _doubles(names)
    for name in names:
        member = replace(archive, member=name, name=f"{packed.name}/{name}")
        if any(part.startswith(_IGNORED_PREFIXES) and part != ".." for part in Path(name).parts):
            continue
        with member.open() as stream:
            if name in doubles or not _is_wanted(stream, is_named=_is_named_like_one(name)):
                others.append(member.name)
                continue
            stream.seek(0)
            digest = hashlib.sha256()
            while part := stream.read(_DIGEST_BYTES):
                digest.update(part)
            sources.append(replace(member, sha256=digest.hexdigest()))
    if not sources:
        raise InputError(f"the archive holds no finding files: expected {format_titles()}")
    return sources, others


def _member_names(archive: SourceFile) -> tuple[str, ...]:
    if archive.archive == "tar":
        return _tar_archive(archive).names()
    with archive._open_packed() as stream:  # noqa: SLF001 - of the same module
        return list_zip(stream, packed_bytes=archive.byte_size)


def _tar_archive(source: SourceFile) -> TarArchive:
    """The archive of the source; the last one stays open, because its files are read one after another."""
    return _open_tar(replace(source, name="", member="", sha256=""))


@lru_cache(maxsize=1)
def _open_tar(archive: SourceFile) -> TarArchive:
    stream = archive._open_packed()  # noqa: SLF001 - of the same module
    return TarArchive(stream, is_plain=archive.compression == "plain", packed_bytes=archive.byte_size)


def release_archives() -> None:
    """Close the archive that was read last, and remove its unpacked copy."""
    _open_tar.cache_clear()


def _member_bytes(stream: BinaryIO, *, packed_bytes: int) -> BinaryIO:
    """The bytes of a member, decompressed where the member itself is compressed."""
    compression = compression_of(stream.read(HEAD_BYTES))
    stream.seek(0)
    return decompressed(stream, compression, packed_bytes=packed_bytes)


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
            found = recognise_format(head + _parquet_end(stream, head))
        except InputError as error:
            raise InputError(f"{path} {error}") from None
        if found is not None:
            return found
        if len(head) < size:
            break
    raise InputError(f"{path} is not a known finding format: expected {format_titles()}")


def _parquet_end(stream: BinaryIO, head: bytes) -> bytes:
    """The end of a Parquet file, where its columns are named; empty for other files."""
    if not head.startswith(_PARQUET_MAGIC) or not stream.seekable():
        return b""
    position = stream.tell()
    stream.seek(0, os.SEEK_END)
    stream.seek(max(position, stream.tell() - _PARQUET_END_BYTES))
    end = stream.read()
    stream.seek(position)
    return end
