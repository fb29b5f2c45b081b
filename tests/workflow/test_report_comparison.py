"""A report beside the period before it: in the page, the workbook and the JSON, all from one set difference."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest

from policycortex.documents.locales import open_locale
from policycortex.documents.model import ReportDocument
from policycortex.names import ReportFormat, ReportType
from policycortex.period import Period
from policycortex.rendering.artifacts import render_artifact
from policycortex.reports.sections.comparison import COMPARISON
from policycortex.requests.model import ReportRequest
from policycortex.scope import Scope
from policycortex.scoring.risk_model import RiskWeights
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.posture import rebuild_days
from policycortex.workflow.reports import compose_from_lake
from tests.support.samples.lake import ORGANIZATION, finding, import_findings

MAY, JUNE = date(2026, 5, 20), date(2026, 6, 20)
BEFORE = {("c1", "a"): "FAIL", ("c1", "b"): "FAIL", ("c1", "c"): "PASS", ("c2", "<i>"): "FAIL", ("c3", "g"): "FAIL"}
AFTER = {("c1", "a"): "FAIL", ("c1", "b"): "PASS", ("c1", "c"): "FAIL", ("c1", "=d"): "FAIL", ("c3", "h"): "PASS"}
CHANGES = {
    ("New", "passed before", "c1", "c"),
    ("New", "new resource", "c1", "=d"),
    ("Resolved", "passes now", "c1", "b"),
    ("Resolved", "resource removed", "c3", "g"),
    ("Not checked", "check or region not scanned", "c2", "<i>"),
}


def composed(folder: Path, *days: date) -> ReportDocument:
    """The report of June over the scans of these days."""
    settings = Settings(home=folder / "home")
    for day in days:
        found = BEFORE if day == MAY else AFTER
        with open_lake(settings) as lake:
            rows = [finding(day, check, resource, status) for (check, resource), status in found.items()]
            import_findings(lake, rows)
    rebuild_days(settings, days)
    order = ReportRequest(
        name="June",
        type=ReportType.COMPLIANCE,
        framework=None,
        description="",
        scope=Scope(organization=ORGANIZATION),
        period=Period.of_days(date(2026, 6, 1), date(2026, 6, 30)),
        scope_as_given={},
        formats=(ReportFormat.HTML,),
    )
    with open_lake(settings) as lake:
        return compose_from_lake(
            lake,
            order,
            None,
            waivers=(),
            report_id="rpt_1",
            folder=folder,
            now=datetime(2026, 7, 1, tzinfo=UTC),
            weights=RiskWeights(),
            locale=open_locale("en"),
        )


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> ReportDocument:
    """May and June."""
    return composed(tmp_path_factory.mktemp("both"), MAY, JUNE)


def test_a_report_tells_what_became_of_failing_findings(document: ReportDocument) -> None:
    """Two new, two resolved, one stayed, and c2 was not scanned again."""
    comparison = COMPARISON.of(document)
    assert comparison is not None
    assert comparison.counts == {"new": 2, "resolved": 2, "accepted": 0, "persisting": 1, "not_looked_at": 1}
    assert comparison.rows_total == len(CHANGES)


def test_the_workbook_has_a_sheet_of_changes(document: ReportDocument, tmp_path: Path) -> None:
    """One row per key, as text; persisting ones are only counted."""
    made = render_artifact(document, ReportFormat.EXCEL, tmp_path)
    book = openpyxl.load_workbook(made.path)
    counted = {row[0]: row[1] for row in book["Comparison"].iter_rows(min_row=2, values_only=True)}
    assert counted == {"New": 2, "Resolved": 2, "Accepted": 0, "Persisting": 1, "Not checked": 1}
    rows = list(book["Changes"].iter_rows(min_row=2, values_only=True))
    assert {(row[0], row[1], row[3], row[6]) for row in rows} == CHANGES
    assert all(cell.data_type != "f" for row in book["Changes"].iter_rows() for cell in row)


def test_the_page_has_a_section_of_changes(document: ReportDocument, tmp_path: Path) -> None:
    """Each key with its reason; what resources are called is text there."""
    page = render_artifact(document, ReportFormat.HTML, tmp_path).path.read_text()
    section = page.partition('id="comparison"')[2].partition("</section>")[0]
    assert Counter(change for change, *_ in CHANGES) == {
        change: section.count(f"<td>{change}<") for change in ("New", "Resolved", "Not checked")
    }
    assert all(reason in section for _, reason, *_ in CHANGES)
    assert "&lt;i&gt;" in section
    assert "<i>" not in section


def test_the_json_names_the_same_keys(document: ReportDocument, tmp_path: Path) -> None:
    """With the period they are compared to."""
    found = json.loads(render_artifact(document, ReportFormat.JSON, tmp_path).path.read_bytes())["comparison"]
    assert found["against"] == {"start": "2026-05-01T00:00:00Z", "end": "2026-06-01T00:00:00Z"}
    assert (found["new"], found["resolved"], found["persisting"], found["not_looked_at"]) == (2, 2, 1, 1)
    keys = {(row["check_id"], row["resource_uid"]) for row in found["findings"]}
    assert keys == {(check, resource) for *_, check, resource in CHANGES}


def test_without_a_period_before_there_is_nothing_to_compare(tmp_path: Path) -> None:
    """No section, no sheet, no key."""
    document = composed(tmp_path, JUNE)
    assert COMPARISON.of(document) is None
    assert 'id="comparison"' not in render_artifact(document, ReportFormat.HTML, tmp_path).path.read_text()
    assert "comparison" not in json.loads(render_artifact(document, ReportFormat.JSON, tmp_path).path.read_bytes())
    assert "Changes" not in openpyxl.load_workbook(render_artifact(document, ReportFormat.EXCEL, tmp_path).path)
