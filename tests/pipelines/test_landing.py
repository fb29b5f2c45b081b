"""The landing zone, evaluated as the daemon does it: once per content, not too many at once, bad files parked."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.defs import landing
from pipelines.defs.landing import TAG_LANDED, landing_zone
from pipelines.resources import CoreResource
from policycortex.settings import Settings
from policycortex.storage.objects import landing as objects_landing
from policycortex.storage.objects.landing import UPLOADS
from policycortex.storage.registry import open_registry
from policycortex.storage.registry.uploads import UploadRow
from policycortex.workflow.garbage_collection import collect_garbage
from policycortex.workflow.uploads import UploadSpool, accept_upload
from tests.support.backends import FOLDER_ALONE
from tests.unit.findings.ocsf_records import array_text, ocsf_record


def ocsf_file(path: Path, number: int = 0) -> Path:
    """A scan of one finding."""
    path.write_bytes(array_text([ocsf_record(number)]))
    return path


class Zone:
    """A landing zone, its sensor, and runs that execute when the test says so."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance, defs: dg.Definitions) -> None:
        self.folder = settings.home / "landing"
        self.folder.mkdir(parents=True)
        self._core = CoreResource(home=str(settings.home), is_retrying=False)
        self._instance, self._defs = instance, defs
        self._cursor: str | None = None

    def look(self) -> list[dg.RunRequest]:
        """One evaluation; returns its run requests."""
        with dg.build_sensor_context(
            instance=self._instance, cursor=self._cursor, resources={"core": self._core}, definitions=self._defs
        ) as context:
            result: Any = landing_zone(context)
        self._cursor = result.cursor
        return list(result.run_requests)

    def run(self, request: dg.RunRequest) -> bool:
        """Execute one run as the daemon would launch it; whether it succeeded."""
        tags = {**request.tags, "dagster/run_key": request.run_key or ""}
        done = self._defs.resolve_job_def("ingest_findings").execute_in_process(
            instance=self._instance, run_config=request.run_config, tags=tags, raise_on_error=False
        )
        return done.success

    def below(self, place: str) -> list[str]:
        """File names there."""
        return sorted(p.name for p in (self.folder / place).rglob("*") if p.is_file())


@pytest.fixture
def zone(settings: Settings, instance: dg.DagsterInstance, defs: dg.Definitions) -> Zone:
    """An empty zone."""
    return Zone(settings, instance, defs)


def test_a_file_is_imported_once_and_put_away(zone: Zone) -> None:
    """Seen twice alike, imported by one run for its folder's organisation, then moved to done."""
    (zone.folder / "acme").mkdir()
    ocsf_file(zone.folder / "acme" / "scan.json")
    assert zone.look() == []
    [request] = zone.look()
    assert request.tags["policycortex/organization"] == "acme"
    assert zone.run(request)
    assert zone.look() == []
    [moved] = zone.below("done")
    assert moved.endswith("-scan.json")
    assert not list((zone.folder / "acme").iterdir())
    assert zone.look() == []


@FOLDER_ALONE
def test_the_same_content_again_makes_no_second_run(zone: Zone) -> None:
    """Under another name, before or after the import: put away without a run of its own."""
    for name in ("one.json", "two.json"):
        ocsf_file(zone.folder / name)
    zone.look()
    [request] = zone.look()
    assert zone.run(request)
    zone.look()
    ocsf_file(zone.folder / "three.json")
    assert zone.look() == zone.look() == []
    assert [name.partition("-")[2] for name in zone.below("done")] == ["one.json", "three.json", "two.json"]


