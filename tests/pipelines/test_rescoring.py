"""A framework that is re-mapped rescores past days from tallies, without the findings themselves."""

from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from pipelines.defs.waivers import changed_frameworks
from pipelines.resources import CoreResource
from policycortex.errors import ConfigurationError
from policycortex.period import Period
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.lake.upgrade import upgrade
from policycortex.storage.registry import open_registry
from policycortex.workflow.analytics_days import load_unbuilt_days, rebuild_analytics
from policycortex.workflow.custom_frameworks import add_framework, check_framework
from policycortex.workflow.ingest import ingest_files
from policycortex.workflow.posture import load_rescore_days, rebuild_days, rescore_days, score_days
from tests.support.backends import FOLDER_ALONE, remove_lake_files
from tests.support.day_runs import day_tags
from tests.support.stored_scores import stored_scores
from tests.unit.findings.ocsf_records import array_text, ocsf_record

DAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 24, tzinfo=UTC)
REMAP = '{"id": "soc2", "crosswalk": {"checks": {"aws": {"s3_bucket_public_access": ["CC7.2"]}}}}'


@pytest.fixture
def scanned(settings: Settings, tmp_path: Path) -> Settings:
    """Three failing findings of one check, judged; then the raw findings are deleted from the disk."""
    scan = tmp_path / "scan.json"
    scan.write_bytes(array_text([ocsf_record(n) for n in range(3)]))
    ingest_files(settings, [scan], organization="default", now=NOW)
    rebuild_days(settings, [DAY])
    score_days(settings, [DAY], now=NOW)
    rebuild_analytics(settings, [DAY], now=NOW)
    assert remove_lake_files(settings, "core/findings/")
    return settings


def write(folder: Path, name: str, text: str) -> Path:
    """A framework file somewhere."""
    path = folder / name
    path.write_text(text)
    return path


def failing(settings: Settings) -> dict[str, int]:
    """Failed findings by requirement of soc2 in the scanner edition, as kept for the day."""
    with open_lake(settings) as lake:
        session = lake.session
        with session.cursor() as cursor:
            query = "SELECT requirement_id, failed FROM lake.marts.requirement_results "
            query += "WHERE framework_id = 'soc2' AND edition = 'scanner'"
            rows: pl.DataFrame = cursor.execute(query).pl()
    return {row["requirement_id"]: row["failed"] for row in rows.to_dicts() if row["failed"]}


@FOLDER_ALONE
def test_a_remapped_framework_judges_history_without_its_findings(scanned: Settings, tmp_path: Path) -> None:
    """The check spoke to several requirements, now to CC7.2 alone; then nothing is left to do."""
    assert failing(scanned)["CC6.1"] == 3
    assert load_rescore_days(scanned) == ()
    add_framework(scanned, write(tmp_path, "mine.json", REMAP), None)
    assert load_rescore_days(scanned) == (DAY,)
    rescore_days(scanned, now=NOW)
    assert failing(scanned) == {"CC7.2": 3}
    assert load_rescore_days(scanned) == ()


def test_an_upload_rescores_its_organisation(scanned: Settings) -> None:
    """And is kept among the day's scores."""
    own_framework = b'{"id": "own", "name": "Own", "version": "1", "requirements": [{"id": "1", "title": "x"}]}'
    with closing(open_registry(scanned)) as registry:
        registry.frameworks.put_framework("other", "own", own_framework, uploaded_by=None, now=NOW)
        assert load_rescore_days(scanned) == ()
        registry.frameworks.put_framework("default", "own", own_framework, uploaded_by=None, now=NOW)
    assert {score.framework_id for score in rescore_days(scanned, now=NOW)} >= {"own", "soc2"}
    with open_lake(scanned) as lake:
        assert len(stored_scores(lake, "own")) == 4


@FOLDER_ALONE
def test_the_sensor_asks_once_for_a_change(
    scanned: Settings, tmp_path: Path, instance: dg.DagsterInstance, defs: dg.Definitions
) -> None:
    """A run over the days concerned, which reads no findings; not again for the same frameworks."""
    core = CoreResource(home=str(scanned.home))

    def look(cursor: str | None) -> tuple[list[dg.RunRequest], str | None]:
        with dg.build_sensor_context(instance=instance, cursor=cursor, resources={"core": core}) as context:
            found: Any = changed_frameworks(context)
            return [each for each in found if isinstance(each, dg.RunRequest)], context.cursor

    requests, cursor = look(None)
    assert requests == []
    add_framework(scanned, write(tmp_path, "mine.json", REMAP), None)
    [request], cursor = look(cursor)
    assert (request.job_name, request.tags) == ("rescore_posture", day_tags(instance, DAY))
    run = defs.resolve_job_def("rescore_posture").execute_in_process(instance=instance, tags=request.tags)
    assert run.success
    assert failing(scanned) == {"CC7.2": 3}
    assert look(cursor)[0] == []


