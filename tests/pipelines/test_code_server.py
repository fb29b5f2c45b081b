"""The real host of the code server: definitions loaded again, definitions that cannot be loaded, a server that ends."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import psutil
import pytest
import yaml
from dagster._core.workspace.load_target import WorkspaceFileTarget

from pipelines.platform.code_server import ReloadError
from pipelines.platform.instance_plugins import CODE_SOCKET
from pipelines.platform.webserver import RoleWorkspace
from tests.support.installation import free_port, wait_until

_DEFINITIONS = """
import pathlib
import dagster as dg

@dg.job(name=pathlib.Path(__file__).with_name("name").read_text())
def made() -> None:
    pass

defs = dg.Definitions(jobs=[made])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """A running host and the webserver's view of its code."""

    host: "subprocess.Popen[bytes]"
    workspace: RoleWorkspace
    name: Path
    """The file that the definitions read when they are imported."""
    log: Path

    def jobs(self) -> list[str]:
        """Names of the jobs that the webserver has loaded."""
        location = self.workspace.get_current_workspace().code_location_entries["made"].code_location
        assert location is not None
        return [job.name for repository in location.get_repositories().values() for job in repository.get_all_jobs()]

    def server(self) -> psutil.Process:
        """The process that gets new requests."""
        return max(_servers(self.host), key=lambda process: process.create_time())


@pytest.fixture
def hosted(tmp_path: Path) -> Iterator[Hosted]:
    """Ends with the test."""
    (tmp_path / "made_definitions.py").write_text(_DEFINITIONS, encoding="utf-8")
    (tmp_path / "name").write_text("first", encoding="utf-8")
    port, path, log = free_port(), tmp_path / "workspace.yaml", tmp_path / "log"
    server = {"host": "127.0.0.1", "port": port, "location_name": "made"}
    path.write_text(yaml.safe_dump({"load_from": [{"grpc_server": server}]}), encoding="utf-8")
    program = [sys.executable, "-W", "ignore", "-m", "pipelines.platform.code_server"]
    command = [*program, str(tmp_path / CODE_SOCKET), "made_definitions", "made", str(port)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT) as host,
    ):
        try:
            wait_until(lambda: _listens(host), seconds=120, what="the code server listens")
            with (
                dg.instance_for_test() as instance,
                RoleWorkspace(instance, WorkspaceFileTarget([str(path)])) as workspace,
            ):
                workspace.code_socket = path.with_name(CODE_SOCKET)
                yield Hosted(host=host, workspace=workspace, name=tmp_path / "name", log=log)
        finally:
            host.terminate()


def test_definitions_are_loaded_again_by_a_new_fork(hosted: Hosted) -> None:
    """A reload shows what the definitions read now. Where they cannot be loaded, the ones of before are served on. The
    host ends with 1 when its server ends, so that the supervisor starts both."""
    assert hosted.jobs() == ["first"]
    before = hosted.server()
    hosted.name.write_text("second", encoding="utf-8")
    hosted.workspace.reload_code_location("made")
    assert hosted.jobs() == ["second"]
    serving = hosted.server()
    assert serving != before
    hosted.name.write_text("no name of a job", encoding="utf-8")
    with pytest.raises(ReloadError, match="could not be loaded"):
        hosted.workspace.reload_code_location("made")
    hosted.workspace.refresh_workspace()
    assert hosted.jobs() == ["second"]
    assert "no name of a job" in hosted.log.read_text(encoding="utf-8")
    wait_until(lambda: _servers(hosted.host) == [serving], seconds=60, what="the other servers have ended")
    hosted.name.write_text("third", encoding="utf-8")
    hosted.workspace.reload_workspace()
    assert hosted.jobs() == ["third"]
    hosted.server().kill()
    assert hosted.host.wait(60) == 1


def _servers(host: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    return psutil.Process(host.pid).children()


def _listens(host: "subprocess.Popen[bytes]") -> bool:
    assert host.poll() is None
    return any(found.status == psutil.CONN_LISTEN for each in _servers(host) for found in each.net_connections())
