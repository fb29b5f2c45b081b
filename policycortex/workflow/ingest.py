"""Ingests scanners' files. Each file is one transaction; a file with the same bytes is imported only once."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from policycortex.errors import InputError
from policycortex.findings.sources import SourceFile, detect_parser, find_sources
from policycortex.settings import Settings
from policycortex.storage.lake.lake import ImportReceipt, open_lake
from policycortex.storage.objects.locations import is_object_url
from policycortex.storage.objects.object_files import ObjectFile, copy_object, list_objects


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSummary:
    """Result of an ingest. read = kept + quarantined, over the files that were new."""

    files: tuple[ImportReceipt, ...]

    @property
    def read(self) -> int:
        """Records read."""
        return sum(receipt.read for receipt in self.files)

    @property
    def kept(self) -> int:
        """Records kept as findings."""
        return sum(receipt.kept for receipt in self.files)

    @property
    def quarantined(self) -> int:
        """Records that could not be kept as findings; stored with the reason."""
        return sum(receipt.quarantined for receipt in self.files)

    @property
    def dates(self) -> tuple[date, ...]:
        """UTC days of the files' findings, sorted."""
        return tuple(sorted({day for receipt in self.files for day in receipt.dates}))


def ingest_files(
    settings: Settings,
    paths: Sequence[Path | str],
    *,
    organization: str,
    now: datetime,
    progress: Callable[[str], None] = lambda _: None,
) -> IngestSummary:
    """Import every file that ``paths`` name: files, folders, globs, object-store URLs.

    Raises InputError at the first file that cannot be read. Files before it stay imported, and nothing of that file is
    kept, so it is safe to correct it and run again.
    """
    local = find_sources([path for path in paths if not is_object_url(str(path))])
    remote = [(url, list_objects(url)) for url in map(str, paths) if is_object_url(url)]
    total, receipts = len(local) + sum(len(objects) for _, objects in remote), []
    with open_lake(settings) as lake:
        for number, source in enumerate(_each(local, remote), start=1):
            progress(f"file {number} of {total}: {source.name}")
            format_name, parser = detect_parser(source)
            receipts.append(
                lake.imports.import_source(
                    source,
                    parser,
                    format_name=format_name,
                    organization=organization,
                    imported_at=now,
                    progress=lambda count: progress(f"{count:,} records read"),
                )
            )
    return IngestSummary(files=tuple(receipts))


def check_locations(paths: Sequence[Path | str]) -> None:
    """Check that there are files to read, as far as possible without copying objects. Raises InputError."""
    for source in find_sources([path for path in paths if not is_object_url(str(path))]):
        detect_parser(source)
    for url in map(str, paths):
        if is_object_url(url) and not list_objects(url):
            raise _no_files(url)


def _each(local: Sequence[SourceFile], remote: Sequence[tuple[str, tuple[ObjectFile, ...]]]) -> Iterator[SourceFile]:
    yield from local
    for url, objects in remote:
        is_named = len(objects) == 1 and objects[0].url == url
        found = False
        for each in objects:
            for source in _copied(each, is_named):
                found = True
                yield source
        if not found:
            raise _no_files(url)


def _copied(found: ObjectFile, is_named: bool) -> Iterator[SourceFile]:
    """A local copy of the object while it is read; nothing for a file of a prefix that holds no findings."""
    with tempfile.TemporaryDirectory(prefix="policycortex-") as name:
        folder = Path(name)
        if not found.name or (found.name.startswith((".", "_")) and not is_named):
            return
        path = copy_object(found, folder)
        try:
            yield from find_sources([path if is_named else folder])
        except InputError as error:
            if is_named or "holds no finding files" not in str(error):
                raise type(error)(str(error).replace(str(path), found.url)) from None


def _no_files(url: str) -> InputError:
    return InputError(f"{url} holds no finding files: check bucket and prefix")
