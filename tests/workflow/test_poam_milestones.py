"""Milestones that people state: in every format of a plan, as known at its end, and stated at the command line."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import openpyxl
import pytest
from click.testing import CliRunner

from policycortex.documents.milestones import MilestoneChange, StatedMilestone
from policycortex.documents.model import ReportDocument
from policycortex.names import OscalVersion, ReportFormat, ReportType
from policycortex.period import Period
from policycortex.rendering.artifacts import RenderingOptions, render_artifact
from policycortex.rendering.excel.poam_workbook import HEAD_ROW, OPEN_SHEET
from policycortex.reports.sections.poam import items_of
from policycortex.requests.basis import DataBasis
from policycortex.requests.model import ReportRequest
from policycortex.scope import Scope
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.milestones import MilestoneFilter
from policycortex.workflow.known_records import milestones_of
from policycortex.workflow.poam_numbers import number_organization
from policycortex.workflow.repeatable_reports import content_digest
from policycortex_cli.app import app
from tests.golden.readers import Page, read_csv
from tests.support.empty_homes import copy_home
from tests.support.samples.lake import ORGANIZATION, finding, import_findings
from tests.workflow.test_poam_report import FEBRUARY, MARCH, lake, plan

__all__ = ["lake"]

ITEM: Final = "POAM-00001/R1"
NOW: Final = datetime(2026, 4, 2, tzinfo=UTC)


def moment(text: str) -> datetime:
    """UTC."""
    return datetime.fromisoformat(f"{text}:00+00:00")


def stated(id_: str, made_at: str, text: str, **given: Any) -> StatedMilestone:  # noqa: ANN401 - fields
    """A milestone of the first item, due in March unless given."""
    fields: dict[str, Any] = {
        "number": 1, "framework": "tiny", "requirement": "R1", "due_on": date(2026, 3, 10), "done_on": None,
        "earlier": None, "change": None, "author": "key_1", "author_name": "Ada Lovelace", "author_role": "Owner",
    }  # fmt: skip
    return StatedMilestone(id=id_, organization=ORGANIZATION, text=text, made_at=moment(made_at), **(fields | given))


FIRST: Final = stated("mst_1", "2026-02-05T09:00", "Review the policy; =1+1")
SECOND: Final = stated("mst_2", "2026-02-06T09:00", "Close the port", author_role=None)
MOVED: Final = stated(
    "mst_3", "2026-03-09T09:00", "Review it again", due_on=date(2026, 4, 10), earlier="mst_1",
    change=MilestoneChange.REPLACED,
)  # fmt: skip
DONE: Final = stated(
    "mst_4", "2026-03-12T09:00", "Closed", due_on=None, done_on=date(2026, 3, 11), earlier="mst_2",
    change=MilestoneChange.COMPLETED,
)  # fmt: skip
ALL: Final = (FIRST, SECOND, MOVED, DONE)


@pytest.fixture(scope="module")
def march(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> ReportDocument:
    """The plan of March with all four statements."""
    return plan(lake, tmp_path_factory.mktemp("march"), MARCH, milestones=ALL)


def test_a_step_is_as_its_newest_statement_says(march: ReportDocument) -> None:
    """After the two steps of every item, in the order in which they were added; other items have only those two."""
    steps = {item.number: item.milestones for item in items_of(march)}
    assert [(step.title, step.due_on, step.done_on) for step in steps[ITEM][2:]] == [
        ("Review it again", date(2026, 4, 10), None),
        ("Close the port", date(2026, 3, 10), date(2026, 3, 11)),
    ]
    assert [[each.id for each in step.statements] for step in steps[ITEM]] == [
        [], [], ["mst_1", "mst_3"], ["mst_2", "mst_4"],
    ]  # fmt: skip
    assert {number: len(found) for number, found in steps.items() if number != ITEM} == dict.fromkeys(
        steps.keys() - {ITEM}, 2
    )


def test_a_milestone_of_a_weakness_is_of_all_its_items(lake: Lake, tmp_path: Path) -> None:
    """Those of items of other frameworks are not shown; without a framework only those of weaknesses are."""
    whole = replace(FIRST, framework=None, requirement=None)
    other = replace(SECOND, framework="other")
    shown = plan(lake, tmp_path, MARCH, milestones=(whole, other))
    assert {item.number for item in items_of(shown) if len(item.milestones) > 2} == {ITEM, "POAM-00001/R2"}
    shown = plan(lake, tmp_path, MARCH, framework=None, milestones=(whole, SECOND))
    assert {item.number: len(item.milestones) for item in items_of(shown)}["POAM-00001"] == 3


def test_the_workbook_has_plan_and_changes_apart(march: ReportDocument, tmp_path: Path) -> None:
    """Planned milestones stay as they were first stated; changes name the day and the author."""
    path = render_artifact(march, ReportFormat.EXCEL, tmp_path).path
    with closing(openpyxl.load_workbook(path)) as book:
        heads, *lines = book[OPEN_SHEET].iter_rows(min_row=HEAD_ROW, values_only=True)
    row = dict(zip(heads, next(line for line in lines if line[0] == ITEM), strict=True))
    assert str(row["Planned Milestones"]).splitlines()[2:] == [
        "Milestone 3: Review the policy; =1+1 by 2026-03-10",
        "Milestone 4: Close the port by 2026-03-10",
    ]
    assert str(row["Milestone Changes"]).splitlines() == [
        "Milestone 3 added by Ada Lovelace (Owner) on 2026-02-05",
        "Milestone 3 replaced (Review it again by 2026-04-10) by Ada Lovelace (Owner) on 2026-03-09",
        "Milestone 4 added by Ada Lovelace on 2026-02-06",
        "Milestone 4 completed on 2026-03-11 (Closed), stated by Ada Lovelace (Owner) on 2026-03-12",
    ]


def test_pages_list_the_steps_of_people(march: ReportDocument, tmp_path: Path) -> None:
    """As they are now, with who stated them last; steps that every item has are not in the list."""
    page = Page(render_artifact(march, ReportFormat.HTML, tmp_path).path.read_text(encoding="utf-8")).text
    words = " ".join(page.partition("Steps that people stated")[2].partition("Closed Items")[0].split())
    assert f"{ITEM} Review it again" in words
    assert words.count("Ada Lovelace (Owner)") == 2
    assert "11 March 2026" in words


def test_csv_and_json_have_them(march: ReportDocument, tmp_path: Path) -> None:
    """CSV as they are now, with the changes; JSON with every statement, its author and time."""
    rows = read_csv(render_artifact(march, ReportFormat.CSV, tmp_path).path)
    (row,) = (each for each in rows if each["number"] == ITEM)
    assert "Review it again by 2026-04-10" in row["milestones"]
    assert "Milestone 4 completed on 2026-03-11 (Closed)" in row["milestone_changes"]
    written = json.loads(render_artifact(march, ReportFormat.JSON, tmp_path).path.read_text(encoding="utf-8"))
    (item,) = (each for each in written["poam"] if each["number"] == ITEM)
    assert item["milestones"][1]["statements"] == []
    assert item["milestones"][3]["statements"][1] == {
        "id": "mst_4", "change": "completed", "text": "Closed", "due_on": None, "done_on": "2026-03-11",
        "author": "key_1", "author_name": "Ada Lovelace", "author_role": "Owner", "made_at": "2026-03-12T09:00:00Z",
    }  # fmt: skip


def test_oscal_has_tasks_and_their_log(march: ReportDocument, tmp_path: Path) -> None:
    """A task for each step; a log entry for each statement names its task."""
    for version in OscalVersion:
        options = RenderingOptions(oscal_version=version)
        path = render_artifact(march, ReportFormat.OSCAL, tmp_path, options=options).path
        written = json.loads(path.read_text(encoding="utf-8"))["plan-of-action-and-milestones"]
        (risk,) = (each for each in written["risks"] if len(each["risk-log"]["entries"]) > 2)
        (remedy,) = risk["remediations"]
        tasks = {each["title"]: each for each in remedy["tasks"]}
        done = tasks["Close the port"]
        assert {each["name"]: each["value"] for each in done["props"]}["done-on"] == "2026-03-11"
        entries = risk["risk-log"]["entries"][1:]
        assert [each["start"] for each in entries] == [
            "2026-02-05T09:00:00Z", "2026-03-09T09:00:00Z", "2026-02-06T09:00:00Z", "2026-03-12T09:00:00Z",
        ]  # fmt: skip
        assert entries[-1]["related-responses"] == [
            {"response-uuid": remedy["uuid"], "related-tasks": [{"task-uuid": done["uuid"]}]}
        ]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Two statements of February, one of March, and one of strangers on the same number."""
    opened = open_registry(Settings(home=tmp_path / "home"))
    for organization, made in ((ORGANIZATION, FIRST), ("strangers", FIRST), (ORGANIZATION, SECOND)):
        opened.milestones.add_milestone(
            organization, number=1, framework="tiny", requirement="R1", text=made.text, due_on=date(2026, 3, 10),
            by="key_1", name="Ada", role=None, now=made.made_at,
        )  # fmt: skip
    earlier = opened.milestones.list_milestones(ORGANIZATION, MilestoneFilter())[-1]
    opened.milestones.change_milestone(
        ORGANIZATION, earlier.id, MilestoneChange.REPLACED, text=MOVED.text, due_on=MOVED.due_on, done_on=None,
        by="key_1", name="Ada", role=None, now=MOVED.made_at,
    )  # fmt: skip
    return opened


