"""What is counted finding by finding: waived counts of the closing posture, and tables of a report's spooled findings.

Dimensions and failing checks are counted from the spooled file itself, so a report's tables cannot disagree.
"""

from pathlib import Path

import polars as pl

from policycortex.documents.tables import (
    AFFECTED_EXAMPLES,
    CHECK_COUNTS_SCHEMA,
    FAILING_CHECKS_SCHEMA,
    OWNER_TAGS,
    OWNERS_SCHEMA,
)
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.storage.lake.input_frames import DAILY_WAIVERS_SCHEMA, WAIVERS_SCHEMA, in_schema
from policycortex.storage.lake.period_end import daily_parameters, load_check_facts
from policycortex.storage.lake.scan_selection import closing_cursor, fetch_closing
from policycortex.storage.lake.session import LakeSession, fetch_frame


def load_waived(session: LakeSession, scope: Scope, period: Period, waivers: pl.DataFrame) -> pl.DataFrame:
    """See ``Lake.load_waived``."""
    frames = {"waivers": in_schema(waivers, WAIVERS_SCHEMA)}
    return fetch_closing(session, "waived", scope, period, frames=frames)


def load_daily_waived(session: LakeSession, scope: Scope, period: Period, waivers: pl.DataFrame) -> pl.DataFrame:
    """See ``Lake.load_daily_waived``."""
    frames = {"waivers": in_schema(waivers, DAILY_WAIVERS_SCHEMA)}
    return session.fetch("daily_waived", daily_parameters(scope, period), frames)


def load_dimensions(session: LakeSession, spooled: Path) -> pl.DataFrame:
    """See ``Lake.load_dimensions``."""
    return session.fetch("spooled_dimensions", {"path": str(spooled)})


def load_failing_checks(session: LakeSession, scope: Scope, period: Period, spooled: Path) -> pl.DataFrame:
    """See ``Lake.load_failing_checks``."""
    failing = session.fetch("spooled_failing", {"path": str(spooled), "examples": AFFECTED_EXAMPLES})
    facts = load_check_facts(session, scope, period, failing["check_id"].unique().to_list())
    texts = facts.select("provider", "check_id", "title", "remediation", "remediation_url", "risk")
    joined = failing.join(texts, on=["provider", "check_id"], how="left", maintain_order="left")
    return joined.select(FAILING_CHECKS_SCHEMA.names())


def load_check_counts(session: LakeSession, spooled: Path) -> pl.DataFrame:
    """See ``Lake.load_check_counts``."""
    return session.fetch("spooled_checks", {"path": str(spooled)}).cast(CHECK_COUNTS_SCHEMA)


def load_waiver_counts(
    session: LakeSession, spooled: Path, waivers: pl.DataFrame, framework_id: str | None
) -> pl.DataFrame:
    """See ``Lake.load_waiver_counts``."""
    frames = {"waivers": in_schema(waivers, WAIVERS_SCHEMA)}
    return session.fetch("spooled_waivers", {"path": str(spooled), "framework_id": framework_id}, frames)


def load_owners(session: LakeSession, scope: Scope, period: Period, spooled: Path) -> pl.DataFrame:
    """See ``Lake.load_owners``. Days before the closing posture's oldest are not opened."""
    with closing_cursor(session, scope, period) as (cursor, asked):
        owners = {
            "organization": scope.organization,
            "oldest_date": asked["first_date"],
            "last_date": period.last_date,
            "path": str(spooled),
            "owner_tags": list(OWNER_TAGS),
        }
        return fetch_frame(cursor, "closing_owners", owners).cast(OWNERS_SCHEMA)
