"""Findings through the assets on a real instance and a real lake: what is stored, reported and checked."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.defs.checks import check_layers
from policycortex.findings.samples import write_samples
from policycortex.period import Period
from policycortex.settings import Settings
from policycortex.storage.lake.attach import connect_lake
from tests.support.backends import FOLDER_ALONE
from tests.support.day_runs import day_tags

DAY = date(2024, 1, 15)
PER_SCAN = 12


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Two scans of one account, a day apart, one bad record in all."""
    period = Period.of_days(DAY, date(2024, 1, 16))
    made = write_samples(
        tmp_path / "in", period=period, every_days=1, findings_per_scan=PER_SCAN, clouds=("aws",), bad_records=1
    )
    return [str(path) for path in made]


@pytest.fixture
def imported(defs: dg.Definitions, instance: dg.DagsterInstance, files: list[str]) -> dg.ExecuteInProcessResult:
    """The files imported by the job."""
    config = {"ops": {"imports": {"config": {"paths": files}}}}
    return defs.resolve_job_def("ingest_findings").execute_in_process(instance=instance, run_config=config)


def refresh(defs: dg.Definitions, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """Both days as one run."""
    tags = day_tags(instance, DAY, date(2024, 1, 16))
    return defs.resolve_job_def("refresh_posture").execute_in_process(instance=instance, tags=tags)


def break_a_layer(settings: Settings, statement: str) -> None:
    """Damage the lake as no code of ours would."""
    connection = connect_lake(settings)
    connection.execute(statement)
    connection.close()


def test_an_import_tells_its_counts_and_reports_the_days_it_touched(
    imported: dg.ExecuteInProcessResult, instance: dg.DagsterInstance
) -> None:
    """24 findings kept, one record quarantined, two days of core/findings in the UI; read = kept + quarantined."""
    materialized = imported.asset_materializations_for_node("imports")
    metadata = next(m.metadata for m in materialized if m.asset_key == dg.AssetKey(["raw", "imports"]))
    counts = {name: metadata[f"records_{name}"].value for name in ("read", "kept", "quarantined")}
    assert counts == {"read": 2 * PER_SCAN + 1, "kept": 2 * PER_SCAN, "quarantined": 1}
    assert instance.get_materialized_partitions(dg.AssetKey(["core", "findings"])) == {"2024-01-15", "2024-01-16"}
    evaluation = evaluation_of(imported, "records_reconcile")
    assert evaluation.passed
    assert evaluation.metadata["records_read"].value == 2 * PER_SCAN + 1


def evaluation_of(done: dg.ExecuteInProcessResult, check: str) -> dg.AssetCheckEvaluation:
    """The run's evaluation of the check of that name."""
    (evaluation,) = (each for each in done.get_asset_check_evaluations() if each.check_name == check)
    return evaluation


@FOLDER_ALONE
@pytest.mark.usefixtures("imported")
def test_a_range_of_days_is_one_run_whose_layers_agree_and_again_changes_nothing(
    defs: dg.Definitions, instance: dg.DagsterInstance, settings: Settings
) -> None:
    """Each of the daily assets has both days, each with its own rows and scores; the asset check passes.

    A second run leaves the same rows in every table.
    """
    done = refresh(defs, instance)
    assert_both_days(done, defs, instance)
    before = rows_of(settings)
    assert refresh(defs, instance).success
    assert rows_of(settings) == before


def assert_both_days(done: dg.ExecuteInProcessResult, defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    """What the run tells of its two days."""
    assert done.success
    for key in defs.resolve_job_def("refresh_posture").asset_layer.executable_asset_keys:
        assert instance.get_materialized_partitions(key) == {"2024-01-15", "2024-01-16"}, key
    evaluation = evaluation_of(done, "layers_agree")
    assert evaluation.passed
    assert evaluation.metadata["findings"].value == 2 * PER_SCAN
    rows = facts_by_day(done, "days", "core/finding_state")
    assert {day: facts["dagster/partition_row_count"].value for day, facts in rows.items()} == dict.fromkeys(
        rows, PER_SCAN
    )
    scores = facts_by_day(done, "scores", "marts/framework_scores")
    assert [day for day, facts in scores.items() if "scores_by_day" in facts] == ["2024-01-16"]  # the chart, once a run
    for facts in scores.values():
        assert f"| default | soc2 | {facts['soc2_pct'].value:.1f} % |" in str(facts["scores"].value)
        assert str(facts["scores"].value).count("| soc2 |") == 1
        assert "nist_csf_pct" not in facts  # of many frameworks, the standing ones have a plot


def facts_by_day(done: dg.ExecuteInProcessResult, node: str, asset: str) -> dict[str, Mapping[str, Any]]:
    """Metadata of each partition that the run materialized."""
    found = done.asset_materializations_for_node(node)
    return {m.partition or "": m.metadata for m in found if m.asset_key == dg.AssetKey.from_user_string(asset)}


@FOLDER_ALONE
@pytest.mark.usefixtures("imported")
def test_a_lost_row_fails_the_check_with_its_evidence(
    defs: dg.Definitions, instance: dg.DagsterInstance, settings: Settings
) -> None:
    """Rows vanish from the tallies; the check names the day and both numbers."""
    refresh(defs, instance)
    break_a_layer(settings, "DELETE FROM lake.marts.check_tallies WHERE observed_date = DATE '2024-01-15'")
    found = check_layers(settings, [DAY])
    assert not found.passed
    assert "2024-01-15" in str(found.metadata["broken"].value)


@FOLDER_ALONE
def test_a_lost_finding_fails_the_reconciliation(
    imported: dg.ExecuteInProcessResult, defs: dg.Definitions, instance: dg.DagsterInstance, settings: Settings
) -> None:
    """The check can be run alone, later, and tells that a receipt promises more than is stored."""
    assert imported.success
    break_a_layer(settings, "DELETE FROM lake.core.findings WHERE observed_date = DATE '2024-01-16'")
    check = dg.AssetCheckKey(dg.AssetKey(["raw", "imports"]), "records_reconcile")
    job = defs.resolve_implicit_global_asset_job_def()
    selection = job.get_subset(asset_selection=set(), asset_check_selection={check})
    (evaluation,) = selection.execute_in_process(instance=instance).get_asset_check_evaluations()
    assert not evaluation.passed


@FOLDER_ALONE
def test_a_file_that_cannot_be_read_fails_the_run_for_good(
    defs: dg.Definitions, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """The failure tells what to do and forbids retries."""
    path = tmp_path / "empty.json"
    path.touch()
    config = {"ops": {"imports": {"config": {"paths": [str(path)]}}}}
    job = defs.resolve_job_def("ingest_findings")
    with pytest.raises(dg.Failure, match=r"empty\.json is empty") as caught:
        job.execute_in_process(instance=instance, run_config=config)
    assert not caught.value.allow_retries


def rows_of(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    """All rows of the judged tables."""
    connection = connect_lake(settings)
    tables = ("core.finding_state", "marts.check_tallies", "marts.requirement_results", "marts.framework_scores")
    found = {table: connection.execute(f"FROM lake.{table} ORDER BY ALL").fetchall() for table in tables}
    connection.close()
    return found
