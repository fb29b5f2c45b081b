"""A report's OCSF file, imported into another organization, gives the same findings and the same scores."""

from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from policycortex.documents.model import FindingsTable
from policycortex.frameworks.catalog import load_builtin_frameworks
from policycortex.names import ReportFormat
from policycortex.period import Period
from policycortex.rendering.artifacts import render_artifact
from policycortex.rendering.findings_parquet import render_parquet
from policycortex.scope import Scope
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.workflow.assessed_period import AssessedPeriod, judge_period
from policycortex.workflow.ingest import ingest_files
from tests.support.samples.documents import build_document

_NOW = datetime(2026, 12, 1, tzinfo=UTC)
_NOVEMBER = Period.of_days(date(2026, 11, 1), date(2026, 11, 30))
_OF_ITS_IMPORT = ("source_file", "source_file_sha256", "number")
"""Columns that tell of the imported file; equal findings of one check may change places."""


def _exported(lake: Lake, organization: str, framework_id: str | None, path: Path) -> tuple[AssessedPeriod, int]:
    framework = load_builtin_frameworks()[framework_id] if framework_id else None
    scope = Scope(organization=organization)
    judged = judge_period(lake, framework, scope, _NOVEMBER, waivers=(), now=_NOW)
    total = lake.findings_export.write_findings(
        scope, _NOVEMBER, path=path, relations=judged.relations, framework_id=framework_id
    )
    return judged, total


@pytest.mark.parametrize("framework_id", ["soc2", None])
def test_the_scores_of_a_real_scan_come_back(shared: Path, tmp_path: Path, framework_id: str | None) -> None:
    """Acme's scan: all findings, all models, every requirement; the Parquet file has the types of the export."""
    settings = Settings(home=tmp_path / "home")
    scan = shared / "findings/prowler-aws-acme/prowler-acme.ocsf.json.gz"
    days = ingest_files(settings, [scan], organization="one", now=_NOW).dates
    with open_lake(settings) as lake:
        lake.state.rebuild_state(days)
        before, total = _exported(lake, "one", framework_id, tmp_path / "one.parquet")
    sample = build_document(tmp_path)
    header = replace(sample.header, framework_id=framework_id)
    document = replace(sample, header=header, findings=FindingsTable(path=tmp_path / "one.parquet", total=total))
    render_parquet(document, tmp_path / "typed.parquet")
    assert pl.read_parquet_schema(tmp_path / "typed.parquet") == pl.read_parquet_schema(tmp_path / "one.parquet")
    file = render_artifact(document, ReportFormat.OCSF, tmp_path).path
    again = ingest_files(settings, [file], organization="other", now=_NOW)
    assert (again.kept, again.quarantined) == (total, 0)
    with open_lake(settings) as lake:
        lake.state.rebuild_state(again.dates)
        after, _ = _exported(lake, "other", framework_id, tmp_path / "other.parquet")
    assert asdict(after.posture) == asdict(before.posture)
    assert total > 500
    one, other = (
        pl.read_parquet(tmp_path / f"{name}.parquet").drop(_OF_ITS_IMPORT).sort(pl.exclude("requirements"))
        for name in ("one", "other")
    )
    assert other.equals(one)