def test_a_plan_has_what_was_stated_by_its_end(
    lake: Lake, registry: Registry, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The plan of February, made in April, is byte-equal to the one made in March before the replacement."""
    request.addfinalizer(registry.close)
    settings = Settings(home=tmp_path / "home")
    order = ReportRequest(
        name="Plan", type=ReportType.POAM, framework="tiny", description="", scope=Scope(organization=ORGANIZATION),
        period=FEBRUARY, scope_as_given={}, formats=(ReportFormat.CSV,),
    )  # fmt: skip
    first = milestones_of(settings, order, moment("2026-03-01T00:00"))
    assert [each.text for each in first] == [FIRST.text, SECOND.text]
    assert milestones_of(settings, order, NOW) == first
    files = [
        render_artifact(
            plan(lake, tmp_path / str(number), FEBRUARY, milestones=known), ReportFormat.CSV, tmp_path / str(number)
        ).path.read_bytes()
        for number, known in enumerate((first, milestones_of(settings, order, NOW)))
    ]
    assert files[0] == files[1]
    of_march = replace(order, period=MARCH)
    assert [each.text for each in milestones_of(settings, of_march, NOW)] == [FIRST.text, SECOND.text, MOVED.text]
    known = replace(of_march, basis=DataBasis(snapshot="1", known_at=moment("2026-02-05T12:00")))
    assert [each.text for each in milestones_of(settings, known, NOW)] == [FIRST.text]
    assert milestones_of(settings, replace(order, type=ReportType.AUDIT), NOW) == ()


def test_a_milestone_makes_a_new_report_of_its_month_only(registry: Registry, tmp_path: Path) -> None:
    """The digest of a monthly plan changes with a statement of that month, and not with a later one."""
    settings = Settings(home=tmp_path / "home")

    def digest(period: Period) -> str:
        order = ReportRequest(
            name="Plan", type=ReportType.POAM, framework=None, description="", scope=Scope(organization=ORGANIZATION),
            period=period, scope_as_given={}, formats=(ReportFormat.CSV,),
        )  # fmt: skip
        return content_digest(settings, registry, None, order, description="")

    with closing(registry):
        before = {period: digest(period) for period in (FEBRUARY, MARCH)}
        registry.milestones.add_milestone(
            ORGANIZATION, number=1, framework=None, requirement=None, text="Late", due_on=date(2026, 5, 1), by="key_1",
            name="Ada", role=None, now=moment("2026-03-15T00:00"),
        )  # fmt: skip
        assert digest(FEBRUARY) == before[FEBRUARY]
        assert digest(MARCH) != before[MARCH]


def run(home: Path, *words: str) -> str:
    """What the command prints, or its error with the details."""
    done = CliRunner().invoke(app, ["milestones", *words, "--home", str(home)], catch_exceptions=True)
    details = " ".join(each.message for each in getattr(done.exception, "details", ()))
    return done.output if done.exception is None else f"{type(done.exception).__name__}: {done.exception} {details}"


def test_the_command_states_completes_replaces_and_lists(tmp_path: Path, empty_home: Path) -> None:
    """Each prints its id; errors are those of the API; everything is in the audit log with its actor."""
    home = copy_home(empty_home, tmp_path / "home")
    with open_lake(Settings(home=home)) as lake:
        lake.state.rebuild_state(import_findings(lake, [finding(date(2026, 1, 20), "c1")], organization="default"))
        number_organization(lake, "default")
    assert "No weakness POAM-00002" in run(home, "add", "POAM-00002", "Text", "--due", "2026-12-31")
    first = run(home, "add", "POAM-00001/cc6.1", "Review", "--due", "2026-12-31", "--framework", "soc2").strip()
    moved = run(home, "replace", first, "Review it", "--due", "2027-01-31", "--role", "Owner").strip()
    done = run(home, "complete", moved, "Reviewed", "--on", "2026-01-30").strip()
    assert f"was replaced already, by {moved}" in run(home, "complete", first, "Again")
    lines = run(home, "list", "--item", "POAM-00001").splitlines()
    assert {line.split()[0] for line in lines} == {first, moved, done}
    (line,) = (line for line in lines if line.startswith(done))
    assert f"soc2 POAM-00001/CC6.1  completed {moved}  done 2026-01-30" in line
    assert run(home, "list", "--item", "POAM-00002") == ""
    with closing(open_registry(Settings(home=home))) as registry:
        events = [each for each in registry.audit_log.read_records("default") if each.action == "milestone_created"]
    assert [each.subject for each in events] == [first, moved, done]
    assert events[2].details["change"] == "completed"
    assert events[2].details["by"].startswith("user:")
