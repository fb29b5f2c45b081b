"""The plan of action of a report: what was read for it, and its items as rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import polars as pl

from policycortex.documents.milestones import MilestoneChange, StatedMilestone
from policycortex.scoring.poam import NumberedWeakness
from policycortex.scoring.waivers import Waiver, WaiverKind


class ItemStatus(StrEnum):
    """Whether a scan found that the item no longer fails."""

    OPEN = "open"
    CLOSED = "closed"


class Deviation(StrEnum):
    """Why an open item is not corrected, in FedRAMP's words."""

    OPERATIONAL_REQUIREMENT = "operational_requirement"
    """Waivers in force accept all that fails."""
    OPERATIONAL_REQUIREMENT_IN_PART = "operational_requirement_in_part"
    """They accept some of it."""
    RISK_ADJUSTMENT = "risk_adjustment"
    RISK_ADJUSTMENT_IN_PART = "risk_adjustment_in_part"
    FALSE_POSITIVE = "false_positive"
    FALSE_POSITIVE_IN_PART = "false_positive_in_part"
    VENDOR_DEPENDENCY = "vendor_dependency"
    VENDOR_DEPENDENCY_IN_PART = "vendor_dependency_in_part"
    SEVERAL = "several"
    """Waivers of several kinds accept all that fails."""
    SEVERAL_IN_PART = "several_in_part"

    @property
    def is_whole(self) -> bool:
        """Whether all that fails is accepted."""
        return not self.value.endswith("_in_part")


@dataclass(frozen=True, slots=True, kw_only=True)
class PoamEvidence:
    """What the plan of action of a report is made from."""

    weaknesses: tuple[NumberedWeakness, ...]
    """In scope, as known at the end of the period, in the order of their opening."""
    known: pl.DataFrame
    """Texts and mappings of failed checks: source, provider, account_id, check_id, mapping_id, observed_at, texts."""
    relations: pl.DataFrame | None
    """provider, check_id, mapping_id and requirement_id; None without a framework."""
    failing: pl.DataFrame
    """Failing findings of the period-end posture by check, account and requirement."""
    owners: pl.DataFrame
    """Owners of failing resources by check and account, most resources first."""
    waivers: Mapping[str, Waiver]
    """Each waiver in force by its id."""
    milestones: tuple[StatedMilestone, ...] = ()
    """Those of the report's frameworks and of whole weaknesses, oldest first; requirements as the report names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneStatement:
    """What a person stated of a milestone at one time."""

    id: str
    change: MilestoneChange | None
    """What it did to the statement before; None: the first one."""
    text: str
    due_on: date | None
    """None: it says that the milestone was completed."""
    done_on: date | None
    author: str
    author_name: str
    author_role: str | None
    made_at: datetime

    @property
    def signature(self) -> str:
        """Name and role of the author, for readers."""
        return f"{self.author_name} ({self.author_role})" if self.author_role else self.author_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """One step of an item, as it is now: by its newest text and day."""

    title: str
    due_on: date | None
    """None: no day is set."""
    done_on: date | None
    statements: tuple[MilestoneStatement, ...] = ()
    """Of people, oldest first; empty for a step that every item has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoamItem:
    """One item of a plan of action: a weakness and a requirement that it fails."""

    number: str
    """``POAM-00012/CC6.1``; ``POAM-00012`` without a framework. Without a number yet ``POAM-new``."""
    weakness: str
    """``POAM-00012``."""
    requirement: str | None
    requirement_title: str
    status: ItemStatus
    severity: str
    check_id: str
    title: str
    description: str
    risk: str
    provider: str
    account_id: str
    service: str
    source: str
    """The scanner."""
    opened_on: date
    due_on: date
    is_overdue: bool
    """Whether it is open after the day on which it was due."""
    closed_on: date | None
    previous: str | None
    """Number of the weakness that was closed before this one; None for the first."""
    merged: tuple[str, ...]
    """Other numbers of this weakness."""
    deviation: Deviation | None
    waivers: tuple[str, ...]
    """Ids of the waivers in force that accept some of it."""
    rationale: tuple[str, ...]
    """Their reasons."""
    is_muted: bool
    """Whether the scanner mutes all that fails."""
    failing: int | None
    """Failing findings at the end of the period; None: closed, or not scanned in the period."""
    waived: int | None
    """Those of them that waivers accept."""
    resource_count: int | None
    resources: tuple[str, ...]
    """Uids of failing resources by name, the first ones where there are many."""
    owners: tuple[str, ...]
    """By the resources' tags, most resources first."""
    remediation: str
    remediation_url: str
    milestones: tuple[Milestone, ...]
    as_of: datetime
    """Until when scans were read."""
    deviation_kinds: tuple[WaiverKind, ...] = ()
    """Kinds of the waivers in force that accept some of it, in the order of ``WaiverKind``."""
    adjusted_severity: str | None = None
    """The worst severity that risk adjustments of it state; None: there is none."""
