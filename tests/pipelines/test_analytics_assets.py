"""Ages, risk and changes through their assets, on a real instance and a real lake."""

from datetime import date, timedelta

import dagster as dg
import pytest

from pipelines.defs.analytics import ANALYTICS
from policycortex.names import Severity
from policycortex.period import Period
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from tests.support.day_runs import day_tags
from tests.support.samples.lake import ORGANIZATION, finding, import_findings

FIRST = date(2026, 1, 5)
DAYS = [FIRST, FIRST + timedelta(days=2)]


@pytest.fixture
def refreshed(defs: dg.Definitions, instance: dg.DagsterInstance, settings: Settings) -> dg.ExecuteInProcessResult:
    """Two scanned days with one between; the worse of two findings is mended on the second."""
    with open_lake(settings) as lake:
        for day, status in zip(DAYS, ("FAIL", "PASS"), strict=True):
            worse = finding(day, "c1", "a", status, severity=Severity.CRITICAL)
            import_findings(lake, [worse, finding(day, "c1", "b", "FAIL", severity=Severity.LOW)])
    tags = day_tags(instance, *DAYS)
    return defs.resolve_job_def("refresh_posture").execute_in_process(instance=instance, tags=tags)


def test_a_range_is_built_in_one_run(
    refreshed: dg.ExecuteInProcessResult, instance: dg.DagsterInstance, settings: Settings
) -> None:
    """Every scanned day of the window is materialized with its own facts, and the lake holds what was built."""
    assert refreshed.success
    for key in ANALYTICS:
        assert len(instance.get_materialized_partitions(key)) == 2, key
    materialized = refreshed.asset_materializations_for_node("analytics")
    facts = {m.partition: m.metadata for m in materialized if m.asset_key == ANALYTICS[2]}
    assert {day: found["failing"].value for day, found in facts.items()} == {"2026-01-05": 2, "2026-01-07": 1}
    assert {found["days_in_run"].value for found in facts.values()} == {2}
    table = str(facts["2026-01-07"]["analytics"].value)
    assert table.count("default") == 1
    assert table.endswith("| 1 | 2026-01-05 |")
    assert_the_lake_holds_risk_and_changes(settings)


def assert_the_lake_holds_risk_and_changes(settings: Settings) -> None:
    """Risk by day falls, and its change is one fixed finding, for all findings and every framework alike."""
    period = Period.of_days(DAYS[0], DAYS[-1])
    with open_lake(settings) as lake:
        risk = lake.analytics.load_risk_history(ORGANIZATION, period, dimension="total", label="")
        changes = lake.analytics.load_changes(ORGANIZATION, None, period)
        of_soc2 = lake.analytics.load_changes(ORGANIZATION, "soc2", period)
    assert risk["observed_date"].to_list() == DAYS
    assert risk["value"][1] < risk["value"][0]
    fixed = changes.filter(changes["cause"] == "fixed").row(0, named=True)
    assert (fixed["observed_date"], fixed["previous_date"], fixed["points"]) == (DAYS[1], DAYS[0], "50")
    assert set(of_soc2["findings"]) == {0}
