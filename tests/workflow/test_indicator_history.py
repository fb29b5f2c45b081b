"""The history of FedRAMP's key security indicators: 18 months of synthetic days, in every format of the quarter."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Final

import openpyxl
import pytest

from policycortex.documents.locales import open_locale
from policycortex.documents.model import ReportDocument
from policycortex.errors import RequestError
from policycortex.findings.model import Finding
from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.names import Decider, ReportFormat, ReportType, Severity
from policycortex.period import Period
from policycortex.rendering.artifacts import render_artifact
from policycortex.rendering.indicators_csv import DAY_COLUMNS
from policycortex.reports.indicator_rows import IndicatorStatus
from policycortex.reports.sections.indicator_history import ACCEPTED, HISTORY, indicator_rows
from policycortex.requests.body import Known
from policycortex.requests.model import ReportRequest
from policycortex.requests.parsing import parse_request
from policycortex.scope import Scope
from policycortex.scoring.attestations import Attestation, AttestationScope, Statement
from policycortex.scoring.risk_model import RiskWeights
from policycortex.scoring.waivers import Waiver, WaiverKind, WaiverScope
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.posture import rebuild_days
from policycortex.workflow.report_days import days_of_request
from policycortex.workflow.reports import compose_from_lake
from tests.golden.readers import read_csv, read_pdf_text
from tests.support.empty_homes import copy_home
from tests.support.samples.lake import ORGANIZATION, finding, import_findings

FIRST_SCAN, LAST_DAY = date(2024, 11, 10), date(2026, 3, 31)
NOT_SCANNED: Final = (date(2025, 6, 1), date(2025, 8, 31))
FAILING: Final = (date(2026, 2, 1), date(2026, 2, 14))
SCANNED_EVERY: Final = timedelta(days=14)
"""More often shows nothing else, and building a day takes half a second."""
QUARTER: Final = Period.of_days(date(2026, 1, 1), LAST_DAY)
NOW: Final = datetime(2026, 4, 3, tzinfo=UTC)
TINY: Final = Framework(
    id="fedramp_20x",
    name="Indicators",
    version="1",
    requirements=tuple(Requirement(id=f"KSI-{name}", title=f"Title of {name}", section="All") for name in "ABC"),
    crosswalk=Crosswalk(version="1", relations={("aws", "c1"): ("KSI-A",), ("aws", "c2"): ("KSI-C",)}),
)


def moment(day: date) -> datetime:
    """Its start."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


STATED: Final = Attestation(
    id="att_1",
    organization=ORGANIZATION,
    statement=Statement.MET,
    reason="Trained",
    scope=AttestationScope(framework="fedramp_20x", requirements=("KSI-B",)),
    valid_from=moment(date(2025, 12, 1)),
    valid_until=moment(date(2026, 3, 1)),
    requested_by="key_1",
    requested_at=moment(date(2025, 11, 1)),
    approved_by="key_2",
    approved_at=moment(date(2025, 11, 2)),
)
WAIVER: Final = Waiver(
    id="wvr_1",
    organization=ORGANIZATION,
    reason="The vendor has no other port",
    scope=WaiverScope(framework="fedramp_20x", requirement="KSI-C", check="c2"),
    valid_from=moment(date(2026, 3, 15)),
    valid_until=moment(date(2026, 12, 1)),
    requested_by="key_1",
    requested_at=moment(date(2026, 3, 1)),
    approved_by="key_2",
    approved_at=moment(date(2026, 3, 2)),
)
WAIVERS: Final = (
    WAIVER,
    replace(WAIVER, id="wvr_2", kind=WaiverKind.RISK_ADJUSTMENT, adjusted_severity=Severity.LOW),
    replace(WAIVER, id="wvr_3", kind=WaiverKind.FALSE_POSITIVE),
    replace(WAIVER, id="wvr_4", valid_until=moment(date(2026, 3, 20))),
)


def scan_of(day: date) -> tuple[Finding, ...]:
    """c1 fails for some days, c2 always."""
    is_failing = FAILING[0] <= day <= FAILING[1]
    return finding(day, "c1", status="FAIL" if is_failing else "PASS"), finding(day, "c2", "r2", status="FAIL")


