"""Schedules and deliveries through Dagster: ticks become tagged runs once, due reports start, the outbox is emptied."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import build_defs
from pipelines.defs import outbox
from pipelines.defs.deliveries import LOADED
from pipelines.resources import CoreResource
from policycortex.errors import StoreBusyError
from policycortex.names import TAG_FAILURE_REASON, TAG_REPORT, TAG_SCHEDULE, TAG_TICK
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.workflow.scheduling import claim_due_ticks, create_schedule
from tests.support.backends import Backend
from tests.support.ledger import MONTHLY, complete_report, order_report
from tests.support.receivers import smtp_server


@pytest.fixture
def settings(backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A fresh installation, as the code location finds it."""
    monkeypatch.delenv("POLICYCORTEX_CONNECTIONS", raising=False)
    made = backend.settings(tmp_path / "home")
    for name, value in backend.environment(made).items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    """Its registry."""
    with closing(open_registry(settings)) as opened:
        yield opened


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A real instance with storages on disk: a schedule's context opens it anew by its reference."""
    with dg.instance_for_test() as made:
        yield made


def _core(settings: Settings) -> CoreResource:
    return CoreResource(home=str(settings.home), is_retrying=False)


def _repository(settings: Settings) -> dg.RepositoryDefinition:
    return build_defs(core=_core(settings)).get_repository_def()


def _hourly(settings: Settings, registry: Registry, *, started_ago: timedelta) -> str:
    """A schedule with one tick an hour, the first in the minute after its start: no second one falls due in a test."""
    moment = datetime.now(UTC) - started_ago
    cron = f"{(moment + timedelta(minutes=1)).minute} * * * *"
    body = MONTHLY | {"schedule": {"cron": cron, "timezone": "UTC", "misfire": "latest", "grace_seconds": 0}}
    made = create_schedule(settings, registry, body, organization="default", created_by=None, now=moment)
    return made.id


def _evaluate_schedule(settings: Settings, instance: dg.DagsterInstance, schedule_id: str) -> list[dg.RunRequest]:
    repository = _repository(settings)
    definition = repository.get_schedule_def(f"delivery_{schedule_id}")
    with dg.build_schedule_context(
        instance, scheduled_execution_time=datetime.now(UTC), resources={"core": _core(settings)}
    ) as context:
        return list(definition.evaluate_tick(context).run_requests or [])


def _evaluate_sensor(settings: Settings, instance: dg.DagsterInstance, name: str) -> list[dg.RunRequest]:
    sensor = _repository(settings).get_sensor_def(name)
    with dg.build_sensor_context(instance=instance, resources={"core": _core(settings)}) as context:
        return list(sensor.evaluate_tick(context).run_requests or [])


def test_each_enabled_schedule_has_a_definition(settings: Settings, registry: Registry) -> None:
    """With its cron and zone; a disabled one has none; past the limit the sensor carries them all."""
    kept = create_schedule(settings, registry, MONTHLY, organization="default", created_by=None, now=datetime.now(UTC))
    off = MONTHLY | {"enabled": False}
    create_schedule(settings, registry, off, organization="default", created_by=None, now=datetime.now(UTC))
    made = [s for s in _repository(settings).schedule_defs if s.name.startswith("delivery_")]
    assert [(s.name, s.cron_schedule, s.execution_timezone) for s in made] == [
        (f"delivery_{kept.id}", "0 9 1 * *", "America/New_York")
    ]
    assert LOADED.revisions == {kept.id: 1}


