"""A report on requirements that do not apply: in every format and total, and never in a period that ended before."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import openpyxl
import pytest

from policycortex.documents.locales import open_locale
from policycortex.documents.model import ReportDocument
from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.names import ReportFormat, ReportType, RequirementResult
from policycortex.period import Period
from policycortex.rendering.artifacts import render_artifact
from policycortex.requests.model import ReportRequest
from policycortex.scope import Scope
from policycortex.scoring.attestations import Attestation, AttestationScope, Statement
from policycortex.scoring.risk_model import RiskWeights
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.assessed_period import judge_days, judge_period, read_days
from policycortex.workflow.posture import rebuild_days
from policycortex.workflow.reports import compose_from_lake
from tests.golden.readers import Page, read_csv, read_pdf_text
from tests.support.samples.lake import ORGANIZATION, finding, import_findings

DAY: Final = date(2026, 6, 20)
JUNE: Final = Period.of_days(date(2026, 6, 1), date(2026, 6, 30))
TINY: Final = Framework(
    id="tiny",
    name="Tiny",
    version="1",
    requirements=tuple(Requirement(id=i, title=f"Title of {i}", section="All") for i in ("R1", "R2", "R3")),
    crosswalk=Crosswalk(version="1", relations={("aws", "c1"): ("R1",), ("aws", "c2"): ("R1", "R2")}),
)
FOUND: Final = (("c1", "one", "PASS"), ("c1", "two", "FAIL"), ("c2", "one", "PASS"), ("c2", "two", "FAIL"))
"""Check, account, status: everything of account ``two`` fails."""
REASON: Final = "No such system is in use"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One scan of two accounts."""
    settings = Settings(home=tmp_path_factory.mktemp("applicability") / "home")
    with open_lake(settings) as lake:
        import_findings(lake, [finding(DAY, check, check, status, account=account) for check, account, status in FOUND])
    rebuild_days(settings, [DAY])
    return settings


def at(month: int, day: int) -> datetime:
    """A time of 2026 in UTC."""
    return datetime(2026, month, day, tzinfo=UTC)


APPROVED: Final = at(6, 2)


def stated(*requirements: str, accounts: tuple[str, ...] = (), approved: datetime | None = APPROVED) -> Attestation:
    """Valid for the year, approved in June unless given."""
    return Attestation(
        id=f"att_{'_'.join(requirements)}",
        organization=ORGANIZATION,
        statement=Statement.NOT_APPLICABLE,
        scope=AttestationScope(framework="tiny", requirements=requirements, accounts=accounts),
        reason=REASON,
        valid_from=at(1, 1),
        valid_until=at(12, 31),
        requested_by="key_asks",
        requested_at=at(6, 1),
        approved_by="key_approves",
        approved_at=approved,
    )


def composed(
    settings: Settings, folder: Path, attestations: Sequence[Attestation], accounts: tuple[str, ...] = ()
) -> ReportDocument:
    """The audit report of June, made in July."""
    order = ReportRequest(
        name="June",
        type=ReportType.AUDIT,
        framework="tiny",
        description="",
        scope=Scope(organization=ORGANIZATION, accounts=accounts),
        period=JUNE,
        scope_as_given={},
        formats=(ReportFormat.HTML,),
    )
    with open_lake(settings) as lake:
        return compose_from_lake(
            lake,
            order,
            TINY,
            waivers=(),
            attestations=attestations,
            report_id="rpt_1",
            folder=folder,
            now=at(7, 1),
            weights=RiskWeights(),
            locale=open_locale("en"),
        )


def results(document: ReportDocument) -> dict[str, str]:
    """Result by requirement."""
    return {row.id: row.result.value for row in document.requirements}


