"""A home moves into Postgres and S3: the same rows, snapshots and bytes; stopped anywhere, it goes on."""

from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from policycortex.errors import ConfigurationError, ConflictError, IntegrityError
from policycortex.names import ReportFormat, ReportType
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.registry import NewArtifact, open_registry
from policycortex.workflow import migration as moving
from policycortex.workflow.migration import migrate_installation
from tests.support.backends import FleetBackend, lake_files
from tests.support.empty_homes import copy_home
from tests.support.samples.lake import finding, import_findings

DAY = date(2026, 11, 20)


@pytest.fixture
def home(filled_home: Path, tmp_path: Path) -> Settings:
    """A copy of the test's own."""
    return Settings(home=copy_home(filled_home, tmp_path / "home"))


@pytest.fixture(scope="module")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two states of one day, a report made from the first with its file, a key, and an account table."""
    tmp_path = tmp_path_factory.mktemp("filled")
    settings = Settings(home=tmp_path / "home")
    with open_lake(settings) as lake:
        lake.state.rebuild_state(import_findings(lake, [finding(DAY, resource=f"r{n}") for n in range(3)]))
        snapshot = lake.snapshot()
        lake.state.rebuild_state(import_findings(lake, [finding(DAY, resource="late")]))
    (settings.home / "accounts.yaml").write_text("{}")
    with closing(open_registry(settings)) as registry:
        registry.keys.create_key(organization="default", name="k")
        report = registry.reports.create_report(
            organization="default",
            name="Ünïcode",
            type=ReportType.AUDIT,
            framework="soc2",
            description="d",
            order={"a": [1, None]},
        )
        source = tmp_path / "x.pdf"
        source.write_bytes(b"%PDF")
        stored = open_artifacts(settings).put_artifact(report.id, ReportFormat.PDF, source)
        registry.reports.mark_running(report.id, "run")
        made = NewArtifact(format=ReportFormat.PDF, key=stored.key, size_bytes=stored.size_bytes, sha256=stored.sha256)
        registry.reports.complete_report(
            report.id, artifacts=[made], summary={"compliance_score": 96.3}, content={}, snapshot=snapshot
        )
    return settings.home


def findings_at(settings: Settings, snapshot: str | None = None) -> int:
    """How many the day's state holds."""
    with open_lake(settings, snapshot=snapshot) as lake, lake.session.cursor() as cursor:
        row = cursor.execute("SELECT count(*) FROM lake.core.finding_state").fetchone()
    assert row is not None
    return int(row[0])


def quiet(_line: str) -> None:
    return


def test_everything_is_there_and_goes_on(home: Settings, fleet: FleetBackend, tmp_path: Path) -> None:
    """Rows, a report's file and its snapshot; the day can be rebuilt; a second call changes nothing."""
    target = fleet.bare_settings(tmp_path / "new")
    before = lake_files(home)
    moved = migrate_installation(home, target, progress=quiet)
    assert (moved.is_new, moved.artifacts) == (True, 1)
    assert (target.home / "accounts.yaml").exists()
    with closing(open_registry(home)) as here, closing(open_registry(target)) as there:
        assert here.migration.describe_content() == there.migration.describe_content()
        [report] = there.reports.list_reports("default").reports
        row = there.reports.get_report("default", report.id)
        assert there.keys.create_key(organization="default", name="second")
    [artifact] = row.artifacts
    with open_artifacts(target).open_artifact(artifact.key, sha256=artifact.sha256) as stream:
        assert stream.read() == b"%PDF"
    assert [findings_at(target, row.snapshot), findings_at(target)] == [3, 4]
    with open_lake(target) as lake:
        assert lake.reconciliation.load_import_totals()["is_reconciled"].all()
        lake.state.rebuild_state(import_findings(lake, [finding(DAY, resource="new")]))
    assert findings_at(target) == 5
    assert findings_at(home) == 4
    assert set(before) <= set(lake_files(home))


def test_a_second_move_changes_nothing(home: Settings, fleet: FleetBackend, tmp_path: Path) -> None:
    """The same again is reported; another installation's database is refused."""
    target = fleet.bare_settings(tmp_path / "new")
    migrate_installation(home, target, progress=quiet)
    assert not migrate_installation(home, target, progress=quiet).is_new
    with closing(open_registry(target)) as there:
        there.keys.create_key(organization="other", name="x")
    with pytest.raises(ConflictError, match="another installation"):
        migrate_installation(home, target, progress=quiet)


@pytest.mark.parametrize("step", ["_copy_lake_files", "_copy_own_files", "copy_catalog"])
def test_a_move_that_stops_shows_nothing_and_goes_on(
    home: Settings, fleet: FleetBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Stopped before or within the rows' transaction the target has none; the next call moves everything."""
    target = fleet.bare_settings(tmp_path / "new")
    with monkeypatch.context() as broken:

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        broken.setattr(moving, step, stop)
        with pytest.raises(KeyboardInterrupt):
            migrate_installation(home, target, progress=quiet)
    with closing(open_registry(target)) as there:
        assert not any(content.rows for content in there.migration.describe_content().values())
    assert migrate_installation(home, target, progress=quiet).is_new
    assert findings_at(target) == 4


def test_what_cannot_be_moved_is_refused(home: Settings, fleet: FleetBackend, tmp_path: Path) -> None:
    """No database, no installation, a damaged finished file."""
    with pytest.raises(ConfigurationError, match="POLICYCORTEX_DATABASE_URL"):
        migrate_installation(home, Settings(home=tmp_path / "new"), progress=quiet)
    target = fleet.bare_settings(tmp_path / "new")
    with pytest.raises(ConfigurationError, match="not an embedded installation"):
        migrate_installation(home.model_copy(update={"home": tmp_path / "nothing"}), target, progress=quiet)
    next((home.home / "artifacts").rglob("pdf-*")).write_bytes(b"damaged")
    with pytest.raises(IntegrityError, match="SHA-256 differs"):
        migrate_installation(home, target, progress=quiet)
