"""The TypeScript client: generated from the API's document, compiled strictly, and used against a served API."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.support.api_server import ApiServer
from tests.support.reports_in_hand import completing

ROOT: Final = Path(__file__).parents[2]
CLIENT: Final = ROOT / "clients/typescript"
MODULES: Final = ROOT / ".test-tools/typescript/node_modules"


@pytest.fixture
def running_server(folder_server: ApiServer) -> ApiServer:
    """The client does not see what reports are stored in."""
    return folder_server


def run(folder: Path, *command: str | Path, **environment: str) -> str:
    """Output of a program of the client's folder, which must succeed."""
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_compiles_strictly_and_gets_a_report(server: ApiServer, tmp_path: Path) -> None:
    """The example orders, waits and downloads; the file is the report's, with the digest that it prints."""
    folder = tmp_path / "clients/typescript"
    shutil.copytree(CLIENT, folder)
    (folder / "node_modules").symlink_to(MODULES)
    document = ROOT / "docs/openapi.json"
    run(folder, MODULES / ".bin/openapi-ts", "-i", document)
    run(folder, MODULES / ".bin/tsc", "-p", ".")
    _, token = server.registry.keys.create_key(organization=server.organization, name="typescript")
    target = tmp_path / "october.pdf"
    with completing(server):
        printed = run(folder, "node", "built/example.js", server.url, target, POLICYCORTEX_API_KEY=token)
    assert target.read_bytes() == b"%PDF-1.7 a report"
    [report] = server.client().get("/v1/reports").json()["reports"]
    assert printed.split() == [report["id"], hashlib.sha256(target.read_bytes()).hexdigest()]
