"""What results rest on, as rows: all findings of each check, and the waivers that hold."""

from collections.abc import Iterable, Iterator

import polars as pl

from policycortex.documents.evidence import WaiverInForce
from policycortex.documents.model import CheckResult, WaiverRow
from policycortex.scoring.waivers import WaiverScope


def check_rows(counted: pl.DataFrame) -> tuple[CheckResult, ...]:
    """``counted`` (CHECK_COUNTS_SCHEMA) as rows, in its order; texts a scanner did not give are ""."""
    filled = counted.with_columns(pl.col("title", "service").fill_null(""))
    return tuple(CheckResult(**row | {"scanners": tuple(row["scanners"])}) for row in filled.iter_rows(named=True))


def waiver_rows(waivers: Iterable[WaiverInForce]) -> tuple[WaiverRow, ...]:
    """Most findings first, then the one that ends first."""
    rows = [
        WaiverRow(
            id=each.waiver.id,
            reason=each.waiver.reason,
            approver=each.waiver.approved_by or "",
            scope=describe_scope(each.waiver.scope),
            valid_from=each.waiver.valid_from,
            valid_until=each.waiver.valid_until,
            findings=each.findings,
        )
        for each in waivers
    ]
    return tuple(sorted(rows, key=lambda row: (-row.findings, row.valid_until, row.id)))


def describe_scope(scope: WaiverScope) -> str:
    """``framework soc2, requirement CC6.1, check s3_x``: the API's own words, as far as they were given."""
    return ", ".join(_given(scope))


def _given(scope: WaiverScope) -> Iterator[str]:
    for name in ("framework", "requirement", "check", "account", "resource"):
        value = getattr(scope, name)
        if value is not None:
            yield f"{name} {value}"
