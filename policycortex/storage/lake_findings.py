"""What is read finding by finding: the spooled findings of a report and what is counted from them, waived counts.

Dimensions and failing checks are counted from the spooled file itself, so a report's tables cannot disagree.
"""

from pathlib import Path
from typing import Final
from uuid import uuid4

import polars as pl

from policycortex.documents.evidence import FAILING_CHECKS_SCHEMA
from policycortex.errors import UnavailableError
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.storage.lake_closing import load_check_facts, scope_parameters
from policycortex.storage.lake_session import LakeSession, sql

RELATIONS_SCHEMA: Final = pl.Schema(
    {
        "provider": pl.String,
        "check_id": pl.String,
        "mapping_id": pl.String,
        "requirement_id": pl.String,
        "ordinal": pl.Int64,
    }
)
"""Grain: one requirement that the crosswalk gives a tally key; ``ordinal`` is its place in the framework."""

WAIVERS_SCHEMA: Final = pl.Schema(
    dict.fromkeys(("waiver_id", "framework", "requirement_id", "check_id", "account_id", "resource_glob"), pl.String)
)
"""Grain: one waiver that holds; null means any. ``resource_glob`` knows ``*``, ``?`` and ``[...]``."""


def load_waived(session: LakeSession, scope: Scope, period: Period, waivers: pl.DataFrame) -> pl.DataFrame:
    """See ``Lake.load_waived``."""
    frames = {"waivers": _in_schema(waivers, WAIVERS_SCHEMA)}
    return session.fetch("waived", scope_parameters(scope, period), frames)


def spool_findings(
    session: LakeSession,
    scope: Scope,
    period: Period,
    *,
    path: Path,
    relations: pl.DataFrame | None,
    framework_id: str | None,
    waivers: pl.DataFrame | None,
) -> int:
    """See ``Lake.spool_findings``."""
    frames = {
        "relations": _in_schema(relations, RELATIONS_SCHEMA),
        "waivers": _in_schema(waivers, WAIVERS_SCHEMA),
    }
    parameters = scope_parameters(scope, period) | {
        "is_related": relations is not None,
        "framework_id": framework_id,
        "path": str(path.with_name(f".{path.name}.{uuid4().hex}")),
    }
    part = Path(parameters["path"])
    copy = f"COPY ({sql('closing_findings')}) TO $path (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20000)"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with session.cursor(frames) as cursor:
            row = cursor.execute(copy, parameters).fetchone()
        part.replace(path)
    except OSError as error:
        raise UnavailableError(f"cannot write findings to {path}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return int(row[0]) if row else 0


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


def _in_schema(frame: pl.DataFrame | None, schema: pl.Schema) -> pl.DataFrame:
    return pl.DataFrame(schema=schema) if frame is None else frame.select(schema.names()).cast(schema)
