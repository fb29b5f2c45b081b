"""Stored states of sensors and schedules have the address of the code server of this start."""

from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, SensorInstigatorData

from pipelines.platform.code_address import write_code_address
from policycortex.settings import DAGSTER_DATABASE_VARIABLE, Settings
from policycortex_cli.home import open_instance

_DATA = SensorInstigatorData(last_tick_timestamp=5.0, cursor="c", min_interval=5)


def test_a_state_gets_the_new_address_and_keeps_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sensor at port 1 is found at port 2, one of another code location stays; a second time changes nothing."""
    for name in ("DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY", DAGSTER_DATABASE_VARIABLE):
        monkeypatch.setenv(name, "set back after the test, for an instance sets it")
    server = {"host": "127.0.0.1", "port": 2, "location_name": "ours"}
    workspace = tmp_path / "workspace.yaml"
    workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}))
    with open_instance(Settings(home=tmp_path)) as instance:
        for location in ("ours", "another"):
            instance.add_instigator_state(_state(location, port=1))
        assert write_code_address(instance, workspace) == 1
        assert _states(instance) == {_state("ours", port=2), _state("another", port=1)}
        assert write_code_address(instance, workspace) == 0


def _states(instance: dg.DagsterInstance) -> set[InstigatorState]:
    return set(instance.all_instigator_state())


def _state(location: str, *, port: int) -> InstigatorState:
    code = GrpcServerCodeLocationOrigin(host="127.0.0.1", port=port, location_name=location)
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(code, "__repository__"), "landing_zone")
    return InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.DECLARED_IN_CODE, _DATA)
