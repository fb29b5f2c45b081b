"""The nouns of delivery: what is sent, where to, and the proof that it arrived. Values only."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from policycortex.documents.locales import Locale
from policycortex.names import ReportFormat
from policycortex.period import Period

EVENT_GENERATED: Final = "compliance.report.generated"


class Channel(StrEnum):
    """Ways out, by the words of the API's ``delivery`` body and of a connection's ``type``."""

    EMAIL = "email"
    SLACK = "slack"
    TEAMS = "teams"
    WEBHOOK = "webhook"
    SFTP = "sftp"
    S3 = "s3"
    AZURE_BLOB = "azure_blob"
    GCS = "gcs"

    @property
    def is_idempotent(self) -> bool:
        """Sending again does no harm: the receiver knows the delivery's id, or the same file takes its own place."""
        return self not in {Channel.EMAIL, Channel.SLACK, Channel.TEAMS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One place for one report; ``target`` tells it from others of the channel and connection."""

    channel: Channel
    connection: str
    """Name of the connection that holds address and credentials."""
    target: str
    """Address, channel name, URL, or pattern of an object name; "" where the connection says it all."""
    subject: str = ""
    """Pattern of the email's subject; "" stands for the channel's own words."""
    message: str = ""
    """Pattern of a line of text above the facts; "" for none."""

    @property
    def key(self) -> str:
        """Equal for equal places; with a report's id it names one delivery."""
        return f"{self.channel}:{self.connection}:{self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredFile:
    """One artifact, proven to have its digest before it is sent."""

    format: ReportFormat
    name: str
    """Safe file name for the receiver, with extension."""
    path: Path
    size_bytes: int
    sha256: str
    url: str | None = None
    """Where it can be downloaded; None where the installation has no public address."""
    url_expires_at: datetime | None = None
    extension: str = ""
    """Without dot, as its name ends; "" stands for the format's own."""
    media_type: str = ""
    """IANA media type; "" stands for the format's own."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "extension", self.extension or self.format.extension)
        object.__setattr__(self, "media_type", self.media_type or self.format.media_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryContent:
    """All that any channel says about a finished report. Numbers are the report's own, never computed again."""

    delivery_id: str
    """Stable over all attempts: the idempotency key of channels that have one."""
    report_id: str
    schedule_id: str | None
    organization: str
    name: str
    type: str
    framework: str | None
    framework_name: str
    period: Period
    dated: date
    """The day the report was due, in its schedule's zone; else the UTC day it was made."""
    generated_at: datetime
    score_pct: float | None
    """As the report prints it; None when nothing was assessed."""
    total_violations: int
    locale: Locale = field(repr=False)
    """The report's own: what is said of it is said in its language."""
    failed_by_severity: dict[str, int] = field(default_factory=dict)
    report_url: str | None = None
    """In the API, which asks for a key: for programs, not for people, who are shown links to the files."""
    files: tuple[DeliveredFile, ...] = ()

    @property
    def score_text(self) -> str:
        """``96.3%`` as the report writes it, or words where there is no score."""
        return self.locale.score(self.score_pct)

    @property
    def period_text(self) -> str:
        """``2026-03-01 to 2026-03-31``, in every language: it may become a part of a file's name."""
        first, last = self.period.first_date.isoformat(), self.period.last_date.isoformat()
        return first if first == last else f"{first} to {last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The proof of one delivery: what the other side answered, and the digest of what it was sent."""

    answer: str
    """The receiver's own words, shortened; never holds a secret."""
    reference: str
    """Its name for what it took: Message-ID, timestamp, ETag, path."""
    payload_sha256: str
    """SHA-256 of the bytes handed over, or of the files' digests where several were."""