@FOLDER_ALONE
def test_an_evaluation_hashes_a_bounded_number_of_bytes(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files beyond the bound wait for the next evaluation, and all are imported."""
    for number in range(3):
        ocsf_file(zone.folder / f"{number}.json", number)
    monkeypatch.setattr(landing, "HASHED_BYTES", (zone.folder / "0.json").stat().st_size + 10)
    zone.look()
    assert [len({request.run_key for request in zone.look()}) for _ in range(3)] == [1, 2, 3]


@FOLDER_ALONE
def test_of_a_large_file_the_content_is_not_hashed(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sparse file of a terabyte takes no time. A large one is imported once, and written anew it is a new file."""
    with (zone.folder / "large.json").open("wb") as file:
        file.truncate(1 << 40)
    zone.look()
    [request] = zone.look()
    [again] = zone.look()
    assert again.run_key == request.run_key is not None
    (zone.folder / "large.json").unlink()
    monkeypatch.setattr(objects_landing, "LARGE_BYTES", 10)
    first = ocsf_file(zone.folder / "scan.json")
    zone.look()
    [request] = zone.look()
    assert zone.run(request)
    assert zone.look() == []
    assert len(zone.below("done")) == 1
    ocsf_file(first, 1)
    zone.look()
    assert len(zone.look()) == 1


@FOLDER_ALONE
def test_a_file_that_grows_is_left_alone(zone: Zone) -> None:
    """Only two looks alike in a row take it; hidden and partial names never."""
    path = zone.folder / "slow.json"
    text = ocsf_file(zone.folder / ".hidden.json").read_text()
    (zone.folder / "x.json.part").write_text(text)
    path.write_text(text[:100])
    assert zone.look() == []
    path.write_text(text)
    assert zone.look() == []
    assert [r.run_config["ops"]["imports"]["config"]["paths"] for r in zone.look()] == [[str(path)]]


@pytest.mark.parametrize(("content", "message"), [("a letter", "not a known finding format"), ("", "is empty")])
@FOLDER_ALONE
def test_a_bad_file_is_parked_with_its_reason(zone: Zone, content: str, message: str) -> None:
    """One run, no retry, and the reason beside the file; mended, it is a new file."""
    (zone.folder / "bad.json").write_text(content)
    zone.look()
    [request] = zone.look()
    assert not zone.run(request)
    assert zone.look() == zone.look() == []
    parked, reason = zone.below("parked")
    assert parked.endswith("-bad.json")
    assert message in (zone.folder / "parked" / reason).read_text()
    ocsf_file(zone.folder / "bad.json")
    zone.look()
    assert len(zone.look()) == 1


@FOLDER_ALONE
def test_a_killed_import_is_tried_again_but_not_for_ever(zone: Zone, instance: dg.DagsterInstance) -> None:
    """A run that failed without a word may have been killed: three in all, then the file is parked."""
    ocsf_file(zone.folder / "scan.json")
    zone.look()
    keys = []
    for _ in range(3):
        [request] = zone.look()
        keys.append(request.run_key)
        run = instance.create_run_for_job(zone_job(), tags=request.tags)
        instance.report_run_failed(run)
    assert len(set(keys)) == 3
    assert zone.look() == []
    assert "killed" in (zone.folder / "parked" / zone.below("parked")[1]).read_text()


@FOLDER_ALONE
def test_more_files_than_runs_wait(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    """With two slots, a third import is requested when one has ended."""
    monkeypatch.setattr(landing, "MAX_OPEN_RUNS", 2)
    for number in range(3):
        ocsf_file(zone.folder / f"{number}.json", number)
    zone.look()
    first = zone.look()
    assert len(first) == 2
    assert all(zone.run(request) for request in first)
    requested = {request.tags[TAG_LANDED] for request in [*first, *zone.look()]}
    assert len(requested) == 3


class Uploads:
    """Uploads of one organisation, as the API stores them."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self.registry = open_registry(settings)

    def send(self, number: int = 0, *, upload_id: str = "upl_1", content: bytes = b"", target: str = "") -> UploadRow:
        """Store a scan of one finding, or ``content``."""
        path = self._folder / "spool"
        spool = UploadSpool(path)
        spool.write(content or array_text([ocsf_record(number)]))
        spool.close()
        return accept_upload(
            self._settings,
            self.registry,
            spool,
            upload_id=upload_id,
            organization="acme",
            key_id="key_1",
            name="scan.json",
            target=target,
            now=datetime.now(UTC),
        )

    def state(self, upload_id: str = "upl_1") -> UploadRow:
        """The upload as it is now."""
        return self.registry.uploads.get_upload("acme", upload_id)


@pytest.fixture
def uploads(settings: Settings, tmp_path: Path) -> Iterator[Uploads]:
    """No uploads."""
    found = Uploads(settings, tmp_path)
    yield found
    found.registry.close()


def test_an_upload_is_imported_at_its_first_evaluation(zone: Zone, uploads: Uploads) -> None:
    """Complete once listed; imported under its target, its result on record, the file moved away."""
    uploads.send(target="repo-a")
    [request] = zone.look()
    config = request.run_config["ops"]["imports"]["config"]
    assert (config["organization"], config["target"], config["upload_id"]) == ("acme", "repo-a", "upl_1")
    assert zone.run(request)
    done = uploads.state()
    assert (done.status, [(file.outcome, file.kept) for file in done.files]) == ("completed", [("imported", 1)])
    assert done.run_id
    assert zone.look() == []
    assert [name.partition("-")[2] for name in zone.below("done/acme")] == ["scan.json"]
    assert not list((zone.folder / "acme" / UPLOADS).iterdir())


def test_two_uploads_of_the_same_bytes_have_a_result_each(zone: Zone, uploads: Uploads) -> None:
    """The second import changes nothing, and says so."""
    uploads.send()
    uploads.send(upload_id="upl_2")
    assert [zone.run(request) for request in zone.look()] == [True, True]
    states = [uploads.state(upload_id) for upload_id in ("upl_1", "upl_2")]
    assert [state.status for state in states] == ["completed", "completed"]
    assert sorted(state.files[0].is_new for state in states) == [False, True]


@FOLDER_ALONE
def test_uploads_of_one_name_are_scans_of_one_series(zone: Zone, uploads: Uploads) -> None:
    """The folder of the upload, whose name is random, is no part of what was scanned."""
    text = (
        b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Any", "rules": [{"id": "R1"}]}}, "results": '
        b'[{"ruleId": "R1", "level": "error", "message": {"text": "%d"}, "locations": [{"physicalLocation": '
        b'{"artifactLocation": {"uri": "a.tf"}}}]}]}]}'
    )
    for number in (1, 2):
        uploads.send(upload_id=f"upl_{number}", content=text % number)
        [request] = zone.look()
        assert zone.run(request)
        zone.look()
    first, second = (uploads.state(f"upl_{number}").files[0].targets for number in (1, 2))
    assert first == second
    assert "upl_" not in first


def test_an_upload_that_cannot_be_read_fails_with_its_reason(zone: Zone, uploads: Uploads) -> None:
    """In the upload and beside the parked file."""
    uploads.send(content=b"a letter")
    [request] = zone.look()
    assert not zone.run(request)
    assert zone.look() == []
    failed = uploads.state()
    assert failed.status == "failed"
    assert failed.failure.startswith("scan.json is not a known finding format")
    assert len(zone.below("parked/acme")) == 2


def test_an_upload_whose_runs_are_lost_fails_in_the_end(
    zone: Zone, uploads: Uploads, instance: dg.DagsterInstance
) -> None:
    """Three runs that end without a word; then it is not open any more."""
    uploads.send()
    for _ in range(3):
        [request] = zone.look()
        instance.report_run_failed(instance.create_run_for_job(zone_job(), tags=request.tags))
    assert uploads.state().status == "pending"
    assert zone.look() == []
    assert (uploads.state().status, "killed" in uploads.state().failure) == ("failed", True)


@FOLDER_ALONE
def test_processed_files_end_with_their_time(zone: Zone, settings: Settings) -> None:
    """Moved files and the reasons of parked ones, counted from their move, not from their own time."""
    for name, content in (("good.json", array_text([ocsf_record(0)])), ("bad.json", b"a letter")):
        (zone.folder / name).write_bytes(content)
        os.utime(zone.folder / name, (1, 1))
    zone.look()
    for request in zone.look():
        zone.run(request)
    zone.look()
    (zone.folder / "waiting.json").write_bytes(b"[]")
    now = datetime.now(UTC)
    assert collect_garbage(settings, now=now).landed_files == 0
    late = now + timedelta(days=settings.landing_history_days + 1)
    assert collect_garbage(settings, now=late, is_dry_run=True).landed_files == 3
    assert collect_garbage(settings, now=late).landed_files == 3
    assert zone.below("done") == zone.below("parked") == []
    assert zone.below(".") == ["waiting.json"]


@FOLDER_ALONE
def test_a_file_without_its_upload_is_removed_after_a_while(zone: Zone, uploads: Uploads) -> None:
    """The API was killed before it recorded the file, and its client got no answer: nothing is imported."""
    folder = zone.folder / "acme" / UPLOADS / "upl_9"
    folder.mkdir(parents=True)
    path = ocsf_file(folder / "scan.json")
    assert zone.look() == zone.look() == []
    assert path.exists()
    os.utime(path, (1, 1))
    assert zone.look() == []
    assert not folder.exists()
    uploads.send()
    foreign = zone.folder / "evil" / UPLOADS / "upl_1"
    foreign.mkdir(parents=True)
    ocsf_file(foreign / "scan.json")
    [request] = zone.look()
    assert request.tags["policycortex/organization"] == "acme"


def zone_job() -> dg.JobDefinition:
    """Any job of the right name: the run never executes."""

    @dg.job(name="ingest_findings")
    def ingest_findings() -> None:
        return None

    return ingest_findings
