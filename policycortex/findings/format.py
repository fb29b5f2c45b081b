"""What a findings format is. Each module of ``policycortex.findings.formats`` that defines ``FORMAT`` adds one.

No format is named here, and no file is read.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import BinaryIO, Protocol

from policycortex.findings.model import Finding, FindingParser, Listing, ParsedItem


class ScanExtent(StrEnum):
    """Which findings of a file belong to one scan, where the file gives no scan id."""

    FILE = "file"
    """All of them. For formats that have no scan: each export is one, whatever times its findings have."""
    ACCOUNT_AND_DAY = "account_and_day"
    """Those of one account observed on one UTC day."""


class Limit(StrEnum):
    """What a scan can be limited to, so that two files about different ones never replace each other."""

    ACCOUNT = "account"
    """``Finding.account_id``: always part of what is replaced."""
    REGION = "region"
    """``Finding.region``, for tools that can be limited to regions. Of an unknown tool it is assumed."""
    TARGET = "target"
    """``Finding.target``: repository, path, cluster, image; what the file names."""


class FormatParser(Protocol):
    """Bytes to typed findings, in bounded memory."""

    def __call__(self, stream: BinaryIO, *, written_at: datetime) -> Iterator[ParsedItem]:
        """Yield every record of the stream, good or bad, in file order. Raises InputError if it is not this format.

        ``written_at`` is when the file was written, UTC: the time of findings for which the file gives none.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsFormat:
    """One input format: how it is recognised and parsed, and which findings form one scan."""

    name: str
    """Stored with every import and part of made scan keys: never change it."""
    title: str
    """For messages: ``SARIF``."""
    suffixes: tuple[str, ...]
    """Name endings by which an empty or unreadable file in a folder is reported and not skipped: ``.json``."""
    recognise: Callable[[bytes], int]
    """How many marks of this format the first bytes of a file (unpacked, without byte order mark) show; 0: not this
    format. The format with the most marks is chosen. Raises InputError, phrased to follow the file's name, where the
    file is nearly this format and the message can help; it is shown only if no format recognises the file."""
    parse: FormatParser
    scan_extent: ScanExtent
    precedence: int
    """If two scans of one check and account have the same time, the one of the format with the higher precedence
    counts. It also decides between formats that recognise a file equally well. Each format has its own number."""
    limits: frozenset[Limit] = frozenset(Limit)
    """What one scan is limited to. ``findings.scan_targets`` has exceptions by tool."""
    listing: Listing = Listing.RESULTS
    """What one scan lists; a finding or clean scan with a ``listing`` of its own departs from it."""
    scan_key_word: str = ""
    """First part of a made scan key, ``name`` where empty. Stored scan keys are compared as text, so the words of all
    formats must sort as their precedences do; the registry checks it. Stored: never change it."""

    def parser(self, *, written_at: datetime) -> FindingParser:
        """The parser for a file that was written at ``written_at``."""
        return partial(self.parse, written_at=written_at)

    def scan_key(self, finding: Finding, *, content_sha256: str, listing: Listing) -> str:
        """The scanner's id of the scan, else a key made of format, file and, by ``scan_extent``, account and day.

        A made key starts with a dash, so at equal times a scan with the scanner's own id comes before it. An export of
        a service's state is one scan, whatever the format.
        """
        if finding.scan_uid:
            return finding.scan_uid
        file_key = self.file_key(content_sha256)
        if self.scan_extent is ScanExtent.FILE or listing is Listing.STATE:
            return file_key
        return f"{file_key}/{finding.account_id}/{finding.observed_at:%Y-%m-%d}"

    def file_key(self, content_sha256: str) -> str:
        """The key of a file that is one scan."""
        return f"-{self.key_word}/{content_sha256[:16]}"

    @property
    def key_word(self) -> str:
        """``scan_key_word``, or ``name`` where it is empty."""
        return self.scan_key_word or self.name


def ignoring_file_time(parse: FindingParser) -> FormatParser:
    """``parse`` for a format whose records all have their own times."""

    def parse_dated(stream: BinaryIO, *, written_at: datetime) -> Iterator[ParsedItem]:  # noqa: ARG001
        return parse(stream)

    return parse_dated
