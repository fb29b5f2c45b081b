"""The landing zone, evaluated as the daemon does it: once per content, not too many at once, bad files parked."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.defs import landing
from pipelines.defs.landing import TAG_LANDED, landing_zone
from pipelines.resources import CoreResource
from policycortex.settings import Settings
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


def zone_job() -> dg.JobDefinition:
    """Any job of the right name: the run never executes."""

    @dg.job(name="ingest_findings")
    def ingest_findings() -> None:
        return None

    return ingest_findings
