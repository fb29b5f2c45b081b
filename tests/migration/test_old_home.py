"""A home that version 0.1 made works with today's code, and its reports have the same data again. See README.md."""

import csv
import io
import json
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from click.testing import CliRunner

from api.app import create_app
from policycortex.documents.locales import open_locale
from policycortex.documents.model import ReportHeader
from policycortex.errors import ConflictError
from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.names import ReportFormat, ReportStatus
from policycortex.period import Period
from policycortex.rendering.artifacts import render_artifact
from policycortex.requests.model import request_from_json
from policycortex.scoring.risk_model import RISK_VERSION, RiskBand
from policycortex.scoring.waivers import WaiverScope
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import frameworks_of
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.registry import ReportRow, open_registry
from policycortex.workflow.analytics_days import rebuild_analytics, risk_weights
from policycortex.workflow.posture import rebuild_days
from policycortex.workflow.reports import compose_from_lake, rendering_options
from policycortex.workflow.scheduling import claim_due_ticks
from policycortex_cli.app import app
from policycortex_cli.home import open_instance
from tests.support.api_server import Clock, FakeBackfills, FakeRunLauncher, serve
from tests.support.stored_scores import stored_scores

HERE: Final = Path(__file__).parent
AFTER_THE_NEXT_TICK: Final = datetime(2026, 11, 30, 5, 0, 1, tzinfo=UTC)
"""A second past Monday, 6:00 in Vienna: the schedule's first tick after the home was made."""

REPEATABLE: Final = (ReportFormat.CSV, ReportFormat.JSON)
"""Files of data. Pages have other texts and sections in each version; the stored ones keep their bytes."""

OTHER_MODEL: Final = ("summary.risk_score", "risk_parts", "risk_places", "risk_items", "change_causes", "forecast")
"""Values of the JSON report that follow from the risk score, which has version 3 now, from the change of the score as
shown, which is now the difference of the two scores as shown, and from the forecast, which needs eight past forecasts
now."""
REWORDED: Final = {"Neu verletzt": "Verschlechtert"}
"""Words of the JSON report that a later version changed."""
RETITLED: Final = frozenset(
    text
    for framework in load_builtin_frameworks().values()
    for text in (framework.version, *(requirement.title for requirement in framework.requirements))
)
"""Titles of built-in requirements and versions of built-in frameworks today; later versions changed both."""


def unpack(folder: Path) -> Settings:
    """The settings of a fresh copy of the old home."""
    home = folder / "home"
    with tarfile.open(HERE / "home_0_1.tar.xz") as archive:
        archive.extractall(home, filter="data")
    return Settings(home=home, dagster_url="http://127.0.0.1:1")  # nobody listens there


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A copy that today's code has opened and that tests read; writing tests unpack or copy their own."""
    settings = unpack(tmp_path_factory.mktemp("old"))
    with closing(open_registry(settings)), open_lake(settings):
        return settings


@pytest.fixture
def opened(settings: Settings, tmp_path: Path) -> Settings:
    """A copy of that one, for a test that changes it: the upgrade of the lake takes seconds."""
    return settings.model_copy(update={"home": shutil.copytree(settings.home, tmp_path / "home")})


