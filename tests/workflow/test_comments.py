"""Comments of reviewers in the appendix of an audit report: on request, those on its requirements and period."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import openpyxl
import pytest

from policycortex.documents.locales import open_locale
from policycortex.documents.model import ReportDocument
from policycortex.errors import RequestError
from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.names import ReportFormat, ReportType
from policycortex.period import Period
from policycortex.rendering.artifacts import render_artifact
from policycortex.requests.basis import DataBasis
from policycortex.requests.body import Known
from policycortex.requests.model import ReportRequest, request_from_json, request_to_json
from policycortex.requests.parsing import parse_request
from policycortex.scope import Scope
from policycortex.scoring.risk_model import RiskWeights
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import open_registry
from policycortex.workflow.known_records import comments_on
from policycortex.workflow.posture import rebuild_days
from policycortex.workflow.reports import compose_from_lake
from tests.golden.readers import Page, read_pdf_text
from tests.support.samples.lake import ORGANIZATION, finding, import_findings

DAY: Final = date(2026, 6, 20)
MADE_ON: Final = datetime(2026, 7, 5, tzinfo=UTC)
LONG: Final = "Sampled 5 of 12 buckets;\n" + "all are private. " * 60 + "The end."
TINY: Final = Framework(
    id="tiny",
    name="Tiny",
    version="1",
    requirements=tuple(Requirement(id=id_, title=f"Title of {id_}", section="All") for id_ in ("R1", "R2")),
    crosswalk=Crosswalk(version="1", relations={("aws", "good"): ("R1",), ("aws", "bad"): ("R2",)}),
)
ORDER: Final = ReportRequest(
    name="June", type=ReportType.AUDIT, framework="tiny", description="", scope=Scope(organization=ORGANIZATION),
    period=Period.of_days(date(2026, 6, 1), date(2026, 6, 30)), scope_as_given={}, formats=(ReportFormat.HTML,),
    include_comments=True,
)  # fmt: skip


def moment(text: str) -> datetime:
    """UTC."""
    return datetime.fromisoformat(f"{text}+00:00")


COMMENTS: Final = (
    ("tiny", "R2", LONG, "2026-07-01T00:00:00", "2026-07-02T09:00:00"),
    ("tiny", "R1", "On the first day", "2026-06-01T00:00:01", "2026-07-03T09:00:00"),
    ("tiny", "R2", "Before that", "2026-06-15T00:00:00", "2026-06-15T09:00:00"),
    ("tiny", "R1", "On the last moment of May", "2026-06-01T00:00:00", "2026-06-01T00:00:00"),
    ("tiny", "R1", "On July", "2026-07-01T00:00:01", "2026-07-02T09:00:00"),
    ("other", "R1", "On another framework", "2026-06-15T00:00:00", "2026-06-15T09:00:00"),
    ("tiny", "R1", "Made after the report", "2026-06-15T00:00:00", "2026-07-06T00:00:00"),
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One scan, and comments: three belong to the report of June that is made on 5 July."""
    settings = Settings(home=tmp_path_factory.mktemp("comments") / "home")
    with open_lake(settings) as lake:
        import_findings(lake, [finding(DAY, "good", "r1", "PASS"), finding(DAY, "bad", "r2", "FAIL")])
    rebuild_days(settings, [DAY])
    with closing(open_registry(settings)) as registry:
        for organization in (ORGANIZATION, "strangers"):
            for framework, requirement, text, as_of, made_at in COMMENTS:
                registry.comments.add_comment(
                    organization,
                    framework=framework,
                    requirement=requirement,
                    text=text if organization == ORGANIZATION else "Of strangers",
                    as_of=moment(as_of),
                    by="aud_1",
                    name="Grace Hopper",
                    role="Lead auditor",
                    now=moment(made_at),
                )
    return settings


