"""A plan of action over three months: the same numbers in each month and in every format, in any order of files."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import openpyxl
import pytest

from policycortex.documents.locales import open_locale
from policycortex.documents.milestones import StatedMilestone
from policycortex.documents.model import ReportDocument
from policycortex.documents.poam import Deviation, ItemStatus
from policycortex.findings.model import Finding
from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.names import OscalVersion, ReportFormat, ReportType, Severity
from policycortex.period import Period
from policycortex.rendering.artifacts import RenderingOptions, render_artifact
from policycortex.rendering.excel.poam_workbook import CLOSED_SHEET, COLUMN_NAMES, HEAD_ROW, OPEN_SHEET
from policycortex.rendering.poam_csv import ITEM_COLUMNS
from policycortex.reports.sections.poam import items_of
from policycortex.requests.model import ReportRequest
from policycortex.scope import Scope
from policycortex.scoring.risk_model import RiskWeights
from policycortex.scoring.waivers import Waiver, WaiverKind, WaiverScope
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.workflow.poam_numbers import number_organization
from policycortex.workflow.reports import compose_from_lake
from tests.golden.readers import read_csv
from tests.support.empty_homes import copy_home
from tests.support.samples.lake import ORGANIZATION, finding, import_findings

JANUARY, FEBRUARY, MARCH = (Period.of_days(date(2026, m, 1), date(2026, m, 28)) for m in (1, 2, 3))
SCANS: Final = (
    [
        finding(date(2026, 1, 20), "c1", "r1", severity="critical"),
        finding(date(2026, 1, 20), "c1", "r2", severity="critical"),
        finding(date(2026, 1, 20), "c2", severity="low"),
        finding(date(2026, 1, 20), "c1", account="other"),
        finding(date(2026, 1, 20), "unrelated"),
    ],
    [
        finding(date(2026, 2, 20), "c1", "r1", severity="critical"),
        finding(date(2026, 2, 20), "c1", "r2", severity="critical"),
        finding(date(2026, 2, 20), "c2", status="PASS"),
    ],
    [finding(date(2026, 3, 20), "c1", "r1", severity="critical"), finding(date(2026, 3, 20), "c2", severity="low")],
)
"""c1 fails in two accounts, of which ``other`` is not scanned again; c2 is corrected and fails again."""
TINY: Final = Framework(
    id="tiny",
    name="Tiny",
    version="1",
    requirements=tuple(Requirement(id=name, title=f"Title of {name}", section="All") for name in ("R1", "R2")),
    crosswalk=Crosswalk(version="1", relations={("aws", "c1"): ("R1", "R2"), ("aws", "c2"): ("R2",)}),
)
WAIVER: Final = Waiver(
    id="wvr_1",
    organization=ORGANIZATION,
    reason="The site is public on purpose",
    scope=WaiverScope(framework="tiny", requirement="R1", check="c1", account="acc"),
    valid_from=datetime(2026, 1, 1, tzinfo=UTC),
    valid_until=datetime(2026, 12, 1, tzinfo=UTC),
    requested_by="key_1",
    requested_at=datetime(2026, 1, 1, tzinfo=UTC),
    approved_by="key_2",
    approved_at=datetime(2026, 1, 2, tzinfo=UTC),
)


@pytest.fixture(scope="module")
def lake(empty_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """The three scans in order; each is numbered when it comes."""
    with open_lake(Settings(home=copy_home(empty_home, tmp_path_factory.mktemp("poam") / "home"))) as opened:
        for scan in SCANS:
            take(opened, scan)
        yield opened


def take(lake: Lake, scan: Sequence[Finding]) -> None:
    """Import a scan, build its day and number what is new."""
    lake.state.rebuild_state(import_findings(lake, scan))
    number_organization(lake, ORGANIZATION)


def plan(
    lake: Lake,
    folder: Path,
    period: Period,
    *,
    framework: Framework | None = TINY,
    waivers: Sequence[Waiver] = (WAIVER,),
    milestones: Sequence[StatedMilestone] = (),
) -> ReportDocument:
    """The plan of the period, made in April."""
    order = ReportRequest(
        name="Plan", type=ReportType.POAM, framework=framework.id if framework else None, description="",
        scope=Scope(organization=ORGANIZATION), period=period, scope_as_given={}, formats=tuple(ReportFormat),
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    return compose_from_lake(
        lake,
        order,
        framework,
        waivers=waivers,
        milestones=milestones,
        report_id="rpt_1",
        folder=folder,
        now=datetime(2026, 4, 2, tzinfo=UTC),
        weights=RiskWeights(),
        locale=open_locale("en"),
    )


def shown(document: ReportDocument) -> dict[str, tuple[str, str, str, str | None]]:
    """Account, days and status of each item by its number."""
    return {
        item.number: (item.account_id, f"{item.opened_on:%m-%d}", f"{item.due_on:%m-%d}", str(item.closed_on))
        for item in items_of(document)
    }


def test_three_months_have_the_same_numbers(lake: Lake, tmp_path: Path) -> None:
    """c1 of ``other`` is open in March, because no scan looked; c2 was closed in February and is new in March."""
    january, february, march = (plan(lake, tmp_path / str(p.start.month), p) for p in (JANUARY, FEBRUARY, MARCH))
    open_of_c1 = {
        "POAM-00001/R1": ("acc", "01-20", "01-27", "None"),
        "POAM-00001/R2": ("acc", "01-20", "01-27", "None"),
        "POAM-00004/R1": ("other", "01-20", "02-19", "None"),
        "POAM-00004/R2": ("other", "01-20", "02-19", "None"),
    }
    first = {"POAM-00002/R2": ("acc", "01-20", "07-19", "2026-02-20")}
    assert shown(january) == open_of_c1 | {"POAM-00002/R2": ("acc", "01-20", "07-19", "None")}
    assert shown(february) == open_of_c1 | first
    assert shown(march) == open_of_c1 | first | {"POAM-00005/R2": ("acc", "03-20", "09-16", "None")}
    again = next(item for item in items_of(march) if item.number == "POAM-00005/R2")
    assert again.previous == "POAM-00002"
    assert {item.number for item in items_of(march) if item.is_overdue} == set(open_of_c1)


def test_a_waiver_is_a_deviation_of_the_requirement_that_it_names(lake: Lake, tmp_path: Path) -> None:
    """Both failing resources are accepted for R1, none for R2; the item stays open."""
    items = {item.number: item for item in items_of(plan(lake, tmp_path, FEBRUARY))}
    waived, other = items["POAM-00001/R1"], items["POAM-00001/R2"]
    assert (waived.status, waived.deviation, waived.waived, waived.failing) == (
        ItemStatus.OPEN, Deviation.OPERATIONAL_REQUIREMENT, 2, 2,
    )  # fmt: skip
    assert (waived.waivers, waived.rationale) == (("wvr_1",), (WAIVER.reason,))
    assert (other.deviation, other.waived, other.resources) == (None, 0, ("r1", "r2"))
    assert (items["POAM-00004/R1"].failing, items["POAM-00004/R1"].deviation) == (None, None)


_IN_PART: Final = replace(WAIVER, id="wvr_2", scope=replace(WAIVER.scope, resource="r1"))


def _adjusted(severity: Severity, waiver: Waiver = WAIVER) -> Waiver:
    return replace(waiver, kind=WaiverKind.RISK_ADJUSTMENT, adjusted_severity=severity)


@pytest.mark.parametrize(
    ("waivers", "deviation", "columns"),
    [
        ((replace(WAIVER, kind=WaiverKind.FALSE_POSITIVE),), "false_positive", {"False Positive": "Yes"}),
        ((replace(WAIVER, kind=WaiverKind.VENDOR_DEPENDENCY),), "vendor_dependency", {"Vendor Dependency": "Yes"}),
        (
            (_adjusted(Severity.LOW), _adjusted(Severity.MEDIUM, _IN_PART)),
            "risk_adjustment",
            {"Risk Adjustment": "Yes", "Adjusted Risk Rating": "Moderate"},
        ),
        (
            (WAIVER, replace(_IN_PART, kind=WaiverKind.FALSE_POSITIVE)),
            "several",
            {"Operational Requirement": "Yes", "False Positive": "Yes"},
        ),
        ((_adjusted(Severity.LOW, _IN_PART),), "risk_adjustment_in_part", {}),
        ((), None, {}),
    ],
)
def test_each_kind_of_waiver_is_its_own_deviation(
    lake: Lake, tmp_path: Path, waivers: Sequence[Waiver], deviation: str | None, columns: dict[str, str]
) -> None:
    """In FedRAMP's columns only where all that fails is accepted; of several risk adjustments the worst rating."""
    document = plan(lake, tmp_path, FEBRUARY, waivers=waivers)
    item = next(each for each in items_of(document) if each.number == "POAM-00001/R1")
    assert item.deviation == deviation
    path = render_artifact(document, ReportFormat.EXCEL, tmp_path).path
    with closing(openpyxl.load_workbook(path)) as book:
        lines = list(book[OPEN_SHEET].iter_rows(min_row=HEAD_ROW, values_only=True))
    row = dict(zip(lines[0], next(line for line in lines if line[0] == item.number), strict=True))
    no = dict.fromkeys(("Operational Requirement", "Risk Adjustment", "False Positive", "Vendor Dependency"), "No")
    assert {name: row[name] for name in (*no, "Adjusted Risk Rating")} == no | {"Adjusted Risk Rating": None} | columns
    written = read_csv(render_artifact(document, ReportFormat.CSV, tmp_path).path)
    (line,) = (each for each in written if each["number"] == item.number)
    assert line["deviation"] == (deviation or "")
    assert line["adjusted_severity"] == (item.adjusted_severity or "")
    page = render_artifact(document, ReportFormat.HTML, tmp_path).path.read_text(encoding="utf-8")
    assert (deviation is None) or open_locale("en").text(f"deviation.{deviation}") in page


