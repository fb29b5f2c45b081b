"""The Statement of Applicability of ISO/IEC 27001: every control with inclusion, reason and status, in every format."""

import json
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
from policycortex.reports.sections.statement_of_applicability import applicability_rows
from policycortex.requests.body import Known
from policycortex.requests.model import ReportRequest
from policycortex.requests.parsing import parse_request
from policycortex.scope import Scope
from policycortex.scoring.attestations import Attestation, AttestationScope, Statement
from policycortex.scoring.risk_model import RiskWeights
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.posture import rebuild_days
from policycortex.workflow.reports import compose_from_lake
from tests.golden.readers import Page, read_pdf_text
from tests.support.samples.lake import ORGANIZATION, finding, import_findings

DAY: Final = date(2026, 6, 20)
CONTROLS: Final = ("A.5.1", "A.5.2", "A.7.1", "A.8.1", "A.8.2", "A.8.3")


def framework(id_: str) -> Framework:
    """Six controls: scanners tell A.8.1 and A.8.2, people the others."""
    return Framework(
        id=id_,
        name="Tiny",
        version="1",
        requirements=tuple(
            Requirement(id=i, title=f"Title of {i}", section="All", manual_for=frozenset({"*"} if i < "A.8" else ()))
            for i in CONTROLS
        ),
        crosswalk=Crosswalk(version="1", relations={("aws", "good"): ("A.8.1",), ("aws", "bad"): ("A.8.2",)}),
    )


