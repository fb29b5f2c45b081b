"""The page Automation of the Dagster UI with many schedules: its queries, counted in statements of SQL."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import dagster as dg
import dagster_webserver
import pytest
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster_graphql.test.utils import execute_dagster_graphql
from sqlalchemy import Engine, event

from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex.workflow.scheduling import create_schedule
from tests.support.backends import Backend
from tests.support.ledger import MONTHLY

pytestmark = pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning")
"""Dagster's own snapshot of a code location reads a property that Dagster has deprecated."""

_FEW: Final = 10
_MANY: Final = 300

_LIST: Final = """query LocationWorkspaceQuery($name: String!) { workspaceLocationEntryOrError(name: $name) {
  ... on WorkspaceLocationEntry { locationOrLoadError { ... on RepositoryLocation { repositories { name
    schedules { id cronSchedule executionTimezone mode name pipelineName tags { key value }
      scheduleState { id selectorId status hasStartPermission hasStopPermission } }
    sensors { id name targets { mode pipelineName } sensorType
      sensorState { id selectorId status hasStartPermission hasStopPermission } }
  } } } } } }"""
"""The UI's own query of all schedules and sensors, asked when a page opens and when the code location is reloaded."""

_ROW: Final = """query SingleScheduleQuery($selector: ScheduleSelector!) {
  scheduleOrError(scheduleSelector: $selector) {
  ... on Schedule { id name pipelineName description
    scheduleState { id runningCount hasStartPermission hasStopPermission
      ticks(limit: 1) { id status timestamp skipReason runIds runKeys error { message } }
      runs(limit: 1) { id status creationTime startTime endTime updateTime }
      nextTick { timestamp } }
    partitionSet { id name } } } }"""
"""The UI's own query of a row, asked for each row that is in view, a tenth of a second after it has come there."""

_LIST_FIELDS: Final = re.compile(r"fragment WorkspaceSchedule on Schedule \{(.*?)\\n  \}", re.DOTALL)
_ROW_FIELDS: Final = re.compile(r"query SingleScheduleQuery\((.*?)\.\.\.ScheduleSwitchFragment", re.DOTALL)
"""As they stand in the scripts of the UI."""


@pytest.fixture
def backend() -> Backend:
    """A folder alone: what is counted is above the storage."""
    return Backend()


@dataclass(slots=True)
class Statements:
    """What was executed in this process."""

    texts: list[str] = field(default_factory=list)

    def note(self, *given: Any) -> None:  # noqa: ANN401 - SQLAlchemy's arguments
        """A listener's signature."""
        self.texts.append(str(given[2]))


@contextmanager
def counted() -> Iterator[Statements]:
    """Statements of all engines of this process while the code within runs."""
    statements = Statements()
    event.listen(Engine, "before_cursor_execute", statements.note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", statements.note)


@contextmanager
def webserver(settings: Settings, folder: Path, count: int) -> Iterator[WorkspaceRequestContext]:
    """What a request of Dagster's webserver sees of the product's definitions with so many customers' schedules."""
    with closing(open_registry(settings)) as registry:
        for _ in range(count - registry.schedules.list_schedules(None, limit=1)[1]):
            create_schedule(settings, registry, MONTHLY, organization="default", created_by=None, now=datetime.now(UTC))
    location = folder / f"location_of_{count}.py"
    location.write_text(
        "from pipelines.definitions import build_defs\n"
        "from pipelines.resources import CoreResource\n"
        f"defs = build_defs(core=CoreResource(home={str(settings.home)!r}))\n"
    )
    origin = InProcessCodeLocationOrigin(LoadableTargetOrigin(python_file=str(location)), location_name="policycortex")
    target = InProcessWorkspaceLoadTarget(origin)
    with dg.instance_for_test() as instance, WorkspaceProcessContext(instance, target) as process:
        yield process.create_request_context()


def ask(context: WorkspaceRequestContext, query: str, variables: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The answer, and the number of statements that it took."""
    with counted() as statements:
        answer = execute_dagster_graphql(context, query, dict(variables))
    return dict(answer.data), len(statements.texts)


def costs_of(settings: Settings, folder: Path, count: int) -> dict[str, int]:
    """Statements of the list, and of one row."""
    with webserver(settings, folder, count) as context:
        listed, of_list = ask(context, _LIST, {"name": "policycortex"})
        (repository,) = listed["workspaceLocationEntryOrError"]["locationOrLoadError"]["repositories"]
        names = [each["name"] for each in repository["schedules"] if each["name"].startswith("delivery_")]
        assert len(names) == count
        where = {"repositoryLocationName": "policycortex", "repositoryName": repository["name"]}
        row, of_row = ask(context, _ROW, {"selector": {**where, "scheduleName": names[-1]}})
        assert row["scheduleOrError"]["scheduleState"]["nextTick"]["timestamp"] > 0
    return {"list": of_list, "row": of_row}


def test_more_schedules_cost_the_page_no_more_statements(settings: Settings, tmp_path: Path) -> None:
    """With 300 schedules the list, and each row in view, cost as many statements as with 10."""
    few = costs_of(settings, tmp_path, _FEW)
    assert costs_of(settings, tmp_path, _MANY) == few


def test_the_list_of_the_installed_ui_asks_for_no_runs_and_no_ticks() -> None:
    """The newest run is a statement for each schedule, so the UI may ask for it only in the query of a row."""
    build = Path(dagster_webserver.__file__).parent / "webapp" / "build"
    texts = [path.read_text(encoding="utf-8") for path in build.rglob("*.js")]
    (of_list,) = {text for each in texts for text in _LIST_FIELDS.findall(each)}
    assert "scheduleState" in of_list
    assert "runs" not in of_list
    assert "ticks" not in of_list
    (of_row,) = {text for each in texts for text in _ROW_FIELDS.findall(each)}
    assert "runs(limit: 1)" in of_row