def test_days_whose_figures_an_upgrade_removed_are_built_again(
    settings: Settings, tmp_path: Path, instance: dg.DagsterInstance, defs: dg.Definitions
) -> None:
    """The first evaluation of a new version asks for them, once; the run computes scores, risk and changes.

    The upgrade from version 5 runs on a folder, and on Postgres and S3.
    """
    scan = tmp_path / "scan.json"
    scan.write_bytes(array_text([ocsf_record(n) for n in range(3)]))
    ingest_files(settings, [scan], organization="default", now=NOW)
    rebuild_days(settings, [DAY])
    score_days(settings, [DAY], now=NOW)
    rebuild_analytics(settings, [DAY], now=NOW)
    assert load_unbuilt_days(settings) == ()
    with open_lake(settings) as lake:
        upgrade(lake.session, 5)
        assert not stored_scores(lake, "soc2")
    core = CoreResource(home=str(settings.home))
    with dg.build_sensor_context(instance=instance, cursor="older", resources={"core": core}) as context:
        found: Any = changed_frameworks(context)
        [request] = [each for each in found if isinstance(each, dg.RunRequest)]
        again: Any = changed_frameworks(context)
        assert not [each for each in again if isinstance(each, dg.RunRequest)]
    assert (request.job_name, request.tags) == ("refresh_posture", day_tags(instance, DAY))
    run = defs.resolve_job_def("refresh_posture").execute_in_process(instance=instance, tags=request.tags)
    assert run.success
    assert (load_unbuilt_days(settings), load_rescore_days(settings)) == ((), ())
    assert failing(settings)["CC6.1"] == 3


@FOLDER_ALONE
def test_a_file_that_does_not_fit_the_folder_is_refused(settings: Settings, tmp_path: Path) -> None:
    """The same id under another name, or nonsense: refused before anything is written, and the folder stays usable."""
    own_framework = '{"id": "own", "name": "Own", "version": "1", "requirements": [{"id": "1", "title": "x"}]}'
    settings.custom_frameworks_dir.mkdir(parents=True)
    write(settings.custom_frameworks_dir, "by-hand.yaml", own_framework)
    with pytest.raises(ConfigurationError, match=r"by-hand\.yaml"):
        add_framework(settings, write(tmp_path, "own.json", own_framework), None)
    with pytest.raises(ConfigurationError, match="requirements"):
        check_framework(settings, write(tmp_path, "bad.json", '{"id": "x"}'), None)
    assert [path.name for path in settings.custom_frameworks_dir.iterdir()] == ["by-hand.yaml"]


@FOLDER_ALONE
def test_waivers_are_counted_where_they_stand(settings: Settings, instance: dg.DagsterInstance) -> None:
    """The asset tells how many are requested and active."""
    from pipelines.defs.waivers import waivers
    from policycortex.scoring.waivers import WaiverScope

    now = datetime.now(UTC)
    valid = Period(start=now.replace(year=now.year - 1), end=now.replace(year=now.year + 1))
    with closing(open_registry(settings)) as registry:
        made = [
            registry.waivers.request_waiver(
                "default", WaiverScope(check="c"), reason="r", valid=valid, by="a", now=valid.start
            )
            for _ in range(2)
        ]
        registry.waivers.approve_record("default", made[0].id, by="b", now=now)
    done = dg.materialize([waivers], instance=instance, resources={"core": CoreResource(home=str(settings.home))})
    metadata = done.asset_materializations_for_node("core__waivers")[0].metadata
    assert (metadata["requested"].value, metadata["active"].value, metadata["waivers"].value) == (1, 1, 2)


@FOLDER_ALONE
def test_attestations_are_counted_where_they_stand(settings: Settings, instance: dg.DagsterInstance) -> None:
    """Revoked and requested ones apart, as for waivers."""
    from pipelines.defs.waivers import attestations
    from policycortex.scoring.attestations import AttestationScope, Statement

    now = datetime.now(UTC)
    valid = Period(start=now.replace(year=now.year - 1), end=now.replace(year=now.year + 1))
    scope = AttestationScope(framework="soc2", requirements=("A1.1",))
    with closing(open_registry(settings)) as registry:
        made = [
            registry.attestations.request_attestation(
                "default", Statement.NOT_APPLICABLE, scope, reason="r", valid=valid, by="a", now=valid.start
            )
            for _ in range(2)
        ]
        registry.attestations.revoke_record("default", made[0].id, by="b", now=now)
    done = dg.materialize([attestations], instance=instance, resources={"core": CoreResource(home=str(settings.home))})
    metadata = done.asset_materializations_for_node("core__attestations")[0].metadata
    found = [metadata[name].value for name in ("requested", "revoked", "active", "attestations")]
    assert found == [1, 1, 0, 2]
