"""A finished report made again from its data, and reports as known on a date: the figures are those of that time."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from policycortex.errors import ConflictError, DataNotKeptError, IntegrityError, NotFoundError, RequestError
from policycortex.frameworks.reading import read_framework, write_framework
from policycortex.period import Period
from policycortex.scoring.waivers import WaiverScope
from policycortex.settings import Settings
from policycortex.storage.lake.maintenance import clean_lake
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.registry import Registry, ReportRow, Sharing, open_registry
from policycortex.workflow.ingest import ingest_files
from policycortex.workflow.report_order import parse_order
from policycortex.workflow.reports import fail_report, produce_report
from policycortex.workflow.request_report import known_values, new_report_id, request_report
from tests.workflow.test_story_of_a_year import LOGGED, OPEN, scan

ORGANIZATION = "default"
SCAN = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
FIRST = {(OPEN, "a"): "FAIL", (OPEN, "b"): "FAIL", (LOGGED, "a"): "PASS"}
LATE = {(OPEN, "c"): "FAIL", (OPEN, "d"): "FAIL", (OPEN, "e"): "FAIL"}
OWN: Mapping[str, Any] = {
    "id": "own",
    "name": "Own rules",
    "version": "1",
    "requirements": [{"id": "R1", "title": "Buckets are closed", "section": "Storage"}],
    "crosswalk": {"checks": {"aws": {OPEN: ["R1"]}}},
}
ALL_FORMATS = ["csv", "json", "html"]


@dataclass(frozen=True)
class Home:
    """An installation, and what it was requested for."""

    settings: Settings
    registry: Registry

    def order(self, body: Mapping[str, Any], *, reader: str | None = None, by: str | None = None) -> str:
        """The id of a report that is requested and made now."""
        now = datetime.now(UTC)
        known = known_values(self.settings, self.registry, ORGANIZATION)
        ordered = parse_order(
            self.settings, self.registry, body, organization=ORGANIZATION, now=now, known=known, reader=reader
        )
        row = request_report(
            self.settings,
            self.registry,
            ordered.request,
            report_id=new_report_id(),
            start=None,
            created_by=by,
            sharing=ordered.sharing,
            now=now,
        )
        return row.id

    def make(self, body: Mapping[str, Any]) -> ReportRow:
        """The completed report."""
        report_id = self.order(body)
        produce_report(self.settings, report_id, run_id="run", now=datetime.now(UTC))
        return self.registry.reports.get_report(ORGANIZATION, report_id)

    def file(self, row: ReportRow, format: str) -> str:  # noqa: A002 - the word of the API
        """The text of one of its files."""
        artifact = row.artifact(format)
        assert artifact is not None
        with open_artifacts(self.settings).open_artifact(artifact.key, sha256=artifact.sha256) as file:
            return file.read().decode()

    def ingest(self, file: Path) -> None:
        """Import the file now."""
        ingest_files(self.settings, [file], organization=ORGANIZATION, now=datetime.now(UTC))

    def waive(self, bucket: str) -> None:
        """A waiver for an open bucket, approved now, valid long before."""
        valid = Period(start=SCAN - timedelta(days=9), end=SCAN + timedelta(days=90))
        scope = WaiverScope(check=OPEN, resource=f"arn:aws:s3:::{bucket}")
        now, waivers = datetime.now(UTC), self.registry.waivers
        requested = waivers.request_waiver(ORGANIZATION, scope, reason="accepted", valid=valid, by="key_asks", now=now)
        waivers.approve_record(ORGANIZATION, requested.id, by="key_approves", now=now)

    def upload(self, version: str, checks: Mapping[str, list[str]]) -> None:
        """A version of the organisation's own framework."""
        tree = {**OWN, "version": version, "crosswalk": {"checks": {"aws": dict(checks)}}}
        framework = read_framework(json.dumps(tree).encode(), name="own", base={})
        self.registry.frameworks.put_framework(
            ORGANIZATION, "own", write_framework(framework), uploaded_by=None, now=datetime.now(UTC)
        )