def test_every_format_lists_it_and_every_total_is_without_it(settings: Settings, tmp_path: Path) -> None:
    """R1 fails and does not apply: 0 of 1 assessed, 1 of 2 covered; the score of findings is still 2 of 4."""
    document = composed(settings, tmp_path, [stated("R1")])
    assert results(document) == {"R1": "not_applicable", "R2": "non_compliant", "R3": "not_assessed"}
    assert document.summary.compliance_score == 50
    assert document.summary.total_violations == 2
    made = {each: render_artifact(document, each, tmp_path).path for each in ReportFormat}
    body = json.loads(made[ReportFormat.JSON].read_bytes())
    assert body["summary"]["score"]["coverage"] == {
        "assessed": 1, "total": 2, "not_applicable": 1, "by_scanner": 1, "by_people": 0, "open": 1,
    }  # fmt: skip
    assert body["summary"]["requirements"] == {"met": 0, "assessed": 1, "total": 3, "not_applicable": 1}
    (row,) = body["not_applicable"]
    assert {name: row[name] for name in ("requirement", "reason", "accounts", "failed", "approver", "id")} == {
        "requirement": "R1",
        "reason": REASON,
        "accounts": None,
        "failed": 2,
        "approver": "key_approves",
        "id": "att_R1",
    }
    first = body["requirements"][0]
    assert (first["failed"], first["failed_not_applicable"], first["not_applicable"]) == (0, 2, REASON)
    assert body["sections"][0]["not_applicable"] == 1
    (finding_of_r1, *_) = json.loads(made[ReportFormat.OSCAL].read_bytes())["assessment-results"]["results"][0][
        "findings"
    ]
    assert finding_of_r1["target"]["status"]["remarks"] == f"Not applicable in this scope. {REASON}"
    book = openpyxl.load_workbook(made[ReportFormat.EXCEL], read_only=True)
    cells = [cell for line in book["Not applicable"].iter_rows(values_only=True) for cell in line]
    assert {"R1", REASON, "all", "key_asks", "key_approves"} <= set(cells)
    details = {row["requirement_details"] for row in read_csv(made[ReportFormat.CSV])}
    assert any(f"R1 Title of R1 (not_applicable): {REASON}" in text for text in details)
    for text in (Page(made[ReportFormat.HTML].read_text(encoding="utf-8")).text, read_pdf_text(made[ReportFormat.PDF])):
        assert "Requirements That Do Not Apply" in text
        assert "1 of 3 requirements do not apply" in text
        assert f"Not applicable: {REASON} 2 failing findings there." in text


@pytest.mark.parametrize(
    ("accounts", "scope", "wanted"),
    [
        (("two",), (), ("compliant", 2)),
        (("one",), (), ("non_compliant", 0)),
        (("one", "two"), (), ("not_applicable", 2)),
        (("two",), ("two",), ("not_applicable", 2)),
        (("two",), ("one",), ("compliant", 0)),
        (("elsewhere",), (), ("non_compliant", 0)),
    ],
)
def test_in_some_accounts_the_others_decide(
    settings: Settings, tmp_path: Path, accounts: tuple[str, ...], scope: tuple[str, ...], wanted: tuple[str, int]
) -> None:
    """By the accounts of the statement and of the report; the failures there are counted beside the result."""
    first = composed(settings, tmp_path, [stated("R1", accounts=accounts)], scope).requirements[0]
    assert (first.result.value, first.failed_not_applicable) == wanted


@pytest.mark.parametrize("late", [None, at(7, 1), at(11, 30)])
def test_an_approval_after_the_period_changes_no_byte(
    settings: Settings, tmp_path: Path, late: datetime | None
) -> None:
    """Not approved, or approved when June had ended: June's files are those without any statement."""
    files = []
    for number, attestations in enumerate(([], [stated("R1", "R2", approved=late)])):
        folder = tmp_path / str(number)
        folder.mkdir()
        document = composed(settings, folder, attestations)
        files.append([render_artifact(document, each, folder).path.read_bytes() for each in _PLAIN])
    assert files[0] == files[1]


_PLAIN: Final = (ReportFormat.JSON, ReportFormat.CSV, ReportFormat.HTML, ReportFormat.OSCAL)


@pytest.mark.parametrize("attestation", [stated("R1"), stated("R1", accounts=("two",)), stated("R2", approved=None)])
def test_daily_results_are_those_of_the_reports(settings: Settings, attestation: Attestation) -> None:
    """The same result and counts for each requirement of the day, in the lake and in a report of that day."""
    scope, day, now = Scope(organization=ORGANIZATION), Period.of_days(DAY, DAY), at(7, 1)
    given: dict[str, Any] = {"waivers": (), "now": now, "attestations": [attestation]}
    with open_lake(settings) as lake:
        report = judge_period(lake, TINY, scope, day, **given).posture
        daily = judge_days(read_days(lake, scope, day, **given), TINY)[DAY]
    assert daily.requirements == report.requirements
    assert daily.scores == report.scores
    assert {r.result for r in daily.requirements} <= {*RequirementResult}
