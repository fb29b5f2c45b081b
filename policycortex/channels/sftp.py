"""SFTP: each file is written as ``<name>.part`` and renamed when it is complete. The host key must be the known one.

A delivery that is sent again replaces the same files by the same bytes, so every failed attempt can be repeated.
paramiko is imported when it is used: 0.15 CPU s and 28 MB that most processes never need.
"""

import base64
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EACCES, ENOENT
from pathlib import PurePosixPath
from socket import create_connection
from typing import TYPE_CHECKING, Final, Literal

from pydantic import model_validator

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.channel import Channel, SendContext
from policycortex.channels.connection_settings import (
    Connection,
    ConnectionLine,
    Host,
    Port,
    SecretReference,
    secret_of,
)
from policycortex.channels.model import DeliveredFile, DeliveryContent, Destination, Receipt
from policycortex.channels.patterns import default_object_name, fill_object_name
from policycortex.channels.request_bodies import FilesBody
from policycortex.channels.time_limit import watch_socket
from policycortex.errors import ConfigurationError, DeliveryDeferredError, DeliveryRefusedError

if TYPE_CHECKING:
    import paramiko

DEFAULT_NAME: Final = "{{name}} {{date}}"
_CHUNK_BYTES: Final = 1 << 18
_UNSUPPORTED: Final = "unsupported"
"""In the text of SSH_FX_OP_UNSUPPORTED, whose number paramiko does not pass on."""


class SftpConnection(Connection):
    """A server whose host key is known."""

    type: Literal["sftp"]
    host: Host
    port: Port = 22
    username: ConnectionLine
    password: SecretReference | None = None
    private_key: SecretReference | None = None
    passphrase: SecretReference | None = None
    host_key: ConnectionLine
    """As in a known_hosts line, without the host: ``ssh-ed25519 AAAA...``."""
    folder: str = ""
    """Folder of the object names; "" is the login folder."""

    @model_validator(mode="after")
    def _has_credentials(self) -> "SftpConnection":
        if (self.password is None) == (self.private_key is None):
            raise ValueError("give either password or private_key")
        return self


def send(
    connection: SftpConnection, destination: Destination, content: DeliveryContent, _context: SendContext
) -> Receipt:
    """Write every file. Raises as ``Channel.send``."""
    stem = fill_object_name(destination.target or default_object_name(DEFAULT_NAME, content), content)
    names = []
    with _session(connection) as sftp:
        _examine_folder(sftp, connection)
        for file in content.files:
            name = PurePosixPath(connection.folder) / f"{stem}.{file.extension}"
            _put(sftp, file, name)
            names.append(str(name))
    digests = "".join(file.sha256 for file in content.files)
    return Receipt(
        answer=f"{len(names)} files written and renamed",
        reference=", ".join(names),
        payload_sha256=hashlib.sha256(digests.encode()).hexdigest(),
    )


def check(connection: SftpConnection, _guard: AddressGuard) -> str:
    """Log in and look at the folder. Raises as ``Channel.send``."""
    with _session(connection) as sftp:
        return f"logged in, files are written to {_examine_folder(sftp, connection)}"


def _examine_folder(sftp: "paramiko.SFTPClient", connection: SftpConnection) -> str:
    """The folder as the server names it. Folders below it are made; itself it must exist.

    A drop box may refuse to tell anything about its folders: then only writing shows whether it exists.
    """
    try:
        folder = sftp.normalize(connection.folder or ".")
        sftp.stat(folder)
    except FileNotFoundError as error:
        raise DeliveryRefusedError(f"{connection.host} has no folder {connection.folder!r}: {error}") from error
    except OSError as error:
        _reraise_lost(error)
        return f"{connection.folder or 'the login folder'}, which the server does not let us examine"
    return folder


def _put(sftp: "paramiko.SFTPClient", file: DeliveredFile, name: PurePosixPath) -> None:
    import paramiko

    part = f"{name}.part"
    try:
        _make_folders(sftp, name.parent)
        written = _write(sftp, file, part)
        if written != file.size_bytes:
            raise DeliveryDeferredError(f"the server stored {written} of the {file.size_bytes} bytes of {name}")
        _replace(sftp, part, str(name))
    except (PermissionError, FileNotFoundError) as error:
        raise DeliveryRefusedError(f"the server does not permit writing {name}: {error}") from error
    except OSError as error:
        if _UNSUPPORTED in str(error).casefold():
            raise DeliveryRefusedError(f"the server cannot write {name}: {error}") from error
        raise DeliveryDeferredError(f"could not write {name}: {error or type(error).__name__}") from error
    except (EOFError, paramiko.SSHException) as error:
        raise DeliveryDeferredError(f"could not write {name}: {error or type(error).__name__}") from error