def body(**changes: object) -> dict[str, Any]:
    """A request on the last week, that ends after today: what is known decides."""
    start, end = SCAN - timedelta(days=5), SCAN + timedelta(days=10)
    scope = {"date_range": {"start": start.isoformat(), "end": end.isoformat()}}
    return {
        "name": "Week",
        "type": "compliance",
        "framework": "own",
        "scope": scope,
        "format_options": {"formats": ALL_FORMATS},
        **changes,
    }


@dataclass(frozen=True)
class Story:
    """What happened: a scan and a report, then everything changed."""

    home: Home
    before: ReportRow
    """Made before the changes."""
    known: datetime
    """The time between the report and the changes."""
    after: ReportRow
    """The same request, made after them."""
    too_early: datetime
    """Before the first scan."""


@contextmanager
def happened(folder: Path) -> Iterator[Story]:
    """A late scan, a waiver approved later and another version of the framework."""
    settings = Settings(home=folder / "home")
    with closing(open_registry(settings)) as registry:
        home = Home(settings=settings, registry=registry)
        too_early = datetime.now(UTC)
        home.upload("1", {OPEN: ["R1"]})
        home.ingest(scan(folder / "first.json", SCAN, FIRST))
        before = home.make(body())
        known = datetime.now(UTC)
        home.ingest(scan(folder / "late.json", SCAN + timedelta(hours=9), LATE))
        home.waive("a")
        home.upload("2", {OPEN: ["R1"], LOGGED: ["R1"]})
        yield Story(home=home, before=before, known=known, after=home.make(body()), too_early=too_early)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The story that tests share which change nothing of it."""
    with happened(tmp_path_factory.mktemp("again")) as story:
        yield story


def figures(row: ReportRow) -> tuple[int, int, int]:
    """Failing findings, findings that count, and waived ones."""
    assert row.summary is not None
    score = row.summary["score"]
    return row.summary["total_violations"], score["denominator"], score["excluded"]["waived"]


def test_the_story_changed_the_figures(story: Story) -> None:
    """Otherwise the tests below would show nothing: two of two fail, later four of five beside a waived one."""
    assert figures(story.before) == (2, 2, 0)
    assert figures(story.after) == (4, 5, 1)


def test_a_report_made_again_has_the_same_bytes(story: Story) -> None:
    """All three data files are equal but for the id, the time of making, and the report that it was made from."""
    again = story.home.make({"from_report": story.before.id})
    assert again.snapshot == story.before.snapshot
    for name in ALL_FORMATS:
        first, second = (story.home.file(row, name).splitlines() for row in (story.before, again))
        differing = [(a, b) for a, b in zip(first, second, strict=True) if a != b]
        assert all(story.before.id in a or "generated" in a.lower() or "Generated" in a for a, _ in differing), (
            differing
        )
        assert name == "csv" or differing
    made = json.loads(story.home.file(again, "json"))
    assert made["report"]["made_from"] == story.before.id
    assert story.before.id in story.home.file(again, "html")


def test_every_number_is_equal_in_another_language(story: Story) -> None:
    """German, another detail and other colours: every number of the JSON report is that of the first."""
    options = {
        "formats": ["json", "html"],
        "locale": "de",
        "include_detailed_findings": "all",
        "branding": {"company": "Acme", "colours": {"primary": "#222222"}},
    }
    again = story.home.make({"from_report": story.before.id, "name": "Woche", "format_options": options})
    first, second = (json.loads(story.home.file(row, "json")) for row in (story.before, again))
    assert second["report"]["name"] == "Woche"
    assert numbers(first) == numbers(second)
    assert numbers(first)
    assert "Kenntnisstand" not in story.home.file(again, "html")
    assert "Erstellt aus Bericht" in story.home.file(again, "html")


def numbers(value: object, path: str = "") -> list[tuple[str, float]]:
    """Every number of a JSON value with its place."""
    if isinstance(value, Mapping):
        return [found for name, each in value.items() for found in numbers(each, f"{path}.{name}")]
    if isinstance(value, list):
        return [found for index, each in enumerate(value) for found in numbers(each, f"{path}.{index}")]
    return [(path, value)] if isinstance(value, int | float) and not isinstance(value, bool) else []


def test_a_report_made_again_can_be_made_again(story: Story) -> None:
    """With the data of the first, and named after the one it was made from."""
    second = story.home.make({"from_report": story.before.id, "format_options": {"formats": ["json"]}})
    third = story.home.make({"from_report": second.id})
    assert figures(third) == figures(story.before)
    assert json.loads(story.home.file(third, "json"))["report"]["made_from"] == second.id


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "audit"),
        ("framework", "soc2"),
        ("crosswalk", "scanner"),
        ("scope", {"accounts": ["1"]}),
        ("known_on", "2026-01-01"),
    ],
)
def test_what_decides_the_figures_cannot_change(story: Story, field: str, value: object) -> None:
    """The field is named, with what to do."""
    with pytest.raises(RequestError) as refused:
        story.home.order({"from_report": story.before.id, field: value})
    [problem] = refused.value.details
    assert problem.field == field
    assert "request a report without from_report" in problem.message


def test_what_decides_the_figures_may_be_repeated(story: Story) -> None:
    """A program may send the whole body again."""
    repeated = {name: value for name, value in body().items() if name != "name"}
    again = story.home.make({"from_report": story.before.id, **repeated, "format_options": {"formats": ["csv"]}})
    assert figures(again) == figures(story.before)


def test_all_problems_are_named_at_once(story: Story) -> None:
    """A field that cannot change beside an unknown one and a wrong option."""
    wrong = {"from_report": story.before.id, "type": "audit", "colour": 1, "format_options": {"locale": "xx"}}
    with pytest.raises(RequestError) as refused:
        story.home.order(wrong)
    assert {each.field for each in refused.value.details} == {"type", "colour", "format_options.locale"}


def test_a_password_is_never_lost(story: Story) -> None:
    """A report with a password is made again only with one."""
    password = {"password": "correct horse battery"}
    locked = story.home.make(body(format_options={"formats": ["csv"], **password}))
    with pytest.raises(RequestError) as refused:
        story.home.order({"from_report": locked.id})
    assert [each.field for each in refused.value.details] == ["format_options.password"]
    again = story.home.make({"from_report": locked.id, "format_options": password})
    assert again.artifacts[0].extension == "csv.zip"


def test_who_may_not_see_a_report_cannot_make_it_again(story: Story) -> None:
    """It is not found; who may see it makes one that the same keys see."""
    home, now = story.home, datetime.now(UTC)
    keys = [home.registry.keys.create_key(organization=ORGANIZATION, name=name, now=now) for name in "abc"]
    owner, friend, stranger = (key.id for key, _ in keys)
    report_id = home.order(body(), by=owner)
    produce_report(home.settings, report_id, run_id="run", now=now)
    home.registry.sharing.share_report(ORGANIZATION, report_id, Sharing(key_ids=(friend,)), now=now)
    with pytest.raises(NotFoundError):
        home.order({"from_report": report_id}, reader=stranger)
    again = home.order({"from_report": report_id}, reader=friend, by=friend)
    assert home.registry.reports.is_hidden(again, reader=stranger)
    assert not home.registry.reports.is_hidden(again, reader=owner)
    fail_report(home.settings, again, "not needed")


def test_only_a_completed_report_is_made_again(story: Story) -> None:
    """One that waits is a conflict; one that has expired says that its data is gone."""
    home = story.home
    waiting = home.order(body())
    with pytest.raises(ConflictError, match="only a completed report"):
        home.order({"from_report": waiting})
    fail_report(home.settings, waiting, "not needed")
    short = home.make(body(retention_days=1))
    home.registry.reports.expire_reports(now=datetime.now(UTC) + timedelta(days=2))
    with pytest.raises(DataNotKeptError, match="has expired"):
        home.order({"from_report": short.id})


def test_a_report_as_known_on_a_date(story: Story) -> None:
    """Neither the late scan, nor the waiver, nor the new version of the framework counts; the report says so."""
    row = story.home.make(body(known_on=story.known.isoformat()))
    assert figures(row) == figures(story.before)
    first, second = (json.loads(story.home.file(each, "json")) for each in (story.before, row))
    assert second["report"]["known_on"] == story.known.isoformat().replace("+00:00", "Z")
    assert second["report"]["framework_version"] == "1"
    assert (first["requirements"], first["trend"]) == (second["requirements"], second["trend"])
    assert "As known on" in story.home.file(row, "html")
    again = story.home.make({"from_report": row.id})
    assert figures(again) == figures(row)


def test_before_the_data_a_report_is_refused(story: Story) -> None:
    """With the earliest time; a time in the future and one before the period are wrong."""
    with pytest.raises(DataNotKeptError, match=r"earliest (time|kept version) is (of )?\d{4}-\d\d-\d\d"):
        story.home.order(body(known_on=(story.too_early - timedelta(hours=1)).isoformat()))
    for wrong in ("2999-01-01", "yesterday", (SCAN - timedelta(days=30)).date().isoformat()):
        with pytest.raises(RequestError) as refused:
            story.home.order(body(known_on=wrong))
        assert [each.field for each in refused.value.details] == ["known_on"]


def test_today_is_what_is_known_now(story: Story) -> None:
    """The date of today means now."""
    row = story.home.make(body(known_on=datetime.now(UTC).date().isoformat()))
    assert figures(row) == figures(story.after)


def test_other_settings_do_not_change_figures_silently(story: Story) -> None:
    """With other weights of risk the figures would differ: the report fails and names them."""
    weights = story.home.settings.home / "risk.yaml"
    report_id = story.home.order({"from_report": story.before.id})
    weights.write_text("ceilings: {high: 11}\n", encoding="utf-8")
    try:
        with pytest.raises(IntegrityError, match="risk_score"):
            produce_report(story.home.settings, report_id, run_id="run", now=datetime.now(UTC))
    finally:
        weights.unlink()
    fail_report(story.home.settings, report_id, "other weights")


def test_merged_files_change_no_report(tmp_path: Path) -> None:
    """After small files became one and the former ones are deleted, a report has the same bytes, and so has what was
    known between two scans."""
    with happened(tmp_path) as own:
        home, bodies = own.home, ({"from_report": own.before.id}, body(known_on=own.known.isoformat()))
        first = [home.make(each) for each in bodies]
        pinned, merged = home.registry.references.load_pinned_snapshots(), 0
        for _ in range(2):
            now = datetime.now(UTC)
            found = clean_lake(
                home.settings,
                pinned=pinned,
                expire_before=now - timedelta(days=1),
                settled_before=now,
                is_dry_run=False,
            )
            merged += found.merged_files
        assert merged >= 2
        assert found.expired_files >= 2
        for row, each in zip(first, bodies, strict=True):
            assert _without_own(home, home.make(each)) == _without_own(home, row)


def _without_own(home: Home, row: ReportRow) -> list[str]:
    """Its files without its id and the lines that tell when it was made."""
    lines = (line for name in ALL_FORMATS for line in home.file(row, name).replace(row.id, "").splitlines())
    return [line for line in lines if "generated" not in line.lower()]


def test_a_snapshot_that_is_gone_is_named(tmp_path: Path) -> None:
    """Its report says so; an open report keeps the snapshot that it will be made from."""
    with happened(tmp_path) as own:
        _lose_snapshots(own)


def _lose_snapshots(story: Story) -> None:
    home = story.home
    pinned = home.registry.references.load_pinned_snapshots()
    assert {story.before.snapshot, story.after.snapshot} <= pinned
    waiting = home.order({"from_report": story.before.id})
    home.registry.reports.delete_report(ORGANIZATION, story.before.id)
    still = home.registry.references.load_pinned_snapshots()
    assert story.before.snapshot in still
    fail_report(home.settings, waiting, "not needed")
    home.ingest(scan(home.settings.home / "new.json", SCAN + timedelta(days=1), FIRST))
    soon = datetime.now(UTC) + timedelta(seconds=1)
    clean_lake(home.settings, pinned=set(), expire_before=soon, settled_before=soon, is_dry_run=False)
    with pytest.raises(DataNotKeptError, match="not kept any more"):
        home.order({"from_report": story.after.id})
    with pytest.raises(DataNotKeptError, match=re.escape("the earliest time is")):
        home.order(body(known_on=story.known.isoformat()))