def test_a_calendar_rule_is_legible_in_dagster(
    settings: Settings, registry: Registry, instance: dg.DagsterInstance
) -> None:
    """Its words are the description and the reason of skipped days; an ended schedule has no definition."""
    rule = {"rule": "every_n_weeks", "weeks": 52, "weekdays": ["monday"], "time": "09:00"}
    now = datetime.now(UTC)
    timing = {"calendar": rule, "timezone": "Europe/Berlin", "start_date": f"{now + timedelta(days=30):%Y-%m-%d}"}
    made = create_schedule(
        settings, registry, MONTHLY | {"schedule": timing}, organization="default", created_by=None, now=now
    )
    definition = _repository(settings).get_schedule_def(f"delivery_{made.id}")
    assert definition.cron_schedule == "0 9 * * 1"
    words = f"Monday of every 52 weeks at 09:00, Europe/Berlin, from {timing['start_date']}"
    assert definition.description == f"{made.name} (default): {words}"
    with dg.build_schedule_context(
        instance, scheduled_execution_time=now, resources={"core": _core(settings)}
    ) as context:
        reason = definition.evaluate_tick(context).skip_message
    assert reason is not None
    assert reason.startswith("not due on ")
    assert reason.endswith(words)
    ended = registry.schedules.find_schedule(made.id)
    registry.schedules.claim_ticks(ended, (), next_tick_at=None, now=now)
    assert [s.name for s in _repository(settings).schedule_defs if s.name.startswith("delivery_")] == []
    assert LOADED.revisions == registry.schedules.list_schedule_marks() == {}


def test_a_tick_becomes_one_tagged_run(settings: Settings, registry: Registry, instance: dg.DagsterInstance) -> None:
    """Tagged with schedule, report and nominal tick; the second evaluation finds it dealt with."""
    schedule_id = _hourly(settings, registry, started_ago=timedelta(minutes=2))
    (request,) = _evaluate_schedule(settings, instance, schedule_id)
    ((tick, *_), _) = registry.schedules.list_ticks(schedule_id)
    assert request.tags[TAG_SCHEDULE] == schedule_id
    assert request.tags[TAG_REPORT] == tick.report_id
    assert request.tags[TAG_TICK] == tick.tick.isoformat()
    assert instance.has_dynamic_partition("report_periods", request.tags["dagster/partition"])
    assert request.run_config["ops"]["reports__artifacts"]["config"] == {"report_id": tick.report_id}
    assert "secret" not in json.dumps(request.run_config)
    assert _evaluate_schedule(settings, instance, schedule_id) == []


