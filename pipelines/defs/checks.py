"""Asset checks: counts that must agree between layers. Each result has its evidence, passed or not."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import dagster as dg
import polars as pl

from pipelines.defs.ingest import IMPORTS
from pipelines.metadata import frame_table
from pipelines.resources import CoreResource
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake

_IMPORTS_READ: Final = 50

CHECK_TALLIES = dg.AssetKey(["marts", "check_tallies"])

layers_agree = dg.AssetCheckSpec(
    name="layers_agree",
    asset=CHECK_TALLIES,
    description="Of each day: distinct findings in core, finding state, scan coverage and tallies are the same number.",
)
"""Evaluated by the rebuild for the days that it rebuilt; a separate asset check would not know them."""


@dg.asset_check(
    asset=IMPORTS,
    name="records_reconcile",
    description=f"Of the newest {_IMPORTS_READ} imports: records read = kept + quarantined, and as many rows are "
    "stored as the receipt says.",
)
def records_reconcile(core: CoreResource) -> dg.AssetCheckResult:
    """Reads the days of these imports only, so that it costs the same after years."""
    return check_imports_reconcile(core.settings())


def check_imports_reconcile(settings: Settings) -> dg.AssetCheckResult:
    """The result of ``records_reconcile``."""
    with open_lake(settings) as lake:
        totals = lake.reconciliation.load_import_totals(newest=_IMPORTS_READ)
    numbers = {f"records_{name}": int(totals[name].sum()) for name in ("read", "kept", "quarantined")}
    return _judge(totals, {"imports": totals.height, **numbers})


def check_layers(settings: Settings, days: Sequence[date]) -> dg.AssetCheckResult:
    """The result of ``layers_agree`` for these days."""
    with open_lake(settings) as lake:
        layers = lake.reconciliation.load_reconciliation(days)
    numbers = {"days": layers["observed_date"].n_unique(), "findings": int(layers["distinct_findings"].sum())}
    return _judge(layers, numbers, layers_agree)


def _judge(rows: pl.DataFrame, numbers: dict[str, int], spec: dg.AssetCheckSpec | None = None) -> dg.AssetCheckResult:
    broken = rows.filter(~pl.col("is_reconciled"))
    return dg.AssetCheckResult(
        passed=broken.is_empty(),
        asset_key=spec.asset_key if spec else None,
        check_name=spec.name if spec else None,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"{broken.height} of {rows.height} rows do not agree",
        metadata=numbers | {"broken": frame_table(broken)},
    )


CHECKS = (records_reconcile,)
