"""Short constructors of finding states, for tests that compare two dates."""

from collections.abc import Iterable

import polars as pl

from policycortex.scoring.changes_model import COVERED_SCHEMA, STATE_SCHEMA, PostureSide

RELATION_COLUMNS = dict.fromkeys(("provider", "check_id", "mapping_id", "requirement_id"), pl.String)


def state(  # one finding; a test names only the fields it needs
    check: str = "c1",
    resource: str = "r1",
    status: str = "FAIL",
    *,
    account: str = "acc",
    region: str = "eu",
    severity: str = "high",
    is_muted: bool = False,
    is_waived: bool = False,
    is_in_scope: bool = True,
    source: str = "prowler",
    environment: str = "production",
    target: str | None = None,
) -> tuple[object, ...]:
    """A row of STATE_SCHEMA."""
    flags = (is_muted, is_waived, is_in_scope)
    return (source, "aws", account, region, check, resource, "m", severity, status, *flags, environment, target)


def side(
    rows: Iterable[tuple[object, ...]],
    *,
    checks: Iterable[str] | None = None,
    related: Iterable[str] | None = None,
    regions: Iterable[str] = ("eu",),
) -> PostureSide:
    """One date. ``checks`` are those scanned, in account ``acc`` and ``regions``; None: those that have findings."""
    states = pl.DataFrame(list(rows), schema=STATE_SCHEMA, orient="row")
    seen = states.select(COVERED_SCHEMA.names())
    if checks is not None:
        looked = [("prowler", "acc", None, region, check) for check in checks for region in regions]
        seen = pl.DataFrame(looked, schema=COVERED_SCHEMA, orient="row")
    relations = None
    if related is not None:
        rows_ = [("aws", check, "m", "R1") for check in related]
        relations = pl.DataFrame(rows_, schema=RELATION_COLUMNS, orient="row")
    return PostureSide(states=states, covered=seen.unique(), relations=relations)