def test_without_a_framework_each_weakness_is_an_item(lake: Lake, tmp_path: Path) -> None:
    """Also that of the check which no requirement of the framework is related to."""
    numbers = [item.number for item in items_of(plan(lake, tmp_path, MARCH, framework=None))]
    assert sorted(numbers) == [f"POAM-0000{number}" for number in (1, 2, 3, 4, 5)]


def test_all_formats_have_the_same_items(lake: Lake, tmp_path: Path) -> None:
    """CSV, JSON, the workbook and OSCAL of both versions name each item with its days."""
    document = plan(lake, tmp_path, MARCH)
    wanted = {item.number: (item.opened_on, item.due_on, item.closed_on) for item in items_of(document)}

    table = render_artifact(document, ReportFormat.CSV, tmp_path).path.read_text(encoding="utf-8")
    rows = list(csv.DictReader(table.splitlines()))
    assert tuple(rows[0]) == ITEM_COLUMNS
    assert {row["number"]: (row["opened_on"], row["due_on"], row["closed_on"]) for row in rows} == {
        number: tuple("" if day is None else day.isoformat() for day in days) for number, days in wanted.items()
    }

    written = json.loads(render_artifact(document, ReportFormat.JSON, tmp_path).path.read_text(encoding="utf-8"))
    assert {row["number"]: row["due_on"] for row in written["poam"]} == {
        number: due.isoformat() for number, (_, due, _) in wanted.items()
    }

    book = openpyxl.load_workbook(render_artifact(document, ReportFormat.EXCEL, tmp_path).path)
    assert book.sheetnames == [OPEN_SHEET, CLOSED_SHEET]
    found = {}
    for sheet in book:
        heads, *listed = sheet.iter_rows(min_row=HEAD_ROW, values_only=True)
        assert heads == COLUMN_NAMES
        for cells in (dict(zip(COLUMN_NAMES, row, strict=True)) for row in listed):
            days = (
                day_of(cells[name]) for name in ("Original Detection Date", "Scheduled Completion Date", "Status Date")
            )
            opened, due, status = days
            found[cells["POAM ID"]] = (opened, due, status if sheet.title == CLOSED_SHEET else None)
    assert found == wanted

    for version in OscalVersion:
        options = RenderingOptions(oscal_version=version)
        path = render_artifact(document, ReportFormat.OSCAL, tmp_path, options=options).path
        written = json.loads(path.read_text(encoding="utf-8"))["plan-of-action-and-milestones"]
        assert written["metadata"]["oscal-version"] == version.value
        assert {
            props["number"]: (props["opened-on"], props["due-on"], props.get("closed-on"))
            for props in map(props_of, written["poam-items"])
        } == {
            number: (opened.isoformat(), due.isoformat(), closed.isoformat() if closed else None)
            for number, (opened, due, closed) in wanted.items()
        }
    for report_format in (ReportFormat.PDF, ReportFormat.HTML, ReportFormat.DOCX):
        assert render_artifact(document, report_format, tmp_path).path.stat().st_size > 0