@pytest.fixture(scope="module")
def settings(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A scan of two checks every two weeks but in one summer, built as a backfill builds days."""
    settings = Settings(home=copy_home(empty_home, tmp_path_factory.mktemp("indicators") / "home"))
    every = [FIRST_SCAN + n * SCANNED_EVERY for n in range((LAST_DAY - FIRST_SCAN) // SCANNED_EVERY + 1)]
    days = [day for day in every if not NOT_SCANNED[0] <= day <= NOT_SCANNED[1]]
    with open_lake(settings) as lake:
        for _, of_month in groupby(days, key=lambda day: (day.year, day.month)):
            import_findings(lake, (each for day in of_month for each in scan_of(day)))
    rebuild_days(settings, days)
    return settings


def composed(settings: Settings, folder: Path, period: Period = QUARTER, framework: Framework = TINY) -> ReportDocument:
    """The report of the period."""
    order = ReportRequest(
        name="Quarter", type=ReportType.INDICATOR_HISTORY, framework=framework.id, description="",
        scope=Scope(organization=ORGANIZATION), period=period, scope_as_given={}, formats=tuple(ReportFormat),
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    with open_lake(settings) as lake:
        return compose_from_lake(
            lake, order, framework, waivers=WAIVERS, attestations=(STATED,), report_id="rpt_1", folder=folder,
            now=NOW, weights=RiskWeights(), locale=open_locale("en"),
        )  # fmt: skip


@pytest.fixture(scope="module")
def document(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> ReportDocument:
    """The report of the quarter."""
    return composed(settings, tmp_path_factory.mktemp("quarter"))


def by_day(document: ReportDocument, indicator: str) -> dict[date, tuple[IndicatorStatus, Decider | None]]:
    """The status of each day, and who decides it."""
    (row,) = (each for each in indicator_rows(document) if each.id == indicator)
    return {
        run.first + timedelta(days=n): (run.status, run.decided_by)
        for run in row.runs
        for n in range((run.last - run.first).days + 1)
    }


def test_every_day_of_eighteen_months_has_a_status(settings: Settings, document: ReportDocument) -> None:
    """No data before the first scan and where none counts; scanners and people decide; the quarter is summed up."""
    found = HISTORY.of(document)
    assert found is not None
    assert (found.first, found.last) == (date(2024, 10, 1), LAST_DAY)
    days = by_day(document, "KSI-A")
    assert list(days) == [found.first + timedelta(days=n) for n in range(547)]
    row = next(each for each in found.rows if each.id == "KSI-A")
    unknown = next(run for run in row.runs[1:] if run.status is IndicatorStatus.NO_DATA)
    assert [(run.status.value, run.first) for run in row.runs] == [
        ("no_data", found.first), ("met", FIRST_SCAN), ("no_data", unknown.first), ("met", date(2025, 9, 14)),
        ("not_met", FAILING[0]), ("met", date(2026, 2, 15)),
    ]  # fmt: skip
    assert NOT_SCANNED[0] < unknown.first <= NOT_SCANNED[0] + timedelta(days=settings.trend_carry_days)
    assert unknown.last == date(2025, 9, 13)
    assert (row.status, row.since, row.changes) == (IndicatorStatus.MET, date(2026, 2, 15), 2)
    assert row.met_pct == pytest.approx(100 * 76 / 90, abs=0.01)
    by_people = by_day(document, "KSI-B")
    assert by_people[date(2025, 11, 30)] == (IndicatorStatus.OPEN, None)
    assert by_people[date(2025, 12, 1)] == by_people[date(2026, 2, 28)] == (IndicatorStatus.MET, Decider.PEOPLE)
    assert by_people[date(2026, 3, 1)] == (IndicatorStatus.OPEN, None)
    assert by_day(document, "KSI-C")[date(2026, 3, 14)] == (IndicatorStatus.NOT_MET, Decider.SCANNER)
    assert by_day(document, "KSI-C")[LAST_DAY][0] is not IndicatorStatus.NOT_MET
    changes = [(each.day, each.id) for each in found.changes]
    assert changes == sorted(changes, key=lambda pair: -pair[0].toordinal())
    assert {(date(2026, 2, 1), "KSI-A"), (date(2026, 2, 15), "KSI-A"), (date(2026, 3, 1), "KSI-B")} <= set(changes)
    assert min(changes)[0] >= QUARTER.first_date


def test_a_day_has_the_same_status_in_every_quarter(
    settings: Settings, document: ReportDocument, tmp_path: Path
) -> None:
    """The history of the quarter before agrees on all days that both have."""
    before = composed(settings, tmp_path, Period.of_days(date(2025, 10, 1), date(2025, 12, 31)))
    for indicator in ("KSI-A", "KSI-B", "KSI-C"):
        one, two = by_day(document, indicator), by_day(before, indicator)
        shared = one.keys() & two.keys()
        assert len(shared) == 457
        assert {day: one[day] for day in shared} == {day: two[day] for day in shared}


def test_accepted_vulnerabilities_are_those_of_two_kinds(document: ReportDocument) -> None:
    """Operational requirements and risk adjustments in force at the end; no false positive, none that ended."""
    rows = {row.id: row for row in ACCEPTED.of(document)}
    assert rows.keys() == {"wvr_1", "wvr_2"}
    assert (rows["wvr_1"].findings, rows["wvr_1"].kind) == (1, WaiverKind.OPERATIONAL_REQUIREMENT)
    assert rows["wvr_2"].adjusted_severity is Severity.LOW


def test_all_formats_have_the_history(document: ReportDocument, tmp_path: Path) -> None:
    """CSV a row for each indicator and day, JSON and the workbook the runs, pages the indicators and changes."""
    rows = read_csv(render_artifact(document, ReportFormat.CSV, tmp_path).path)
    assert (tuple(rows[0]), len(rows)) == (DAY_COLUMNS, 3 * 547)
    days = by_day(document, "KSI-A")
    assert {row["day"]: row["status"] for row in rows if row["indicator"] == "KSI-A"} == {
        day.isoformat(): status.value for day, (status, _) in days.items()
    }
    written = json.loads(render_artifact(document, ReportFormat.JSON, tmp_path).path.read_bytes())
    history = written["indicator_history"]
    assert (history["first_day"], history["last_day"]) == ("2024-10-01", "2026-03-31")
    assert history["indicators"][0]["runs"][-1] == {
        "first": "2026-02-15", "last": "2026-03-31", "status": "met", "decided_by": "scanner",
    }  # fmt: skip
    assert {row["id"] for row in written["accepted_vulnerabilities"]} == {"wvr_1", "wvr_2"}
    path = render_artifact(document, ReportFormat.EXCEL, tmp_path).path
    with closing(openpyxl.load_workbook(path, read_only=True)) as book:
        assert {"Indicators", "Indicator history", "Accepted vulnerabilities"} <= set(book.sheetnames)
        runs = list(book["Indicator history"].iter_rows(min_row=2, values_only=True))
    assert len(runs) == sum(len(row.runs) for row in indicator_rows(document))
    pdf = render_artifact(document, ReportFormat.PDF, tmp_path)
    assert "Indicator History" in [section.name for section in pdf.sections]
    text = " ".join(read_pdf_text(pdf.path).split())
    for words in ("KSI-A", "Title of B", "15 February 2026", "The vendor has no other port"):
        assert words in text, words
    german = replace(document, header=replace(document.header, locale="de"))
    page = render_artifact(german, ReportFormat.HTML, tmp_path).path.read_text(encoding="utf-8")
    assert "Akzeptierte Schwachstellen" in page
    assert "Nicht erfüllt" in page


def test_the_public_indicators_are_all_there(settings: Settings, tmp_path: Path) -> None:
    """The type is ordered without a framework and is on no other one; it reads the months before its period."""
    body = {
        "name": "KSI", "type": "indicator_history", "scope": {"date_range": {
            "start": "2026-01-01T00:00:00Z", "end": "2026-03-31T23:59:59Z"}},
    }  # fmt: skip
    known = Known(frameworks=("fedramp_20x", "soc2"))
    order = parse_request(body, organization=ORGANIZATION, now=NOW, known=known)
    assert (order.framework, order.period) == ("fedramp_20x", QUARTER)
    assert days_of_request(settings, order)[0] <= date(2024, 10, 1) - timedelta(days=settings.trend_carry_days)
    with pytest.raises(RequestError) as refused:
        parse_request(body | {"framework": "soc2"}, organization=ORGANIZATION, now=NOW, known=known)
    assert "A report of this type is on fedramp_20x only" in {each.message for each in refused.value.details}
    framework = load_builtin_frameworks()["fedramp_20x"]
    rows = indicator_rows(composed(settings, tmp_path, framework=framework))
    assert [row.id for row in rows] == [requirement.id for requirement in framework.requirements]
    assert len(rows) == 46


def test_another_report_has_no_history(settings: Settings, tmp_path: Path) -> None:
    """The JSON of an audit report has no key for it, so that its bytes are those of before."""
    order = ReportRequest(
        name="Audit", type=ReportType.AUDIT, framework="fedramp_20x", description="",
        scope=Scope(organization=ORGANIZATION), period=QUARTER, scope_as_given={}, formats=(ReportFormat.JSON,),
    )  # fmt: skip
    with open_lake(settings) as lake:
        audit = compose_from_lake(
            lake, order, TINY, waivers=(), report_id="rpt_2", folder=tmp_path, now=NOW, weights=RiskWeights(),
            locale=open_locale("en"),
        )  # fmt: skip
    written = json.loads(render_artifact(audit, ReportFormat.JSON, tmp_path).path.read_bytes())
    assert not {"indicator_history", "accepted_vulnerabilities"} & written.keys()
