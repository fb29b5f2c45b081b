"""What is counted finding by finding: waived counts of the closing posture, and tables of a report's spooled findings.

Dimensions and failing checks are counted from the spooled file itself, so a report's tables cannot disagree.
"""

from pathlib import Path

import polars as pl

from policycortex.documents.evidence import FAILING_CHECKS_SCHEMA
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.storage.lake_closing import load_check_facts, scope_parameters
from policycortex.storage.lake_frames import DAILY_WAIVERS_SCHEMA, WAIVERS_SCHEMA, in_schema
from policycortex.storage.lake_session import LakeSession


def load_waived(session: LakeSession, scope: Scope, period: Period, waivers: pl.DataFrame) -> pl.DataFrame:
    """See ``Lake.load_waived``."""
    frames = {"waivers": in_schema(waivers, WAIVERS_SCHEMA)}
    return session.fetch("waived", scope_parameters(scope, period), frames)


def load_daily_waived(session: LakeSession, scope: Scope, period: Period, waivers: pl.DataFrame) -> pl.DataFrame:
    """See ``Lake.load_daily_waived``."""
    frames = {"waivers": in_schema(waivers, DAILY_WAIVERS_SCHEMA)}
    return session.fetch("daily_waived", scope_parameters(scope, period), frames)


def load_dimensions(session: LakeSession, spooled: Path) -> pl.DataFrame:
    """See ``Lake.load_dimensions``."""
    return session.fetch("spooled_dimensions", {"path": str(spooled)})


def load_failing_checks(session: LakeSession, scope: Scope, period: Period, spooled: Path) -> pl.DataFrame:
    """See ``Lake.load_failing_checks``."""
    failing = session.fetch("spooled_failing", {"path": str(spooled)})
    facts = load_check_facts(session, scope, period, failing["check_id"].unique().to_list())
    texts = facts.select("provider", "check_id", "title", "remediation", "remediation_url", "risk")
    joined = failing.join(texts, on=["provider", "check_id"], how="left", maintain_order="left")
    return joined.select(FAILING_CHECKS_SCHEMA.names())