@pytest.fixture(scope="module")
def expected(settings: Settings) -> dict[str, Any]:
    """Ids that the old version answered, and its first key."""
    loaded: dict[str, Any] = json.loads((settings.home / "expected.json").read_text())
    return loaded


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, expected: dict[str, Any]) -> Iterator[httpx.Client]:
    """Today's API over another copy, entered with the old key."""
    settings = unpack(tmp_path_factory.mktemp("served"))
    for url in serve(
        create_app(
            settings, launcher=FakeRunLauncher(), backfills=FakeBackfills(), now=Clock(moment=AFTER_THE_NEXT_TICK)
        )
    ):
        headers = {"Authorization": f"Bearer {expected['key']}"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as client:
            yield client


def rows(settings: Settings) -> dict[str, ReportRow]:
    """All reports of the registry by id."""
    ids = json.loads((settings.home / "expected.json").read_text())["reports"]
    with closing(open_registry(settings)) as registry:
        return {report_id: registry.reports.find_report(report_id) for report_id in ids}


def run(*arguments: str | Path) -> str:
    """A command of the command line that must succeed; its output."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_api_lists_the_old_reports_to_the_old_key(client: httpx.Client, expected: dict[str, Any]) -> None:
    """Seven reports, all completed; each file is downloaded with the digest that the details announce."""
    listed = client.get("/v1/reports?limit=100").raise_for_status().json()["reports"]
    assert {report["id"] for report in listed} == set(expected["reports"])
    assert {report["status"] for report in listed} == {"completed"}
    for report_id in expected["reports"]:
        for file in client.get(f"/v1/reports/{report_id}").raise_for_status().json()["formats"]:
            answer = client.get(f"/v1/reports/{report_id}/download/{file['format']}").raise_for_status()
            assert answer.headers["X-Checksum-SHA256"] == file["sha256"]


def test_the_api_shows_all_else_that_the_old_home_holds(client: httpx.Client, expected: dict[str, Any]) -> None:
    """Waiver, both own frameworks, schedule, failed delivery and access log are there."""
    assert client.get(f"/v1/waivers/{expected['waiver']}").raise_for_status().json()["status"] == "active"
    frameworks = {item["id"] for item in client.get("/v1/frameworks").raise_for_status().json()["frameworks"]}
    assert {"folder-rules", "uploaded-rules", "soc2"} <= frameworks
    schedule = client.get(f"/v1/reports/schedules/{expected['schedule']}").raise_for_status().json()
    assert (schedule["name"], schedule["enabled"], len(schedule["next_runs"])) == ("Weekly posture", True, 5)
    [delivery] = client.get("/v1/deliveries").raise_for_status().json()["deliveries"]
    assert (delivery["channel"], delivery["status"], delivery["attempt_count"]) == ("webhook", "failed", 1)
    accesses = client.get(f"/v1/reports/{expected['reports'][0]}/access-log").raise_for_status().json()
    assert "download" in json.dumps(accesses)


def test_an_old_download_link_still_works(client: httpx.Client, expected: dict[str, Any]) -> None:
    """The link was made for 7 days, needs no key, and gives the JSON report."""
    answer = httpx.get(client.base_url.copy_with(path=httpx.URL(expected["link"]).path), trust_env=False)
    assert answer.raise_for_status().json()["report"]["id"] == expected["reports"][0]


def test_the_files_of_each_old_report_verify(
    client: httpx.Client, expected: dict[str, Any], settings: Settings, tmp_path: Path
) -> None:
    """``policycortex verify`` finds nothing wrong in any bundle: files, manifest, signatures and audit log."""
    certificate = tmp_path / "trusted.pem"
    certificate.write_text(run("certificate", "--home", settings.home))
    for report_id in expected["reports"]:
        bundle = tmp_path / f"{report_id}.zip"
        bundle.write_bytes(client.get(f"/v1/reports/{report_id}/download/bundle").raise_for_status().content)
        assert "no check failed" in run("verify", bundle, "--cert", certificate)


def test_the_audit_log_is_whole(settings: Settings, tmp_path: Path) -> None:
    """The chain holds from the first record to the head, seals included; so does an export of it."""
    assert "all valid" in run("trail", "check", "--home", settings.home)
    exported, certificate = tmp_path / "trail.jsonl", tmp_path / "trusted.pem"
    certificate.write_text(run("certificate", "--home", settings.home))
    run("trail", "export", "--out", exported, "--home", settings.home)
    assert "no check failed" in run("verify", exported, "--home", settings.home, "--cert", certificate)


def test_reports_composed_again_have_the_same_data(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each CSV and JSON file of the old home, composed again from its snapshot, at the time it was made.

    CSV has equal cells, and may have more columns. JSON has every value of the old one and may have more, but built-in
    titles are today's and risk has version 3; the old risk score is the share at stake beside it, of the whole and of
    every place.
    """
    # The old version counted ages to the end of a period that had not ended.
    monkeypatch.setattr(ReportHeader, "ages_on", lambda _header, period: period.last_date)
    differing: list[str] = []
    for number, row in enumerate(rows(settings).values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        for kind, old, new in render_again(settings, row, folder):
            if kind is ReportFormat.CSV:
                differing += [] if has_cells(old, new) else [f"{row.name}: csv"]
                continue
            before, after = json.loads(old), json.loads(new)
            differing += [f"{row.name}: {where}" for where in changed_values(before, after)]
            assert after["summary"]["risk"]["share_at_stake"] == before["summary"]["risk_score"]
            assert (after["summary"]["risk"]["version"], after["summary"]["risk"]["share_version"]) == ("3", "2")
            old_places = {(place["dimension"], place["label"]): place["risk_score"] for place in before["risk_places"]}
            assert {(p["dimension"], p["label"]): p["share_pct"] for p in after["risk_places"]} == old_places
    assert not differing, "\n".join(differing)


def has_cells(old: bytes, new: bytes) -> bool:
    """Whether the new CSV file has every column of the old one, with equal cells."""
    before, after = (list(csv.DictReader(io.StringIO(content.decode()))) for content in (old, new))
    pairs = zip(before, after, strict=True) if len(before) == len(after) else ()
    return len(before) == len(after) and all(left.items() <= right.items() for left, right in pairs)


def changed_values(old: object, new: object, where: str = "") -> Iterator[str]:
    """Paths to values of ``old`` that ``new`` does not have; further keys of ``new`` are no change."""
    if where in OTHER_MODEL:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in old.items():
            yield from changed_values(value, new.get(key), f"{where}.{key}".removeprefix("."))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (left, right) in enumerate(zip(old, new, strict=True)):
            yield from changed_values(left, right, f"{where}.{number}")
    elif (REWORDED.get(old, old) if isinstance(old, str) else old) != new and not is_retitled(where, new):
        yield f"{where}: {old!r} is now {new!r}"


def is_retitled(where: str, new: object) -> bool:
    """Whether the value is today's title or version of something built in."""
    return where.endswith(("title", "framework_version")) and isinstance(new, str) and new in RETITLED


def render_again(settings: Settings, row: ReportRow, folder: Path) -> Iterator[tuple[ReportFormat, bytes, bytes]]:
    """Format, stored bytes and new bytes of each repeatable file of a report."""
    request = request_from_json(row.order)
    assert row.snapshot is not None
    assert row.completed_at is not None
    stored = {a.format: stored_bytes(settings, a.key, a.sha256) for a in row.artifacts if a.format in REPEATABLE}
    generated_at = datetime.fromisoformat(json.loads(stored[ReportFormat.JSON])["report"]["generated_at"])
    with closing(open_registry(settings)) as registry:
        waivers = registry.waivers.list_records(row.organization)
        known = frameworks_of(settings, registry, row.organization)
    with open_lake(settings, snapshot=row.snapshot) as lake:
        document = compose_from_lake(
            lake,
            request,
            known[request.framework].in_edition(request.crosswalk) if request.framework else None,
            waivers=waivers,
            report_id=row.id,
            folder=folder,
            now=generated_at,
            weights=risk_weights(settings),
            locale=open_locale(request.locale, settings.templates_dir),
        )
        for kind, old in stored.items():
            made = render_artifact(document, kind, folder, options=rendering_options(settings, request))
            yield kind, old, made.path.read_bytes()


def stored_bytes(settings: Settings, key: str, sha256: str) -> bytes:
    """A file as the old version wrote it."""
    with open_artifacts(settings).open_artifact(key, sha256=sha256) as stored:
        return stored.read()


def test_keys_rotated_by_the_old_version_cannot_approve_their_own_requests(tmp_path: Path) -> None:
    """The migration reads the lineage of keys from the old audit log: two rotations, and a key of its own."""
    settings = unpack(tmp_path)
    first, stranger = rotate_as_the_old_version(settings)
    with closing(open_registry(settings)) as registry:
        waiver = registry.waivers.request_waiver(
            "default",
            WaiverScope(check="c"),
            reason="r",
            valid=Period(start=AFTER_THE_NEXT_TICK, end=AFTER_THE_NEXT_TICK + timedelta(days=1)),
            by=first,
            now=AFTER_THE_NEXT_TICK,
        )
        for key_id in (first, "key_second", "key_third"):
            with pytest.raises(ConflictError, match="another key"):
                registry.waivers.approve_record("default", waiver.id, by=key_id, now=AFTER_THE_NEXT_TICK)
        approved = registry.waivers.approve_record("default", waiver.id, by=stranger, now=AFTER_THE_NEXT_TICK)
    assert approved.approved_by == stranger


def rotate_as_the_old_version(settings: Settings) -> tuple[str, str]:
    """Rotate the first key to key_second and key_third, by the old tables' rows; the ids of the two keys it held."""
    with closing(sqlite3.connect(settings.home / "registry.sqlite")) as connection, connection:
        keys = connection.execute("SELECT id FROM api_keys ORDER BY created_at").fetchall()
        (sequence,) = connection.execute("SELECT max(sequence) FROM audit_trail").fetchone()
        (first,), (stranger,) = keys
        for number, (old, new) in enumerate([(first, "key_second"), ("key_second", "key_third")], 1):
            connection.execute(
                "INSERT INTO api_keys (id, organization, name, prefix, digest, scopes, networks, created_at) "
                "SELECT ?, organization, name, prefix, ?, scopes, networks, created_at FROM api_keys WHERE id = ?",
                (new, new, first),
            )
            connection.execute(
                "INSERT INTO audit_trail SELECT organization, ?, moment, at, 'key_rotated', actor, address, "
                "request_id, ?, outcome, ?, previous, digest, seal, NULL FROM audit_trail "
                "WHERE action = 'key_created' LIMIT 1",
                (sequence + number, old, json.dumps({"name": "first", "new_key": new})),
            )
    return first, stranger


def test_the_schedule_is_due_at_its_next_tick(tmp_path: Path) -> None:
    """The tick of 30 November at 6:00 in Vienna makes one report with its delivery, and only one."""
    settings = unpack(tmp_path)
    [report_id] = claim_due_ticks(settings, now=AFTER_THE_NEXT_TICK)
    assert claim_due_ticks(settings, now=AFTER_THE_NEXT_TICK) == ()
    with closing(open_registry(settings)) as registry:
        report = registry.reports.find_report(report_id)
        [delivery] = registry.deliveries.list_deliveries(report.organization, report_id=report_id, limit=10)[0]
    assert (report.name, report.status, delivery.channel) == ("Weekly posture", ReportStatus.PENDING, "webhook")


def test_dagster_still_lists_the_old_runs(tmp_path: Path) -> None:
    """The old dagster.yaml names modules that are gone; it is written anew, and runs and materializations are there."""
    settings = unpack(tmp_path)
    assert "module: pipelines.launcher" in (settings.dagster_home / "dagster.yaml").read_text()
    reports = rows(settings)
    with open_instance(settings) as instance:
        assert type(instance.run_launcher).__module__ == "pipelines.platform.launcher"
        successful = {run.run_id for run in instance.get_runs() if run.is_success}
        assert {row.run_id for row in reports.values()} <= successful
        keys = {key.to_user_string() for key in instance.all_asset_keys()}
        assert {"core/findings", "marts/changes", "reports/artifacts"} <= keys, keys
        for row in reports.values():
            assert row.run_id is not None
            assert instance.all_logs(row.run_id)


def test_a_new_report_of_the_old_home_counts_as_the_old_one(opened: Settings, tmp_path: Path) -> None:
    """``policycortex report`` on the old lake: scores, requirements and findings as the old version's JSON has them."""
    settings = opened
    old = next(row for row in rows(settings).values() if row.name == "Compliance of November")
    [stored] = [a for a in old.artifacts if a.format is ReportFormat.JSON]
    before = json.loads(stored_bytes(settings, stored.key, stored.sha256))
    days = {"start": "2026-11-01T00:00:00Z", "end": "2026-11-30T23:59:59Z"}
    request = tmp_path / "request.json"
    request.write_text(
        json.dumps(
            {
                "name": old.name,
                "type": "compliance",
                "framework": "soc2",
                "crosswalk": "scanner",
                "scope": {"date_range": days},
                "format_options": {"formats": ["json"]},
            }
        )
    )
    run("report", request, "--out", tmp_path / "out", "--home", settings.home)
    after = json.loads((tmp_path / "out" / "compliance-of-november.json").read_text())
    named = ("summary", "requirements", "findings", "completeness")
    assert not list(changed_values({part: before[part] for part in named}, after))
    assert (after["summary"]["score"]["model_version"], after["summary"]["risk"]["version"]) == ("1", RISK_VERSION)


def test_the_lake_computes_the_risk_of_its_days_anew(opened: Settings) -> None:
    """The upgrade removes the days of version 2; a build gives version 3, with the share at stake beside it."""
    settings, period = opened, Period.of_days(date(2026, 1, 1), date(2026, 12, 31))
    with open_lake(settings) as lake:
        assert lake.analytics.load_risk_history("default", period, dimension="total", label="").is_empty()
        days = lake.period_end.load_observed_dates("default", period)[-2:]
    rebuild_days(settings, days)
    rebuild_analytics(settings, days)
    with open_lake(settings) as lake:
        after = lake.analytics.load_risk_history("default", period, dimension="total", label="")
    assert set(after["risk_version"]) == {"3"}
    assert set(after["band"]) <= {band.value for band in RiskBand}
    assert after["share_pct"].is_between(0, 100).all()
    assert len(after) == len(days)


def test_schedules_and_stored_results_of_the_old_home_are_of_the_scanner_edition(opened: Settings) -> None:
    """The old schedule names no edition and gets the scanner's; no score of before is read as a reviewed one."""
    settings = opened
    [report_id] = claim_due_ticks(settings, now=AFTER_THE_NEXT_TICK)
    with closing(open_registry(settings)) as registry:
        report = registry.reports.find_report(report_id)
        [schedule] = registry.schedules.list_schedules(report.organization, limit=10)[0]
    assert report.order["crosswalk"] == ("scanner" if report.framework else "reviewed")
    assert schedule.body["report_template"].get("crosswalk") == ("scanner" if report.framework else None)
    with open_lake(settings) as lake:
        editions = lake.session.fetch("scored_versions", {"organization": "default", "edition": "reviewed"})
        assert editions["framework_id"].null_count() == len(editions)
        assert stored_scores(lake, "soc2") == []
