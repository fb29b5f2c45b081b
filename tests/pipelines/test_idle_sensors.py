"""What sensors read while nothing is to do: not Dagster's storages, whose opening is most of their CPU time."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from pipelines.defs.waivers import changed_frameworks
from pipelines.sensor_core import core_of
from policycortex.settings import Settings
from tests.support.backends import Backend


@pytest.fixture
def backend() -> Backend:
    """A folder alone: what is tested is above the storage."""
    return Backend()


def skipped(found: Any) -> bool:  # noqa: ANN401 - of many types
    """Whether a sensor's answer asks for no run."""
    each = list(found) if isinstance(found, Iterator) else [found]
    return not any(isinstance(one, dg.RunRequest) or getattr(one, "run_requests", None) for one in each)


@pytest.mark.parametrize("sensor", ["outbox", "due_reports", "schedule_definitions", "landing_zone"])
def test_an_idle_sensor_opens_no_instance(defs: dg.Definitions, settings: Settings, sensor: str) -> None:
    """The context has none, and would raise. The resource is that of the definitions."""
    with dg.build_sensor_context(definitions=defs) as context:
        assert core_of(context).settings().home == settings.home
        assert skipped(defs.get_repository_def().get_sensor_def(sensor)(context))


def test_frameworks_that_have_not_changed_need_no_instance(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    """The first evaluation adds their partitions, the second compares a digest."""
    with dg.build_sensor_context(definitions=defs, instance=instance) as context:
        assert skipped(changed_frameworks(context))
        cursor = context.cursor
    assert "soc2" in instance.get_dynamic_partitions("frameworks")
    with dg.build_sensor_context(definitions=defs, cursor=cursor) as context:
        assert skipped(changed_frameworks(context))