def stated(
    statement: Statement, requirement: str, reason: str, framework_id: str, accounts: tuple[str, ...] = ()
) -> Attestation:
    """Valid for the year, approved on 2 June."""
    return Attestation(
        id=f"att_{requirement}",
        organization=ORGANIZATION,
        statement=statement,
        scope=AttestationScope(framework=framework_id, requirements=(requirement,), accounts=accounts),
        reason=reason,
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        valid_until=datetime(2026, 12, 31, tzinfo=UTC),
        requested_by="key_asks",
        requested_at=datetime(2026, 6, 1, tzinfo=UTC),
        requester_role="Security",
        approved_by="key_approves",
        approved_at=datetime(2026, 6, 2, tzinfo=UTC),
    )


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One scan: A.8.1 passes, A.8.2 fails."""
    settings = Settings(home=tmp_path_factory.mktemp("soa") / "home")
    with open_lake(settings) as lake:
        import_findings(
            lake, [finding(DAY, "good", "r1", "PASS", account="one"), finding(DAY, "bad", "r2", "FAIL", account="two")]
        )
    rebuild_days(settings, [DAY])
    return settings


def composed(
    settings: Settings, folder: Path, framework_id: str, locale: str = "en", order: ReportRequest | None = None
) -> ReportDocument:
    """The audit report of June, made in July, with one statement of each kind."""
    order = order or ReportRequest(
        name="June", type=ReportType.AUDIT, framework=framework_id, description="",
        scope=Scope(organization=ORGANIZATION), period=Period.of_days(date(2026, 6, 1), date(2026, 6, 30)),
        scope_as_given={}, formats=(ReportFormat.HTML,), locale=locale,
    )  # fmt: skip
    given = (
        (Statement.MET, "A.5.1", "The board approved the policy", ()),
        (Statement.NOT_APPLICABLE, "A.7.1", "No premises: all people work remotely", ()),
        (Statement.NOT_APPLICABLE, "A.8.2", "A sandbox", ("two",)),
        (Statement.NOT_MET, "A.8.3", "Not introduced yet", ()),
    )
    with open_lake(settings) as lake:
        return compose_from_lake(
            lake,
            order,
            framework(framework_id),
            waivers=(),
            attestations=[stated(kind, id_, reason, framework_id, places) for kind, id_, reason, places in given],
            report_id="rpt_1",
            folder=folder,
            now=datetime(2026, 7, 1, tzinfo=UTC),
            weights=RiskWeights(),
            locale=open_locale(locale),
        )


def test_each_control_has_inclusion_reason_and_status(settings: Settings, tmp_path: Path) -> None:
    """By people, by scanner, excluded, left out in one account, not introduced, and open."""
    rows = applicability_rows(composed(settings, tmp_path, "iso27001"))
    assert [(row.requirement, row.applicability, row.status, row.justification, row.decided_by) for row in rows] == [
        ("A.5.1", "included", "implemented", "The board approved the policy", "people"),
        ("A.5.2", "included", "open", None, None),
        ("A.7.1", "excluded", None, "No premises: all people work remotely", None),
        ("A.8.1", "included", "implemented", None, "scanner"),
        ("A.8.2", "partly", "open", "A sandbox (two)", None),
        ("A.8.3", "included", "not_implemented", "Not introduced yet", "people"),
    ]
    assert rows[0].people == ("key_asks (Security)", "key_approves")


@pytest.mark.parametrize(("locale", "title", "excluded"), [
    ("en", "Statement of Applicability", "Excluded"),
    ("de", "Erklärung zur Anwendbarkeit", "Ausgeschlossen"),
])  # fmt: skip
def test_pages_and_workbook_have_it(settings: Settings, tmp_path: Path, locale: str, title: str, excluded: str) -> None:
    """A section in HTML and PDF, and a sheet; all controls are there."""
    document = composed(settings, tmp_path, "iso27001", locale)
    made = {
        kind: render_artifact(document, kind, tmp_path).path
        for kind in (ReportFormat.HTML, ReportFormat.PDF, ReportFormat.EXCEL)
    }
    page, pdf = Page(made[ReportFormat.HTML].read_text(encoding="utf-8")).text, read_pdf_text(made[ReportFormat.PDF])
    for text in (page, pdf):
        assert title in text
        assert "all people work remotely" in " ".join(text.split())
    assert excluded in page
    book = openpyxl.load_workbook(made[ReportFormat.EXCEL], read_only=True)
    sheet = book["Applicability" if locale == "en" else "Anwendbarkeit"]
    lines = [line for line in sheet.iter_rows(values_only=True) if line[0] in CONTROLS]
    assert [line[0] for line in lines] == list(CONTROLS)
    assert lines[2][3] == excluded


def test_it_is_a_document_of_its_own(settings: Settings, tmp_path: Path) -> None:
    """Ordered without a framework: the statement, people's statements and methodology; no summary, no findings."""
    body = {
        "name": "SoA", "type": "statement_of_applicability", "scope": {"date_range": {
            "start": "2026-06-01T00:00:00Z", "end": "2026-06-30T23:59:59Z"}},
    }  # fmt: skip
    known, now = Known(frameworks=("iso27001", "soc2")), datetime(2026, 7, 1, tzinfo=UTC)
    order = parse_request(body, organization=ORGANIZATION, now=now, known=known)
    assert order.framework == "iso27001"
    document = composed(settings, tmp_path, "iso27001", order=order)
    pdf = render_artifact(document, ReportFormat.PDF, tmp_path)
    assert [section.name for section in pdf.sections] == [
        "Statement of Applicability", "Statements by People", "Methodology",
    ]  # fmt: skip
    text = " ".join(read_pdf_text(pdf.path).split())
    assert "Included by default; no reason was stated" in text
    book = openpyxl.load_workbook(render_artifact(document, ReportFormat.EXCEL, tmp_path).path, read_only=True)
    assert book.sheetnames[:3] == ["Summary", "Applicability", "Statements"]
    assert "Findings" not in book.sheetnames
    made = json.loads(render_artifact(document, ReportFormat.JSON, tmp_path).path.read_bytes())
    rows = {row["requirement"]: row for row in made["statement_of_applicability"]}
    assert list(rows) == list(CONTROLS)
    assert (rows["A.7.1"]["applicability"], rows["A.8.1"]["status"]) == ("excluded", "implemented")
    for wrong in ({"framework": "soc2"}, {"frameworks": ["iso27001", "soc2"]}):
        with pytest.raises(RequestError) as refused:
            parse_request(body | wrong, organization=ORGANIZATION, now=now, known=known)
        assert "A report of this type is on iso27001 only" in {each.message for each in refused.value.details}


def test_other_frameworks_have_none(settings: Settings, tmp_path: Path) -> None:
    """It is a document of ISO/IEC 27001."""
    made = render_artifact(composed(settings, tmp_path, "tiny"), ReportFormat.EXCEL, tmp_path)
    plain = composed(settings, tmp_path, "tiny")
    assert "statement_of_applicability" not in json.loads(
        render_artifact(plain, ReportFormat.JSON, tmp_path).path.read_bytes()
    )
    assert "Applicability" not in openpyxl.load_workbook(made.path, read_only=True).sheetnames
