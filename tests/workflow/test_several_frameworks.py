"""One report on several frameworks: each finding counts once, and each framework has the figures of its own report."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest

from policycortex.errors import RequestError
from policycortex.frameworks.reading import read_framework, write_framework
from policycortex.names import ReportType
from policycortex.period import Period
from policycortex.scoring.waivers import WaiverScope
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import frameworks_of
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.registry import ReportFilter, ReportRow, open_registry
from policycortex.workflow.report_comparison import compare_reports
from tests.golden.readers import read_pdf_text
from tests.workflow.test_reports_made_again import ORGANIZATION, SCAN, Home, body
from tests.workflow.test_story_of_a_year import LOGGED, OPEN, scan

FOUND = {(OPEN, b): "FAIL" for b in "abc"} | {(OPEN, "d"): "PASS", (LOGGED, "a"): "PASS", (LOGGED, "b"): "FAIL"}
FORMATS = ["json", "csv", "html", "excel"]
CROSSWALKS: Mapping[str, Mapping[str, list[str]]] = {
    "first": {OPEN: ["R1"]},
    "second": {OPEN: ["R1", "R2"], LOGGED: ["R3"]},
}
BOTH = ["first", "second"]


@dataclass(frozen=True)
class Made:
    """The reports on each framework and on both."""

    home: Home
    single: Mapping[str, ReportRow]
    both: ReportRow

    def json(self, row: ReportRow) -> Any:  # noqa: ANN401 - JSON
        """The JSON report."""
        return json.loads(self.home.file(row, "json"))


def order(**changes: object) -> dict[str, Any]:
    """A request without a framework."""
    return {name: value for name, value in body(**changes).items() if name != "framework" or "framework" in changes}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Two frameworks that share a check. Waived are a bucket for the first and another for one requirement of both."""
    folder = tmp_path_factory.mktemp("several")
    settings = Settings(home=folder / "home")
    with closing(open_registry(settings)) as registry:
        home = Home(settings=settings, registry=registry)
        for id_, checks in CROSSWALKS.items():
            ids = sorted({requirement for listed in checks.values() for requirement in listed})
            tree = {
                "id": id_,
                "name": f"The {id_}",
                "version": "1",
                "requirements": [{"id": each, "title": f"Title of {each}", "section": "All"} for each in ids],
                "crosswalk": {"checks": {"aws": dict(checks)}},
            }
            content = write_framework(read_framework(json.dumps(tree).encode(), name=id_, base={}))
            registry.frameworks.put_framework(ORGANIZATION, id_, content, uploaded_by=None, now=datetime.now(UTC))
        home.ingest(scan(folder / "scan.json", SCAN, FOUND))
        _waive(home, WaiverScope(framework="first", check=OPEN, resource="arn:aws:s3:::a"))
        _waive(home, WaiverScope(requirement="R1", check=OPEN, resource="arn:aws:s3:::b"))
        single = {id_: home.make(order(framework=id_, format_options={"formats": ["json"]})) for id_ in BOTH}
        yield Made(
            home=home,
            single=single,
            both=home.make(order(frameworks=BOTH, format_options={"formats": FORMATS})),
        )


def _waive(home: Home, scope: WaiverScope) -> None:
    valid = Period(start=SCAN.replace(year=SCAN.year - 1), end=SCAN.replace(year=SCAN.year + 1))
    now, waivers = datetime.now(UTC), home.registry.waivers
    wanted = waivers.request_waiver(ORGANIZATION, scope, reason="accepted", valid=valid, by="key_asks", now=now)
    waivers.approve_record(ORGANIZATION, wanted.id, by="key_approves", now=now)


def test_each_framework_has_the_figures_of_its_own_report(made: Made) -> None:
    """Score, requirements and failing findings, also with waivers that reach only one of both."""
    lines = {line["id"]: line for line in made.json(made.both)["frameworks"]}
    assert list(lines) == BOTH
    for id_, line in lines.items():
        summary = made.json(made.single[id_])["summary"]
        assert line["compliance_score"] == summary["compliance_score"]
        assert line["total_violations"] == summary["total_violations"]
        assert (line["critical"], line["high"]) == (summary["critical"], summary["high"])
        counts = summary["requirements"]
        assert (line["requirements_met"], line["requirements_assessed"]) == (counts["met"], counts["assessed"])
    assert lines["first"]["compliance_score"] != lines["second"]["compliance_score"]


def test_each_requirement_has_the_result_of_its_own_report(made: Made) -> None:
    """Under the id of its framework and its own; the order is that of the request."""
    found = made.json(made.both)["requirements"]
    expected = [
        each | {"id": f"{id_}:{each['id']}", "section": f"The {id_}: {each['section']}"}
        for id_ in BOTH
        for each in made.json(made.single[id_])["requirements"]
    ]
    assert found == expected


