"""What the UI draws between columns exists on both ends."""

import dagster as dg
import pytest

from pipelines.definitions import defs
from pipelines.lineage import column_lineage
from pipelines.tables import columns_of

WITHOUT_SOURCE = {
    "framework_id", "edition", "framework_version", "crosswalk_version", "model", "model_version", "requirement_no",
    "total",
    "previous_date", "dimension", "label", "risk_version", "scan_at", "number", "numbered_at",
}  # fmt: skip
"""From the framework, the model, the calendar or what was counted before, not from a column upstream."""


@pytest.mark.parametrize("group", ["posture", "analytics"])
def test_every_computed_column_comes_from_columns_that_exist(group: str) -> None:
    """Upstream tables are among the asset's own dependencies or theirs."""
    specs = {spec.key: spec for spec in defs.resolve_all_asset_specs()}
    for key, spec in specs.items():
        if spec.group_name != group or spec.partitions_def is None:
            continue
        lineage = column_lineage(key)["dagster/column_lineage"].deps_by_column
        own = columns_of(".".join(key.path))
        assert set(lineage) <= own, key
        assert own - set(lineage) <= WITHOUT_SOURCE, key
        for dep in (dep for made in lineage.values() for dep in made):
            assert dep.column_name in columns_of(".".join(dep.asset_key.path)), (key, dep)


def test_what_scanners_bring_comes_from_nowhere() -> None:
    """Raw tables and findings have no lineage."""
    assert column_lineage(dg.AssetKey(["core", "findings"])) == {}