def _replace(sftp: "paramiko.SFTPClient", part: str, name: str) -> None:
    """Rename, replacing an existing file. Only OpenSSH's extension does both at once; plain rename refuses to replace.

    Without the extension, a reader may find no file for a moment, never a part of one.
    """
    try:
        sftp.posix_rename(part, name)
    except OSError as error:
        _reraise_lost(error)
    else:
        return
    try:
        sftp.rename(part, name)
    except PermissionError:
        raise
    except OSError as error:
        _reraise_lost(error)
    else:
        return
    with suppress(FileNotFoundError):
        sftp.remove(name)
    sftp.rename(part, name)


def _reraise_lost(error: OSError) -> None:
    """Raise again what is no answer of the server, which has no number but for missing files and permissions."""
    if isinstance(error, TimeoutError | ConnectionError) or error.errno not in {None, EACCES, ENOENT}:
        raise error


def _write(sftp: "paramiko.SFTPClient", file: DeliveredFile, part: str) -> int:
    """Bytes that the server stored; if it tells no sizes, those that it confirmed."""
    written = 0
    with file.path.open("rb") as source, sftp.open(part, "wb") as target:
        target.set_pipelined(True)
        while piece := source.read(_CHUNK_BYTES):
            target.write(piece)
            written += len(piece)
    try:
        stored = sftp.stat(part).st_size
    except OSError as error:
        _reraise_lost(error)
        return written
    return written if stored is None else stored


def _make_folders(sftp: "paramiko.SFTPClient", folder: PurePosixPath) -> None:
    for parent in [*reversed(folder.parents), folder]:
        if str(parent) in {".", "/"}:
            continue
        try:
            sftp.stat(str(parent))
        except OSError as error:
            _reraise_lost(error)
            try:
                sftp.mkdir(str(parent))
            except OSError as failure:  # it may exist, or another delivery creates it now; else writing fails
                _reraise_lost(failure)


@contextmanager
def _session(connection: SftpConnection) -> Iterator["paramiko.SFTPClient"]:
    import paramiko

    host, limit = f"{connection.host}:{connection.port}", connection.timeout_seconds
    known, key = _host_key(connection.host_key), _private_key(connection)
    password = secret_of(connection.password) if key is None else None
    try:
        socket = create_connection((connection.host, connection.port), timeout=limit)
        watch_socket(socket)
    except OSError as error:
        raise DeliveryDeferredError(f"cannot connect to {host}: {error}", is_reached=False) from error
    transport = paramiko.Transport(socket)
    transport.banner_timeout = transport.auth_timeout = limit
    transport.get_security_options().key_types = _algorithms(transport, known)
    try:
        transport.start_client(timeout=limit)
        if transport.get_remote_server_key() != known:
            raise DeliveryRefusedError(f"{host} has another host key than its connection names; nothing was sent")
        if key is not None:
            transport.auth_publickey(connection.username, key)
        else:
            transport.auth_password(connection.username, password or "")
        sftp = paramiko.SFTPClient.from_transport(transport)
        if sftp is None:
            raise DeliveryDeferredError(f"{host} opened no SFTP session")
        channel = sftp.get_channel()
        if channel is not None:
            channel.settimeout(limit)
        yield sftp
    except paramiko.AuthenticationException as error:
        raise DeliveryRefusedError(f"{host} rejects the login of {connection.username!r}: {error}") from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        reason = f"the session with {host} ended: {error or type(error).__name__}"
        raise DeliveryDeferredError(reason, is_reached=False) from error
    finally:
        transport.close()


def _host_key(line: str) -> "paramiko.PKey":
    import paramiko
    from paramiko.pkey import UnknownKeyType

    words = line.split()
    try:
        return paramiko.PKey.from_type_string(words[0], base64.b64decode(words[1], validate=True))
    except (IndexError, ValueError, paramiko.SSHException, UnknownKeyType) as error:
        raise ConfigurationError(f"host_key must be like 'ssh-ed25519 AAAA...', got {line[:40]!r}") from error


def _algorithms(transport: "paramiko.Transport", known: "paramiko.PKey") -> tuple[str, ...]:
    """Only algorithms of the known key, because a server may have several keys and present another one."""
    offered = tuple(transport.get_security_options().key_types)
    kind = known.get_name()
    return tuple(name for name in offered if name == kind or (kind == "ssh-rsa" and name.startswith("rsa-sha2")))


def _private_key(connection: SftpConnection) -> "paramiko.PKey | None":
    import paramiko

    if connection.private_key is None:
        return None
    text = secret_of(connection.private_key) + "\n"
    passphrase = secret_of(connection.passphrase) if connection.passphrase else None
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text), password=passphrase)
        except (paramiko.SSHException, ValueError):
            continue
    raise ConfigurationError(
        "the connection's private_key is not an Ed25519, ECDSA or RSA key that its passphrase opens"
    )


CHANNEL: Final = Channel(
    name="sftp",
    connection=SftpConnection,
    body=FilesBody,
    send=send,
    check=check,
    is_idempotent=True,
    stores_files=True,
    position=50,
)