def test_each_finding_counts_once(made: Made) -> None:
    """Six findings in the scan; one is waived for everything that it counts towards in one framework only."""
    document = made.json(made.both)
    summary = document["summary"]
    assert document["completeness"] == {"findings_total": 6, "findings_included": 6}
    assert len(document["findings"]) == 6
    # a is not waived for the second framework, b not for R2 of the second: so no finding is waived for the whole report
    assert (summary["total_violations"], summary["score"]["denominator"]) == (4, 6)
    listed = {
        each["resource_uid"][-1]: each["requirements"] for each in document["findings"] if each["check_id"] == OPEN
    }
    assert listed["c"] == ["first:R1", "second:R1", "second:R2"]
    assert (document["report"]["framework"], document["report"]["frameworks"]) == ("first+second", BOTH)
    assert len(made.home.file(made.both, "csv").splitlines()) == 1 + len(document["findings"])


def test_pages_and_sheets_have_a_row_for_each_framework(made: Made) -> None:
    """HTML and the workbook name both; a report on one framework has no such section and no such key."""
    page = made.home.file(made.both, "html")
    assert 'id="frameworks"' in page
    assert "Scores of different frameworks are not comparable" in page
    assert page.count('class="framework-page"') == len(BOTH)
    artifact = made.both.artifact("excel")
    assert artifact is not None
    with open_artifacts(made.home.settings).open_artifact(artifact.key, sha256=artifact.sha256) as file:
        sheet = openpyxl.load_workbook(file, read_only=True)["Frameworks"]
        names = [str(row[0]) for row in sheet.iter_rows(values_only=True) if str(row[0]).startswith("The ")]
    assert names == ["The first", "The second"]
    assert "frameworks" not in made.json(made.single["first"])


@pytest.mark.parametrize("kind", [ReportType.COMPLIANCE, ReportType.AUDIT, ReportType.RISK, ReportType.REMEDIATION])
def test_all_types_but_one_are_made_as_pdf(made: Made, kind: ReportType) -> None:
    """With a page for each framework, whose sentence is its own."""
    row = made.home.make(order(type=kind.value, frameworks=BOTH, format_options={"formats": ["pdf"], "locale": "de"}))
    artifact = row.artifact("pdf")
    assert artifact is not None
    with open_artifacts(made.home.settings).open_artifact(artifact.key, sha256=artifact.sha256) as file:
        path = made.home.settings.home / "several.pdf"
        path.write_bytes(file.read())
    text = " ".join(read_pdf_text(path).split())
    assert "Rahmenwerke" in text
    for id_ in BOTH:
        assert f"The {id_}" in text


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"type": "trend", "frameworks": BOTH}, "frameworks", "forecasts one score"),
        ({"frameworks": BOTH, "format_options": {"formats": ["oscal"]}}, "format_options", "one framework"),
        ({"frameworks": BOTH, "framework": "first"}, "frameworks", "either framework or frameworks"),
        ({"frameworks": ["first", "first"]}, "frameworks", "twice"),
        ({"frameworks": ["first", "third"]}, "frameworks.1", "Unknown framework"),
    ],
)
def test_what_makes_no_sense_is_refused(made: Made, changes: dict[str, Any], field: str, reason: str) -> None:
    """With the field and the reason."""
    with pytest.raises(RequestError) as refused:
        made.home.order(order(**changes))
    [problem] = refused.value.details
    assert problem.field == field
    assert reason in problem.message


def test_one_in_the_list_is_that_framework(made: Made) -> None:
    """Without prefixes, like a report with ``framework``."""
    row = made.home.make(order(frameworks=["first"], format_options={"formats": ["json"]}))
    assert made.json(row)["requirements"] == made.json(made.single["first"])["requirements"]


def test_lists_find_it_by_each_framework(made: Made) -> None:
    """Beside the reports on that framework alone, in pages and totals."""
    reports = made.home.registry.reports
    page = reports.list_reports(ORGANIZATION, ReportFilter(framework="second", type=ReportType.COMPLIANCE))
    found = {row.id for row in page.reports}
    assert {made.both.id, made.single["second"].id} <= found
    assert made.single["first"].id not in found
    assert page.total == len(found)
    assert not reports.list_reports("another", ReportFilter(framework="second")).total


def test_it_is_made_again_and_compared(made: Made) -> None:
    """From its data with equal figures; against itself nothing changed."""
    again = made.home.make({"from_report": made.both.id, "format_options": {"formats": ["json"]}})
    assert made.json(again)["frameworks"] == made.json(made.both)["frameworks"]
    home = made.home
    found = compare_reports(
        home.settings,
        made.both,
        again,
        frameworks=frameworks_of(home.settings, home.registry, ORGANIZATION),
        waivers=home.registry.waivers.list_records(ORGANIZATION),
    )
    assert not found.requirements
    assert found.before.score == found.after.score
