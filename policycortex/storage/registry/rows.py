"""Values of the registry: frozen, no SQL. All times are UTC with zone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from policycortex.names import ReportFormat, ReportStatus, ReportType
from policycortex.period import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a report has no artifacts, for a person: what went wrong and what to do."""

    code: str
    message: str
    is_retryable: bool = False
    """True when the same request may succeed later without a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArtifact:
    """One stored file of a report, as the run passes it on."""

    format: ReportFormat
    key: str
    """Where the artifact store keeps it."""
    size_bytes: int
    sha256: str
    media_type: str | None = None
    """None: the format's own. A protected file may have another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRow:
    """One stored file of a completed report."""

    format: ReportFormat
    key: str
    size_bytes: int
    sha256: str
    media_type: str

    @property
    def extension(self) -> str:
        """Extension of the stored file: the format's own, or for example ``csv.zip`` for a protected file."""
        return self.key.rpartition("/")[2].partition(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """A stored file of a report besides its formats: manifest, signature, or a copy marked for one delivery."""

    name: str
    """``manifest.json``, ``manifest.json.p7s``, ``<format>.p7s``, or ``<delivery id>/<format>``."""
    key: str
    size_bytes: int
    sha256: str
    media_type: str

    @property
    def extension(self) -> str:
        """Extension of the stored file."""
        return self.key.rpartition("/")[2].partition(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """Who in the organisation may see a report. The key that requested it and ``admin`` keys always may."""

    key_ids: tuple[str, ...] | None = None
    """None: every key of the organisation; else only these."""
    are_links_allowed: bool = True
    """Whether download links, which need no key, may be made."""

    @property
    def visibility(self) -> str:
        """``organization`` or ``keys``."""
        return "organization" if self.key_ids is None else "keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One report, from its request to its artifacts."""

    id: str
    organization: str
    name: str
    type: ReportType
    framework: str | None
    status: ReportStatus
    created_at: datetime
    created_by: str | None
    """Id of the key that requested it; None for the command line."""
    due_at: datetime
    """Earliest time to make it; equals ``created_at`` unless the request names a later time."""
    description: str = ""
    order: Mapping[str, Any] = field(default_factory=dict)
    """The request as JSON, read by ``policycortex.requests.request_from_json``. Empty in lists."""
    run_id: str | None = None
    """Dagster's run; None until one is launched."""
    started_at: datetime | None = None
    completed_at: datetime | None = None
    """When it ended: completed, failed or cancelled."""
    progress_pct: int = 0
    stage: str | None = None
    """A ``ReportStage``, ``rendering:<format>`` for a format; None unless it runs."""
    expected_at: datetime | None = None
    """When it was expected at its request; None where nothing was given."""
    failure: Failure | None = None
    summary: Mapping[str, Any] | None = None
    """Numbers of the first page, from the run; None until completed."""
    content: Mapping[str, Any] | None = None
    """``pages`` and ``sections`` [{name, pages}]; None until completed."""
    snapshot: str | None = None
    made_with: Mapping[str, Any] | None = None
    """``MadeWith`` as JSON; None until completed, and in reports of earlier versions. Empty in lists."""
    sharing: Sharing = Sharing()
    expires_at: datetime | None = None
    size_bytes: int = 0
    """Size of all artifacts together."""
    artifacts: tuple[ArtifactRow, ...] = ()
    """Empty in lists; there ``size_bytes`` has the total."""

    def artifact(self, report_format: str) -> ArtifactRow | None:
        """The file of that format; None when it was not made."""
        return next((a for a in self.artifacts if a.format == report_format), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFilter:
    """Which reports a list holds; None filters nothing. ``generated_*`` are bounds on ``completed_at``."""

    type: ReportType | None = None
    framework: str | None = None
    status: ReportStatus | None = None
    generated_after: datetime | None = None
    generated_before: datetime | None = None
    text: str | None = None
    """Text in name or description, case-insensitive."""
    reader: str | None = None
    """Id of the reading key; reports shared with other keys only are left out. None reads all."""

    @property
    def is_exact(self) -> bool:
        """True when it uses only the columns of the tally."""
        return self.generated_after is None and self.generated_before is None and not self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """A page of a list, and the number of reports in the whole list."""

    reports: tuple[ReportRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRow:
    """What an outside auditor may see, and until when."""

    id: str
    organization: str
    name: str
    """The auditor's, for people."""
    frameworks: tuple[str, ...]
    """Ids, sorted."""
    period: Period
    """Reports whose period is within it, and evidence of its days."""
    email: str | None
    """Of the person at the identity provider, casefolded. None: the link alone signs in."""
    note: str
    created_at: datetime
    created_by: str
    """Id of the key or person that made it."""
    expires_at: datetime
    revoked_at: datetime | None

    def is_valid_at(self, moment: datetime) -> bool:
        """Whether it is neither revoked nor expired at that time."""
        return moment < self.expires_at and (self.revoked_at is None or moment < self.revoked_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """An API key without its secret, which is stored only as a digest."""

    id: str
    organization: str
    name: str
    prefix: str
    """First characters, so that people can distinguish keys."""
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    """Accurate to a minute."""
    networks: tuple[str, ...] = ()
    """CIDR blocks from which it may be used; empty means any."""
    grant: GrantRow | None = None
    """What alone may be seen, of an outside auditor's identity. None: no such limit."""

    def is_valid_at(self, moment: datetime) -> bool:
        """Whether it is neither revoked nor expired at that time."""
        ends = [end for end in (self.expires_at, self.revoked_at) if end is not None]
        return all(moment < end for end in ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """A temporary download link; the token itself is stored only as a digest."""

    id: str
    organization: str
    report_id: str
    format: ReportFormat
    created_at: datetime
    created_by: str | None
    expires_at: datetime
    is_one_time: bool
    file_name: str | None = None
    """Name of a ``FileRow``, the copy marked for a delivery; None: the format's own file."""
    used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRow:
    """One access to one report."""

    report_id: str
    at: datetime
    action: str
    """``created, read, downloaded, link_created, link_used, shared, cancelled, deleted``."""
    actor: str
    """Key id, ``link:<id>`` or ``command line``."""
    address: str | None
    request_id: str | None
    format: str | None = None