def day_of(cell: object) -> date:
    """The day in a cell of the workbook."""
    assert isinstance(cell, datetime)
    return cell.date()


def props_of(node: Mapping[str, Any]) -> dict[str, str]:
    """Values of the properties by name."""
    return {prop["name"]: prop["value"] for prop in node["props"]}


def test_other_reports_have_no_plan(lake: Lake, tmp_path: Path) -> None:
    """The JSON of an audit report has no key for it, so that its bytes are those of before."""
    document = plan(lake, tmp_path, MARCH)
    assert items_of(document)
    order = ReportRequest(
        name="Audit", type=ReportType.AUDIT, framework="tiny", description="", scope=Scope(organization=ORGANIZATION),
        period=MARCH, scope_as_given={}, formats=(ReportFormat.JSON,),
    )  # fmt: skip
    audit = compose_from_lake(
        lake, order, TINY, waivers=(), report_id="rpt_2", folder=tmp_path, now=datetime(2026, 4, 2, tzinfo=UTC),
        weights=RiskWeights(), locale=open_locale("en"),
    )  # fmt: skip
    assert "poam" not in json.loads(
        render_artifact(audit, ReportFormat.JSON, tmp_path).path.read_text(encoding="utf-8")
    )


def test_an_older_file_keeps_the_numbers_of_all_months(empty_home: Path, tmp_path: Path) -> None:
    """The scans come in reverse: the dates are the same as in order, and each month has the numbers that March gave."""
    with open_lake(Settings(home=copy_home(empty_home, tmp_path / "home"))) as lake:
        for scan in reversed(SCANS):
            take(lake, scan)
        months = [plan(lake, tmp_path / str(p.start.month), p) for p in (JANUARY, FEBRUARY, MARCH)]
        lake.state.rebuild_state([date(2026, 2, 20), date(2026, 1, 20), date(2026, 3, 20)])
        number_organization(lake, ORGANIZATION)
        again = [plan(lake, tmp_path / f"again-{p.start.month}", p) for p in (JANUARY, FEBRUARY, MARCH)]
    assert [items_of(document) for document in again] == [items_of(document) for document in months]
    assert shown(months[2]) == {
        "POAM-00001/R1": ("acc", "01-20", "01-27", "None"),
        "POAM-00001/R2": ("acc", "01-20", "01-27", "None"),
        "POAM-00002/R2": ("acc", "03-20", "09-16", "None"),
        "POAM-00003/R2": ("acc", "01-20", "07-19", "2026-02-20"),
        "POAM-00005/R1": ("other", "01-20", "02-19", "None"),
        "POAM-00005/R2": ("other", "01-20", "02-19", "None"),
    }