def test_a_lake_that_cannot_be_read_holds_up_no_due_report(
    settings: Settings, registry: Registry, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Withheld reports wait for the next evaluation; the run of a tick is requested."""

    def fail(*_: object, **__: object) -> tuple[str, ...]:
        raise StoreBusyError("the lake is locked")

    monkeypatch.setattr("pipelines.defs.deliveries.remake_withheld_reports", fail)
    _hourly(settings, registry, started_ago=timedelta(minutes=3))
    assert claim_due_ticks(settings, now=datetime.now(UTC) - timedelta(minutes=1))
    assert _evaluate_sensor(settings, instance, "due_reports") != []


def test_the_sensor_acts_on_ticks_no_schedule_acted_on(
    settings: Settings, registry: Registry, instance: dg.DagsterInstance
) -> None:
    """After its head start; it claims, and asks for the run once the schedule had its chance."""
    schedule_id = _hourly(settings, registry, started_ago=timedelta(minutes=3))
    (report_id,) = claim_due_ticks(settings, now=datetime.now(UTC) - timedelta(minutes=1))
    assert _evaluate_sensor(settings, instance, "due_reports") != [], schedule_id
    assert registry.reports.find_report(report_id).status == "pending"


def test_a_report_ordered_for_later_starts_then_and_once(
    settings: Settings, registry: Registry, instance: dg.DagsterInstance
) -> None:
    """``delivery.scheduled_at``: not before, and not again once a run of it is there."""
    now = datetime.now(UTC)
    report = order_report(settings, registry, {}, now=now - timedelta(hours=1))
    later = registry.reports.create_report(
        organization="default",
        name="Later",
        type=report.type,
        framework="soc2",
        description="",
        order=report.order,
        due_at=now + timedelta(hours=1),
        now=now,
    )
    due = registry.reports.create_report(
        organization="default",
        name="Due",
        type=report.type,
        framework="soc2",
        description="",
        order=report.order,
        due_at=now - timedelta(minutes=1),
        now=now - timedelta(minutes=30),
    )
    requested = {request.tags[TAG_REPORT] for request in _evaluate_sensor(settings, instance, "due_reports")}
    assert due.id in requested
    assert later.id not in requested
    job = _repository(settings).get_job("make_report")
    config = {"ops": {"reports__artifacts": {"config": {"report_id": due.id}}}}
    run = instance.create_run_for_job(job, run_config=config, tags={TAG_REPORT: due.id})
    assert due.id not in {request.tags[TAG_REPORT] for request in _evaluate_sensor(settings, instance, "due_reports")}
    assert registry.reports.find_report(due.id).run_id == run.run_id


def test_the_outbox_is_emptied_by_a_run(settings: Settings, registry: Registry, instance: dg.DagsterInstance) -> None:
    """The sensor asks when a report was completed; the job sends; then nothing is due."""
    with smtp_server() as box:
        mail = {"type": "email", "host": "localhost", "port": box.port, "security": "none", "sender": "r@company.com"}
        settings.home.mkdir(parents=True, exist_ok=True)
        (settings.home / "connections.yaml").write_text(json.dumps({"connections": {"mail": mail}}))
        report = order_report(settings, registry, {"email": {"recipients": ["ceo@company.com"]}})
        assert _evaluate_sensor(settings, instance, "outbox") == []
        complete_report(settings, registry, report.id)
        assert len(_evaluate_sensor(settings, instance, "outbox")) == 1
        job = _repository(settings).get_job("deliver_reports")
        assert job.execute_in_process(instance=instance).success
        assert _evaluate_sensor(settings, instance, "outbox") == []
    assert [recipient for recipient, _ in box.messages] == ["ceo@company.com"]


def test_a_report_that_failed_itself_is_failed_at_the_next_evaluation(
    settings: Settings, registry: Registry, instance: dg.DagsterInstance
) -> None:
    """With the reason of its run; that of a lost run waits for another one."""
    own, lost = (order_report(settings, registry, {}, now=datetime.now(UTC)) for _ in range(2))
    job = _repository(settings).get_job("make_report")
    for report, reason in ((own, "STEP_FAILURE"), (lost, "RUN_EXCEPTION")):
        config = {"ops": {"reports__artifacts": {"config": {"report_id": report.id}}}}
        tags = {TAG_REPORT: report.id, TAG_FAILURE_REASON: reason}
        run = instance.create_run_for_job(job, run_config=config, tags=tags)
        registry.reports.set_run(report.id, run.run_id)
        instance.report_run_failed(run, "its disk is full")
        instance.add_run_tags(run.run_id, {TAG_FAILURE_REASON: reason})
    assert _evaluate_sensor(settings, instance, "due_reports") == []
    failed, waiting = (registry.reports.find_report(report.id) for report in (own, lost))
    assert (failed.status, failed.failure and failed.failure.message) == ("failed", "its disk is full")
    assert (waiting.status, waiting.run_id) == ("pending", None)


def test_each_queue_gets_its_own_round(
    settings: Settings, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sensor looks at all; a queue whose rounds run gets no further one."""
    queues = [replace(queue, has_due=lambda _settings, now: bool(now)) for queue in outbox._QUEUES]
    monkeypatch.setattr(outbox, "_QUEUES", queues)

    def started() -> list[str | None]:
        return [request.job_name for request in _evaluate_sensor(settings, instance, "outbox")]

    names = ["deliver_reports", "send_alerts", "send_events", "send_tickets"]
    assert started() == names
    for name in names:
        instance.create_run_for_job(_repository(settings).get_job(name))
    assert started() == ["deliver_reports"]


def test_a_changed_registry_asks_for_loading_anew(
    settings: Settings, registry: Registry, instance: dg.DagsterInstance
) -> None:
    """Without a webserver the sensor skips with the reason."""
    sensor = _repository(settings).get_sensor_def("schedule_definitions")
    with dg.build_sensor_context(instance=instance, resources={"core": _core(settings)}) as context:
        assert "are up to date" in str(sensor.evaluate_tick(context).skip_message)
    _hourly(settings, registry, started_ago=timedelta(0))
    with dg.build_sensor_context(instance=instance, resources={"core": _core(settings)}) as context:
        assert "has no name, which reloading needs" in str(sensor.evaluate_tick(context).skip_message)
