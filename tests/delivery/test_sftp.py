"""SFTP with Debian's openssh-server, with its own port, keys and folder."""

import getpass
import subprocess
from dataclasses import dataclass
from pathlib import Path

import paramiko
import pytest

from policycortex.channels.model import DeliveredFile, Destination
from policycortex.channels.sftp import SftpConnection
from policycortex.errors import ConfigurationError, DeliveryDeferredError, DeliveryRefusedError
from tests.delivery.conftest import Start, free_port, program
from tests.support.samples.delivery import check_over, sample_content, send_over

TO_AUDITOR = Destination(channel="sftp", connection="sftp", target="{{framework}}/{{name}} {{date}}")


@dataclass(frozen=True, kw_only=True)
class SshServer:
    """Port, host key, user key, and the folder of the files."""

    port: int
    host_key: str
    user_key: Path
    folder: Path


@pytest.fixture
def server(tmp_path: Path, start: Start, request: pytest.FixtureRequest) -> SshServer:
    """An sshd for this test that accepts this user by key, for SFTP only; a parameter names requests it denies."""
    denied = f"-P {request.param}" if hasattr(request, "param") else ""
    sshd, keygen = program("sshd", "openssh-server"), program("ssh-keygen", "openssh-client")
    Path("/run/sshd").mkdir(exist_ok=True)  # sshd wants it, and Debian makes it at boot only
    host_key, user_key, folder = tmp_path / "host", tmp_path / "user", tmp_path / "arrived"
    folder.mkdir()
    for key in (host_key, user_key):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    config = tmp_path / "sshd_config"
    port = free_port()
    config.write_text(
        f"""Port {port}
ListenAddress 127.0.0.1
HostKey {host_key}
PidFile none
AuthorizedKeysFile {user_key}.pub
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
UsePAM no
Subsystem sftp internal-sftp
ForceCommand internal-sftp {denied}
"""
    )
    start(sshd, "-D", "-e", "-f", config, port=port)
    shown = " ".join(host_key.with_suffix(".pub").read_text().split()[:2])
    return SshServer(port=port, host_key=shown, user_key=user_key, folder=folder)


def _connection(server: SshServer, **changes: object) -> SftpConnection:
    fields = {
        "type": "sftp",
        "host": "127.0.0.1",
        "port": server.port,
        "username": getpass.getuser(),
        "private_key": f"file:{server.user_key}",
        "host_key": server.host_key,
        "folder": str(server.folder),
        "timeout_seconds": 10,
    }
    return SftpConnection.model_validate(fields | changes)


def test_files_arrive_byte_equal_and_whole(server: SshServer, pdf: DeliveredFile, large: DeliveredFile) -> None:
    """Folders are created, no .part remains, a second delivery replaces the files."""
    content = sample_content(pdf, large, name="Report/../up")
    for _ in range(2):
        receipt = send_over(_connection(server), TO_AUDITOR, content)
    names = sorted(path.relative_to(server.folder).as_posix() for path in server.folder.rglob("*") if path.is_file())
    assert names == ["SOC 2/Report-..-up 2026-04-01.csv", "SOC 2/Report-..-up 2026-04-01.pdf"]
    assert (server.folder / names[0]).read_bytes() == large.path.read_bytes()
    assert (server.folder / names[1]).read_bytes() == pdf.path.read_bytes()
    assert names[1] in receipt.reference


@pytest.mark.parametrize(
    "server", ["posix-rename", "stat,lstat,fstat", "posix-rename,stat,lstat,fstat,realpath"], indirect=True
)
def test_a_server_without_extensions_gets_the_files(server: SshServer, pdf: DeliveredFile) -> None:
    """Without posix-rename or stat: the files arrive, replace earlier ones, and no .part remains."""
    for _ in range(2):
        send_over(_connection(server), TO_AUDITOR, sample_content(pdf, name="Report"))
    (written,) = (path for path in server.folder.rglob("*") if path.is_file())
    assert written.relative_to(server.folder).as_posix() == "SOC 2/Report 2026-04-01.pdf"
    assert written.read_bytes() == pdf.path.read_bytes()
    assert "logged in" in check_over(_connection(server))