def composed(settings: Settings, folder: Path, request: ReportRequest, locale: str = "en") -> ReportDocument:
    """The report with the comments that it asks for."""
    with open_lake(settings) as lake:
        return compose_from_lake(
            lake,
            request,
            TINY,
            waivers=(),
            comments=comments_on(settings, request, MADE_ON),
            report_id="rpt_1",
            folder=folder,
            now=MADE_ON,
            weights=RiskWeights(),
            locale=open_locale(locale),
        )


def test_the_appendix_has_the_comments_on_requirements_and_period(settings: Settings, tmp_path: Path) -> None:
    """In the framework's order, the oldest first, whole, with author, role and times; in JSON, pages and workbook."""
    document = composed(settings, tmp_path, ORDER)
    made = {kind: render_artifact(document, kind, tmp_path).path for kind in ReportFormat}
    rows = json.loads(made[ReportFormat.JSON].read_bytes())["comments"]
    assert [(row["requirement"], row["text"]) for row in rows] == [
        ("R1", "On the first day"), ("R2", "Before that"), ("R2", LONG),
    ]  # fmt: skip
    assert {name: value for name, value in rows[2].items() if name not in {"id", "text"}} == {
        "requirement": "R2", "title": "Title of R2", "author": "aud_1", "author_name": "Grace Hopper",
        "author_role": "Lead auditor", "about": "2026-06-30", "made_at": "2026-07-02T09:00:00Z",
    }  # fmt: skip
    for text in (Page(made[ReportFormat.HTML].read_text(encoding="utf-8")).text, read_pdf_text(made[ReportFormat.PDF])):
        flat = " ".join(text.split())
        assert "Comments of Reviewers" in flat
        assert "Grace Hopper (Lead auditor)" in flat
        assert "The end." in flat
        assert "Of strangers" not in flat
    lines = openpyxl.load_workbook(made[ReportFormat.EXCEL], read_only=True)["Comments"].iter_rows(values_only=True)
    assert [line[2] for line in lines if line[0] in {"R1", "R2"}] == ["On the first day", "Before that", LONG]


def test_a_report_without_the_option_has_none(settings: Settings, tmp_path: Path) -> None:
    """Neither a section nor a key; requested without any comment, it says so."""
    plain = composed(settings, tmp_path, replace(ORDER, include_comments=False))
    assert "comments" not in json.loads(render_artifact(plain, ReportFormat.JSON, tmp_path).path.read_bytes())
    page = render_artifact(plain, ReportFormat.HTML, tmp_path).path.read_text(encoding="utf-8")
    assert "Comments of Reviewers" not in Page(page).text
    early = replace(ORDER, period=Period.of_days(date(2026, 1, 1), date(2026, 1, 31)))
    page = render_artifact(composed(settings, tmp_path, early), ReportFormat.HTML, tmp_path).path.read_text("utf-8")
    assert "There are no comments on the requirements and the period" in Page(page).text


def test_a_report_made_again_has_the_comments_of_its_basis(settings: Settings) -> None:
    """Later comments do not change it."""
    basis = DataBasis(report_id="rpt_1", snapshot="1", known_at=moment("2026-07-02T12:00:00"), frameworks={})
    found = comments_on(settings, replace(ORDER, basis=basis), MADE_ON)
    assert found is not None
    assert [each.text for each in found] == ["Before that", LONG]


def test_the_option_is_for_audit_reports_and_is_stored() -> None:
    """Other types are refused by name; requests from before the option have the same JSON."""
    body = {"name": "n", "type": "audit", "framework": "tiny", "scope": {"date_range_type": "last_month"}}
    with_comments = body | {"format_options": {"include_comments": True}}
    known, now = Known(frameworks=("tiny",)), MADE_ON
    request = parse_request(with_comments, organization="acme", now=now, known=known)
    assert request_from_json(request_to_json(request)).include_comments
    assert "include_comments" not in request_to_json(parse_request(body, organization="acme", now=now, known=known))
    with pytest.raises(RequestError) as refused:
        parse_request(with_comments | {"type": "risk"}, organization="acme", now=now, known=known)
    assert [each.message for each in refused.value.details] == ["include_comments is for reports of the type audit"]
