"""The line between launcher and run host, over real sockets."""

import socket
import threading
from pathlib import Path

import pytest

from pipelines.platform.run_host_socket import listen, receive_message, send_request


def answer_once(server: socket.socket, line: bytes, heard: list[object]) -> None:
    """Take one question and send these bytes."""
    connection, _ = server.accept()
    with connection:
        heard.append(receive_message(connection))
        connection.sendall(line)


def exchange(path: Path, line: bytes) -> tuple[object, list[object]]:
    """One question to a server that answers with these bytes."""
    heard: list[object] = []
    with listen(path) as server:
        thread = threading.Thread(target=answer_once, args=(server, line, heard))
        thread.start()
        try:
            return send_request(path, {"run_id": "a"}, timeout_seconds=5), heard
        finally:
            thread.join()


def test_a_question_is_heard_and_answered_however_deep_the_home(tmp_path: Path) -> None:
    """A socket's address holds 107 bytes; this folder is deeper."""
    folder = tmp_path / ("d" * 100) / ("e" * 100)
    folder.mkdir(parents=True)
    assert exchange(folder / "runs.sock", b'{"worker": "b"}\n') == ({"worker": "b"}, [{"run_id": "a"}])


def test_only_the_owner_may_ask(tmp_path: Path) -> None:
    """Whoever can ask can run jobs."""
    with listen(tmp_path / "runs.sock"):
        assert (tmp_path / "runs.sock").stat().st_mode & 0o777 == 0o600


def test_what_a_dead_host_left_is_replaced(tmp_path: Path) -> None:
    """Its socket file does not keep the next one from starting."""
    with listen(tmp_path / "runs.sock"):
        pass
    assert exchange(tmp_path / "runs.sock", b"{}\n")[0] == {}


def test_half_an_answer_is_an_error(tmp_path: Path) -> None:
    """The host died while it answered."""
    with pytest.raises(ConnectionError, match="middle of a line"):
        exchange(tmp_path / "runs.sock", b'{"worker"')


def test_nobody_there_is_an_error(tmp_path: Path) -> None:
    """The launcher waits and asks again."""
    with pytest.raises(OSError, match="No such file"):
        send_request(tmp_path / "runs.sock", {}, timeout_seconds=1)