def test_names_of_any_length_and_script_are_written(server: SshServer, pdf: DeliveredFile) -> None:
    """Two long names with the same beginning stay two files of at most 255 bytes."""
    for name in ("報" * 300, "報" * 300 + "告"):
        target = Destination(channel="sftp", connection="sftp", target="{{name}} {{framework}} " + name)
        send_over(_connection(server), target, sample_content(pdf, name=name))
    assert len(list(server.folder.iterdir())) == 2


def test_a_missing_folder_is_refused_by_delivery_and_test(server: SshServer, pdf: DeliveredFile) -> None:
    """Permanent, with the same reason."""
    connection = _connection(server, folder=str(server.folder / "none"))
    for attempt in (lambda: check_over(connection), lambda: send_over(connection, TO_AUDITOR, sample_content(pdf))):
        with pytest.raises(DeliveryRefusedError, match="has no folder"):
            attempt()


def test_a_server_with_another_host_key_gets_nothing(server: SshServer, pdf: DeliveredFile, tmp_path: Path) -> None:
    """No login is tried."""
    other = paramiko.Ed25519Key.from_private_key_file(str(server.user_key))
    connection = _connection(server, host_key=f"ssh-ed25519 {other.get_base64()}")
    with pytest.raises(DeliveryRefusedError, match="another host key"):
        send_over(connection, TO_AUDITOR, sample_content(pdf))
    assert list(server.folder.iterdir()) == []
    assert "Accepted" not in next(tmp_path.glob("server-*.log")).read_text()


def test_a_rejected_key_is_refused(server: SshServer, pdf: DeliveredFile, tmp_path: Path) -> None:
    """Permanent until the connection is corrected."""
    keygen = program("ssh-keygen", "openssh-client")
    subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "x")], check=True)
    with pytest.raises(DeliveryRefusedError, match="rejects the login"):
        send_over(_connection(server, private_key=f"file:{tmp_path / 'x'}"), TO_AUDITOR, sample_content(pdf))


def test_a_folder_that_cannot_be_written_is_refused_and_leaves_nothing(server: SshServer, pdf: DeliveredFile) -> None:
    """A file has the name of the folder."""
    (server.folder / "SOC 2").write_text("in the way")
    with pytest.raises((DeliveryRefusedError, DeliveryDeferredError), match="SOC 2"):
        send_over(_connection(server), TO_AUDITOR, sample_content(pdf))
    assert [path.name for path in server.folder.iterdir()] == ["SOC 2"]


def test_a_closed_port_is_deferred(server: SshServer, pdf: DeliveredFile) -> None:
    """The server may be available later."""
    with pytest.raises(DeliveryDeferredError, match="cannot connect"):
        send_over(_connection(server, port=free_port()), TO_AUDITOR, sample_content(pdf))


def test_a_connection_is_tested_by_logging_in(server: SshServer) -> None:
    """The folder is read and nothing is written."""
    assert str(server.folder) in check_over(_connection(server))
    with pytest.raises(DeliveryRefusedError, match="has no folder"):
        check_over(_connection(server, folder="/nowhere/at/all"))
    assert list(server.folder.iterdir()) == []


def test_unreadable_keys_are_reported(server: SshServer, tmp_path: Path) -> None:
    """The errors do not show their content."""
    (tmp_path / "bad").write_text("not a key")
    with pytest.raises(ConfigurationError, match="private_key is not"):
        check_over(_connection(server, private_key=f"file:{tmp_path / 'bad'}"))
    with pytest.raises(ConfigurationError, match="host_key must be like"):
        check_over(_connection(server, host_key="AAAA"))
