"""Files in: each file is one transaction, and the same bytes are taken once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from policycortex.findings.sources import detect_parser, find_sources
from policycortex.settings import Settings
from policycortex.storage.lake import ImportReceipt, open_lake


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSummary:
    """What an ingest took in; read = kept + quarantined, over files that were new."""

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
        """Records set aside with their reason."""
        return sum(receipt.quarantined for receipt in self.files)

    @property
    def dates(self) -> tuple[date, ...]:
        """UTC days that the files speak of, sorted."""
        return tuple(sorted({day for receipt in self.files for day in receipt.dates}))


def ingest_files(
    settings: Settings,
    paths: Sequence[Path],
    *,
    organization: str,
    now: datetime,
    progress: Callable[[str], None] = lambda _: None,
) -> IngestSummary:
    """Import every file that ``paths`` name. Raises InputError at the first file that cannot be read at all.

    Files before it stay imported; of the bad one nothing is kept, so mending it and running again is safe.
    """
    sources = find_sources(paths)
    receipts = []
    with open_lake(settings) as lake:
        for number, source in enumerate(sources, start=1):
            progress(f"file {number} of {len(sources)}: {source.name}")
            format_name, parser = detect_parser(source)
            receipts.append(
                lake.import_source(
                    source,
                    parser,
                    format_name=format_name,
                    organization=organization,
                    imported_at=now,
                    progress=lambda count: progress(f"{count:,} records read"),
                )
            )
    return IngestSummary(files=tuple(receipts))
