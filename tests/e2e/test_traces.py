"""Traces: one from the request to the delivery, read by a collector as OpenTelemetry defines it."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from pipelines.definitions import build_defs
from pipelines.resources import CoreResource
from policycortex.errors import ConfigurationError
from policycortex.names import TAG_TRACE, ReportStage
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex.tracing import spans
from policycortex.tracing.spans import NO_TRACING, import_sender, tracing_of
from policycortex.workflow.report_progress import ReportProgress
from tests.support.ledger import mail_connection
from tests.support.receivers import smtp_server
from tests.support.trace_collector import Collector, trace_collector

_CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_ORDER: dict[str, Any] = {
    "name": "A name for nobody else",
    "type": "compliance",
    "framework": "soc2",
    "scope": {"date_range_type": "last_month"},
    "format_options": {"formats": ["json"]},
    "delivery": {"immediate": True, "notifications": {"email": ["ceo@company.com"]}},
}
_STAGES = ("reading", "composing", "rendering:json", "protecting", "storing")


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A running one; the process asks no proxy for it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with trace_collector() as running:
        yield running


class Webserver:
    """Answers the queries of a launch as Dagster's webserver does, and keeps the tags."""

    def __init__(self) -> None:
        self.tags: dict[str, str] = {}

    def query(self, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        if "launchRun" in text:
            self.tags = {tag["key"]: tag["value"] for tag in variables["params"]["executionMetadata"]["tags"]}
            return {"launchRun": {"__typename": "LaunchRunSuccess", "run": {"runId": "run-1"}}}
        if "addDynamicPartition" in text:
            return {"addDynamicPartition": {"__typename": "AddDynamicPartitionSuccess"}}
        repository = {"name": "r", "jobs": [{"name": "make_report"}]}
        entry = {"name": "policycortex", "locationOrLoadError": {"repositories": [repository]}}
        return {"workspaceOrError": {"locationEntries": [entry]}}


@pytest.mark.parametrize("is_requested", [True, False], ids=["request", "schedule"])
def test_a_trace_leads_from_the_request_to_the_delivery(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_requested: bool
) -> None:
    """The caller's span, the request, the launch, the run with its stages, the delivery; no name and no recipient.

    A run that nobody requested begins a trace of its own, to which its delivery belongs.
    """
    webserver = Webserver()
    monkeypatch.setattr("api.platform.dagster_graphql.DagsterClient.query", lambda _, *given: webserver.query(*given))
    with smtp_server() as box, dg.instance_for_test() as instance:
        connections = json.dumps({"connections": {"mail": mail_connection(box.port)}})
        settings = Settings(home=tmp_path / "home", traces_url=collector.url, connections=connections)
        for name in ("home", "traces_url", "connections"):
            monkeypatch.setenv(f"POLICYCORTEX_{name.upper()}", str(getattr(settings, name)))
        report_id = _request(settings)
        tags = webserver.tags
        assert tags[TAG_TRACE].startswith(_CALLER[:35])
        if not is_requested:
            del tags[TAG_TRACE]
        _execute(settings, instance, report_id, tags)
        assert len(box.messages) == 1
    requested, launched = collector.named("POST /v1/reports"), collector.named("launch run")
    made, sent = collector.named("make report"), collector.named("deliver email")
    assert (requested.parent_id, launched.parent_id) == (_CALLER[36:52], requested.id)
    assert made.parent_id == (launched.id if is_requested else "")
    assert sent.parent_id == (launched.id if is_requested else made.id)
    assert [collector.named(name).parent_id for name in _STAGES] == [made.id] * len(_STAGES)
    assert {span.trace_id for span in collector.spans} == {_CALLER[3:35], made.trace_id}
    assert (made.trace_id == requested.trace_id) is is_requested
    assert requested.attributes["http.response.status_code"] == 202
    assert made.attributes["policycortex.report_id"] == sent.attributes["policycortex.report_id"] == report_id
    assert sent.attributes["policycortex.outcome"] == "sent"
    assert sum(collector.named(name).seconds for name in _STAGES) <= made.seconds
    assert collector.services == {"policycortex"}
    shown = repr(collector.spans)
    assert [word for word in ("A name for nobody else", "ceo@company.com", "default") if word in shown] == []


def _request(settings: Settings) -> str:
    """Through the API, whose spans are sent when it closes."""
    with closing(open_registry(settings)) as registry:
        _, token = registry.keys.create_key(organization="default", name="k")
    headers = {"Authorization": f"Bearer {token}", "traceparent": _CALLER}
    with TestClient(create_app(settings), headers=headers) as client:
        assert client.get("/healthz").status_code == 200
        answer = client.post("/v1/reports", json=_ORDER)
        assert answer.status_code == 202, answer.text
        report_id: str = answer.json()["id"]
    return report_id


def _execute(settings: Settings, instance: dg.DagsterInstance, report_id: str, tags: Mapping[str, str]) -> None:
    """The run of the report, then a round of the outbox."""
    repository = build_defs(core=CoreResource(home=str(settings.home), is_retrying=False)).get_repository_def()
    key = tags["dagster/partition"]
    instance.add_dynamic_partitions("report_periods", [key])
    config = {"ops": {"reports__artifacts": {"config": {"report_id": report_id}}}}
    job = repository.get_job("make_report")
    assert job.execute_in_process(config, instance=instance, partition_key=key, tags=dict(tags)).success
    assert repository.get_job("deliver_reports").execute_in_process(instance=instance).success


def test_an_error_fails_its_span_and_is_not_quoted(collector: Collector, tmp_path: Path) -> None:
    """The type of the error alone: a message may quote a secret. The stage in which it was fails, too."""
    settings = Settings(home=tmp_path, traces_url=collector.url)
    tracing = tracing_of(settings)
    with closing(open_registry(settings)) as registry:
        stages = ReportProgress(registry, "rpt_1", "run", (), tracing=tracing)
        with pytest.raises(ValueError, match="secret"), tracing.span("make report"), stages.until_end():
            _fail_in(stages)
    tracing.flush()
    names = ("make report", "storing", "reading")
    assert [collector.named(name).failure for name in names] == ["ValueError", "ValueError", None]
    assert [collector.named(name).event_count for name in names] == [0, 0, 0]


def _fail_in(stages: ReportProgress) -> None:
    stages.enter(ReportStage.STORING)
    raise ValueError("a secret")


def test_a_collector_that_is_away_fails_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans are lost; the work goes on after a short wait. A parent that cannot be read is none."""
    monkeypatch.setattr("policycortex.tracing.otlp._SEND_SECONDS", 0.2)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    tracing = tracing_of(Settings(home=tmp_path, traces_url="http://127.0.0.1:9/v1/traces"))
    with tracing.span("work", parent="not a parent"):
        assert tracing.context() is not None
    assert tracing.context() is None
    tracing.flush()


def test_without_a_collector_nothing_is_imported() -> None:
    """API, runs and deliveries load nothing that makes or sends spans; other libraries load OpenTelemetry's API."""
    modules = "api.app, pipelines.definitions, policycortex.workflow.reports, policycortex.workflow.outbox"
    parts = ("opentelemetry.sdk", "opentelemetry.exporter", "policycortex.tracing.otlp")
    program = f"import sys, {modules}; print([n for n in sys.modules if n.startswith({parts})])"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start of each service; without the setting nothing is asked for."""
    monkeypatch.setitem(sys.modules, "policycortex.tracing.otlp", None)
    spans._sender.cache_clear()
    settings = Settings(home=tmp_path, traces_url="http://127.0.0.1:4318/v1/traces")
    for start in (tracing_of, import_sender, create_app):
        with pytest.raises(ConfigurationError, match=r"POLICYCORTEX_TRACES_URL needs the extra tracing"):
            start(settings)
    assert tracing_of(Settings(home=tmp_path)) is NO_TRACING
    import_sender(Settings(home=tmp_path))
