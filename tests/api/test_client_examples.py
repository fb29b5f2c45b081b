"""The examples of the client's README, executed against a served API."""

import re
import threading
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.api_server import ApiServer
from tests.support.reports_in_hand import completing

README: Final = Path(__file__).parents[2] / "clients/python/README.md"
_BLOCK: Final = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def running_server(folder_server: ApiServer) -> ApiServer:
    """The client does not see what reports are stored in."""
    return folder_server


def test_the_examples_of_the_readme_run(server: ApiServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Order, wait and download, by both clients, one after the other in one program."""
    _, token = server.registry.keys.create_key(organization=server.organization, name="client")
    names: dict[str, Any] = {"url": server.url, "api_key": token, "folder": tmp_path}
    blocks = _BLOCK.findall(README.read_text())
    assert len(blocks) == 2
    with completing(server):
        for block in blocks:
            exec(compile(block, str(README), "exec"), names)  # noqa: S102 - the page's own example
    assert {path.name for path in tmp_path.iterdir()} == {"october.pdf", "october-again.pdf"}
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"%PDF-1.7 a report"}
    listed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [status for _, status in listed] == ["completed", "completed"]
    assert not [each for each in threading.enumerate() if each.name == "completing"]
