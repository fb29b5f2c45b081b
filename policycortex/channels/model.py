"""Values of one delivery: the content that is sent, its destination, and the receipt. No behaviour."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from policycortex.documents.locales import Locale
from policycortex.names import ReportFormat
from policycortex.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One receiver that a request names, before a connection is chosen."""

    address: str = ""
    """Mail address, channel name, URL or pattern of an object name; "" if the connection holds the address."""
    subject: str = ""
    """Pattern of a mail's subject; "" for the channel's default."""
    message: str = ""
    """Pattern of a text above the facts; "" for none."""
    file_name: str = ""
    """Pattern of the names of attached files; "" for the report's name."""
    shown_to: tuple[str, ...] = ()
    """Addresses that a mail names as its recipients; empty: only ``address``."""
    shown_cc: tuple[str, ...] = ()
    """Addresses that a mail names as those of its copies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One receiver of one report. ``channel``, ``connection`` and ``target`` identify it."""

    channel: str
    """Name of the channel, as stored."""
    connection: str
    """Name of the connection that holds address and credentials."""
    target: str
    """As ``Target.address``."""
    subject: str = ""
    message: str = ""
    file_name: str = ""
    shown_to: tuple[str, ...] = ()
    shown_cc: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Equal for equal destinations; together with a report's id it identifies one delivery."""
        return f"{self.channel}:{self.connection}:{self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredFile:
    """One artifact. Its digest was verified before it is sent."""

    format: ReportFormat
    name: str
    """Safe file name for the receiver, with extension."""
    path: Path
    size_bytes: int
    sha256: str
    url: str | None = None
    """Download link; None if the installation has no public URL or the channel shows no links."""
    url_expires_at: datetime | None = None
    extension: str = ""
    """Without dot; "" stands for the format's own."""
    media_type: str = ""
    """IANA media type; "" stands for the format's own."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "extension", self.extension or self.format.extension)
        object.__setattr__(self, "media_type", self.media_type or self.format.media_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryContent:
    """A completed report as channels show it. All numbers come from the report; channels calculate none."""

    delivery_id: str
    """The same for all attempts: the idempotency key of channels that have one."""
    report_id: str
    schedule_id: str | None
    organization: str
    name: str
    type: str
    framework: str | None
    framework_name: str
    period: Period
    dated: date
    """The day the report was due, in its schedule's time zone; without schedule, the UTC day it was completed."""
    generated_at: datetime
    score_pct: float | None
    """0-100, as printed in the report; None if nothing was assessed."""
    total_violations: int
    locale: Locale = field(repr=False)
    """The report's locale, which messages use too."""
    failed_by_severity: dict[str, int] = field(default_factory=dict)
    requirements_met: int | None = None
    requirements_assessed: int | None = None
    """With ``requirements_met`` None without a framework."""
    risk_score: float | None = None
    """0-100, as printed in the report; None if nothing was assessed."""
    risk_band: str | None = None
    """None in reports of earlier versions."""
    report_url: str | None = None
    """The report in the API. It needs an API key, so it is for programs; people get the links of ``files``."""
    files: tuple[DeliveredFile, ...] = ()
    due_at: datetime | None = None
    """The tick in its schedule's time zone; without schedule, the completion in the report's zone."""
    may_repeat_daily: bool = False
    """Another report of the schedule may have the same ``dated``: it runs more than daily, or was run by hand."""
    folder: str = ""
    """First folder of object names: the organisation, if several share the connection."""

    @property
    def has_unlinked_files(self) -> bool:
        """A file has no download link, because the installation has no public URL."""
        return any(file.url is None for file in self.files)

    @property
    def time_text(self) -> str:
        """``09:00``; with seconds where they are not zero, and with the offset where clocks show the time twice."""
        due = self.due_at or self.generated_at
        seconds = f":{due:%S}" if due.second else ""
        other = due.replace(fold=1 - due.fold).utcoffset() or timedelta(0)
        return f"{due:%H:%M}{seconds}" + (f"{due:%z}" if other != due.utcoffset() else "")

    @property
    def score_text(self) -> str:
        """``96.3%`` as the report prints it, or the locale's text for no score."""
        return self.locale.score(self.score_pct)

    @property
    def period_text(self) -> str:
        """``2026-03-01 to 2026-03-31``, in every language, because it may become part of a file name."""
        first, last = self.period.first_date.isoformat(), self.period.last_date.isoformat()
        return first if first == last else f"{first} to {last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof of one delivery: the receiver's answer and the digest of what was sent."""

    answer: str
    """The receiver's answer, shortened. It never holds a secret."""
    reference: str
    """The receiver's id of what it accepted: Message-ID, timestamp, ETag, path."""
    payload_sha256: str
    """SHA-256 of the bytes sent; for several files, of their digests in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingEvent:
    """What happened, for programs that subscribed to it."""

    id: str
    """The same in all attempts, so that a receiver recognises a repeated event."""
    kind: str
    """Such as ``report.failed``."""
    organization: str
    occurred_at: datetime
    data: Mapping[str, object]
    """JSON types only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """An alert to the operator: what happened, in one sentence and facts."""

    id: str
    """Stable, so that a receiver recognises a repeated notice."""
    subject: str
    text: str
    facts: dict[str, str]
    organization: str = ""
    """The organisation that it concerns."""

    @property
    def lines(self) -> str:
        """Text and facts, one fact per line."""
        return "\n".join([self.text, "", *(f"{label}: {value}" for label, value in self.facts.items())])
