"""Waivers: what one covers, and which are in force at a time. The registry stores and approves them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

import polars as pl

from policycortex.names import Severity
from policycortex.scoring.approvals import ApprovalRecord

WAIVERS_SCHEMA: Final = pl.Schema(
    dict.fromkeys(("waiver_id", "framework", "requirement_id", "check_id", "account_id", "resource_glob"), pl.String())
)
"""Grain: one waiver in force; null means any. ``resource_glob`` supports ``*``, ``?`` and ``[...]``."""

DAILY_WAIVERS_SCHEMA: Final = pl.Schema({"observed_date": pl.Date(), **WAIVERS_SCHEMA})
"""Grain: one waiver in force on one UTC day."""


class WaiverKind(StrEnum):
    """Why a failing finding is accepted: the kinds of deviations in a plan of action, in FedRAMP's words."""

    OPERATIONAL_REQUIREMENT = "operational_requirement"
    """It cannot be corrected, because operations depend on it."""
    RISK_ADJUSTMENT = "risk_adjustment"
    """Its risk is another one than the scanner's severity says."""
    FALSE_POSITIVE = "false_positive"
    """The scanner is wrong."""
    VENDOR_DEPENDENCY = "vendor_dependency"
    """A vendor has to correct it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverScope:
    """Which failing findings are accepted; None means any. At least one of the last four is given."""

    framework: str | None = None
    requirement: str | None = None
    """In the framework's spelling."""
    check: str | None = None
    account: str | None = None
    resource: str | None = None
    """A case-sensitive glob over ``resource_uid``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver(ApprovalRecord):
    """A request to accept failing findings for some time, with its approval and revocation."""

    scope: WaiverScope
    kind: WaiverKind = WaiverKind.OPERATIONAL_REQUIREMENT
    adjusted_severity: Severity | None = None
    """The severity that the finding is stated to have; only of a risk adjustment."""


def waivers_in_force(waivers: Iterable[Waiver], at: datetime) -> pl.DataFrame:
    """Return the waivers in force at the last moment before ``at`` (WAIVERS_SCHEMA)."""
    rows = [_row(waiver) for waiver in waivers if waiver.holds_at(at)]
    return pl.DataFrame(rows, schema=WAIVERS_SCHEMA, orient="row")


def waivers_by_day(waivers: Iterable[Waiver], moments: Mapping[date, datetime]) -> pl.DataFrame:
    """Return the waivers in force for each day (DAILY_WAIVERS_SCHEMA); ``moments`` gives the time of each day."""
    candidates = list(waivers)
    rows = [(day, *_row(waiver)) for day, at in moments.items() for waiver in candidates if waiver.holds_at(at)]
    return pl.DataFrame(rows, schema=DAILY_WAIVERS_SCHEMA, orient="row")


def _row(waiver: Waiver) -> tuple[str | None, ...]:
    scope = waiver.scope
    return waiver.id, scope.framework, scope.requirement, scope.check, scope.account, scope.resource
