"""What a newer scan replaces: the limits of one scan, by format and tool. Pure; ``docs/scoring.md`` has the table.

A newer scan replaces an older one for the same source, account, scan target and check. The scan target is written as
text: ``repository=https://example.com/shop; framework=terraform``, ``region=eu-west-1``; "" is the whole account.
``storage/lake/sql/macros.sql`` selects by it. Where nothing names the target it is guessed so that two files are
rather about different targets: then no failing finding disappears.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from policycortex.findings.format import FindingsFormat, Limit
from policycortex.findings.model import CleanScan, Finding, Listing

_PROWLER: Final = "prowler"
PROWLER_WITHOUT_REGIONS: Final = frozenset(
    ("azure", "gcp", "m365", "github", "googleworkspace", "mongodbatlas", "cloudflare", "nhn", "iac", "llm")
)
"""Providers for which Prowler scans an account as a whole. On AWS it has ``--region``, on Kubernetes ``--namespace``
(its findings have the namespace as region)."""
_SECURITY_HUB: Final = "security hub"
_STATE_HOURS: Final = timedelta(hours=24)


class TargetOrigin(StrEnum):
    """How the target of a scan was found. The values are stored."""

    ACCOUNT = "account"
    """The file names account or region; the tool can be limited to nothing else."""
    FILE = "file"
    """The file names it."""
    GIVEN = "given"
    """The user named it for this file."""
    FOLDER = "folder"
    """It is the file's folder in the landing zone."""
    GUESSED = "guessed"
    """The file does not name it: folder and name of the file were taken, without dates and numbers of runs."""


class ScanFacts(NamedTuple):
    """What decides a scan's target and what it lists; fields as in ``Finding``."""

    source: str
    provider: str
    account_id: str
    region: str
    target: str
    target_part: str
    listing: Listing | None


def facts_of_finding(finding: Finding) -> ScanFacts:
    """The facts of a finding's scan."""
    return ScanFacts(
        finding.source,
        finding.provider,
        finding.account_id,
        finding.region,
        finding.target,
        finding.target_part,
        finding.listing,
    )


def facts_of_clean_scan(scan: CleanScan) -> ScanFacts:
    """The facts of a scan without findings; it names no region."""
    return ScanFacts(scan.source, "", scan.account_id, "", scan.target, scan.target_part, scan.listing)


class ScanTarget(NamedTuple):
    """A scan target and how it was found."""

    text: str
    origin: TargetOrigin


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedTarget:
    """One scan target of an imported file."""

    text: str
    origin: TargetOrigin
    findings: int
    """Findings of the file with this target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetHints:
    """What is known of a file beside its content."""

    given: str = ""
    """The name that the user gave its target; it counts before what the file names."""
    folder: str = ""
    """Its folder in the landing zone, below that of the organisation; used where the file names no target."""
    series: str = ""
    """See ``series_of_file``; used where nothing else names one."""


def limits_text(**limits: str | None) -> str:
    """A scan target as text, in the order given, without empty limits: ``cluster=c1; namespace=shop``."""
    return "; ".join(f"{name}={value}" for name, value in limits.items() if value)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRule:
    """Derives targets of the scans of one file."""

    format: FindingsFormat
    hints: TargetHints = field(default_factory=TargetHints)

    def target_of(self, scan: ScanFacts) -> ScanTarget:
        """The target of a scan."""
        place, origin = self._place(scan)
        region = scan.region if self._is_limited_to_region(scan) else ""
        text = "; ".join(part for part in (place, scan.target_part, limits_text(region=region)) if part)
        return ScanTarget(text, origin)

    def listing_of(self, scan: ScanFacts) -> Listing:
        """What the scan lists."""
        if scan.listing is not None:
            return scan.listing
        if scan.source == _PROWLER and self.format.listing is Listing.STATE:
            return Listing.RESULTS  # Prowler's ASFF has what it has just scanned
        return Listing.STATE if _SECURITY_HUB in scan.source else self.format.listing

    def _place(self, scan: ScanFacts) -> ScanTarget:
        if self.hints.given:
            return ScanTarget(limits_text(target=self.hints.given), TargetOrigin.GIVEN)
        if scan.target:
            return ScanTarget(scan.target, TargetOrigin.FILE)
        if scan.account_id:
            return ScanTarget("", TargetOrigin.ACCOUNT)
        if self.hints.folder:
            return ScanTarget(limits_text(folder=self.hints.folder), TargetOrigin.FOLDER)
        return ScanTarget(limits_text(file=self.hints.series), TargetOrigin.GUESSED)

    def _is_limited_to_region(self, scan: ScanFacts) -> bool:
        if scan.source == _PROWLER and scan.provider in PROWLER_WITHOUT_REGIONS:
            return False
        return Limit.REGION in self.format.limits


_ORIGINS: Final = {
    TargetOrigin.ACCOUNT: "named by the file",
    TargetOrigin.FILE: "named by the file",
    TargetOrigin.GIVEN: "as given",
    TargetOrigin.FOLDER: "the folder in the landing zone",
    TargetOrigin.GUESSED: "guessed from the folder and name of the file; give the target to be sure",
}
_TARGETS_SHOWN: Final = 3


def describe_targets(targets: Sequence[ImportedTarget]) -> str:
    """One line for people: ``scan target file=shop (guessed from ...)``; "" for a file about whole accounts."""
    by_origin: dict[str, list[str]] = {}
    for target in targets:
        if target.text:
            by_origin.setdefault(_ORIGINS[target.origin], []).append(target.text)
    parts = []
    for origin, texts in by_origin.items():
        more = len(texts) - _TARGETS_SHOWN
        shown = ", ".join(texts[:_TARGETS_SHOWN]) + (f" and {more} more" if more > 0 else "")
        parts.append(f"{'scan target' if len(texts) == 1 else 'scan targets'} {shown} ({origin})")
    return "; ".join(parts)


def export_time(newest: datetime, written_at: datetime) -> datetime:
    """When an export of a service's state was made, from its newest finding and the time of the file.

    Services renew their findings within a day, so a file that is written later than that was copied: then its time
    says nothing, and the newest finding's time is used.
    """
    return written_at if newest <= written_at <= newest + _STATE_HOURS else newest
