"""Google Cloud Storage: each file is one object, whose CRC32C is compared with the service's.

Google's client is imported when it is used: 0.25 CPU s and 46 MB that most processes never need.
"""

import base64
import json
from socket import socket
from typing import Any, Final, Literal

from pydantic import model_validator

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.channel import Channel, SendContext
from policycortex.channels.connection_settings import Connection, ConnectionLine, SecretReference, secret_of
from policycortex.channels.model import DeliveredFile, DeliveryContent, Destination, Receipt
from policycortex.channels.object_storage import object_names, stored_receipt
from policycortex.channels.request_bodies import FilesBody
from policycortex.channels.time_limit import watch_socket
from policycortex.errors import ConfigurationError, DeliveryDeferredError, DeliveryRefusedError

_SCOPE: Final = "https://www.googleapis.com/auth/devstorage.read_write"
_PART_BYTES: Final = 8 << 20
_CHUNK_BYTES: Final = 1 << 20


class GcsConnection(Connection):
    """A bucket of Google Cloud Storage."""

    type: Literal["gcs"]
    bucket: ConnectionLine
    service_account: SecretReference | None = None
    """The JSON of the key file."""
    use_machine_identity: bool = False
    """True: the identity of the machine or pod signs, and no key is given."""
    endpoint: ConnectionLine | None = None
    """Only for servers that are not Google's; they may be called without credentials."""
    ca_file: str | None = None

    @model_validator(mode="after")
    def _has_credentials(self) -> "GcsConnection":
        options = [self.service_account is not None, self.use_machine_identity, self.endpoint is not None]
        if not any(options) or (self.service_account is not None and self.use_machine_identity):
            raise ValueError("give service_account, or use_machine_identity: true")
        return self


def send(
    connection: GcsConnection, destination: Destination, content: DeliveryContent, _context: SendContext
) -> Receipt:
    """Put every file into the bucket. Raises as ``Channel.send``."""
    bucket = _client(connection).bucket(connection.bucket)
    stored = []
    for name, file in object_names(destination, content).items():
        try:
            generation = _put(bucket, name, file, content, connection.timeout_seconds)
        except _errors() as error:
            raise _error_of(error, f"gs://{connection.bucket}/{name}") from error
        stored.append(f"{name} #{generation}")
    return stored_receipt(stored, content)


def check(connection: GcsConnection, _guard: AddressGuard) -> str:
    """List one object of the bucket. Raises as ``Channel.send``."""
    client, url = _client(connection), f"gs://{connection.bucket}"
    try:
        objects = client.list_blobs(connection.bucket, max_results=1, timeout=connection.timeout_seconds, retry=None)
        next(iter(objects), None)
    except _errors() as error:
        raise _error_of(error, url) from error
    return f"{url} answers"


def _put(bucket: Any, name: str, file: DeliveredFile, content: DeliveryContent, timeout: float) -> str:  # noqa: ANN401 - the library has no types
    """Upload one file; the object's generation."""
    blob = bucket.blob(name, chunk_size=_PART_BYTES)
    checksum = _crc32c(file)
    blob.crc32c = checksum
    blob.metadata = {"sha256": file.sha256, "delivery": content.delivery_id, "report": content.report_id}
    blob.upload_from_filename(
        str(file.path), content_type=file.media_type, checksum="crc32c", timeout=timeout, retry=None
    )
    if blob.crc32c != checksum or blob.size != file.size_bytes:
        raise DeliveryDeferredError(f"the service stored other bytes of {name} than were sent")
    return str(blob.generation)


def _crc32c(file: DeliveredFile) -> str:
    import google_crc32c

    checksum = google_crc32c.Checksum()
    with file.path.open("rb") as stream:
        while piece := stream.read(_CHUNK_BYTES):
            checksum.update(piece)
    return base64.b64encode(checksum.digest()).decode()


def _client(connection: GcsConnection) -> Any:  # noqa: ANN401 - the library has no types
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage
    from google.oauth2 import service_account

    options = ClientOptions(api_endpoint=connection.endpoint) if connection.endpoint else None
    if connection.use_machine_identity:
        return _watched(storage.Client(client_options=options))
    if connection.service_account is None:
        anonymous: Any = AnonymousCredentials()
        return _watched(storage.Client(project="none", credentials=anonymous, client_options=options))
    try:
        key = json.loads(secret_of(connection.service_account))
        credentials: Any = service_account.Credentials.from_service_account_info(key, scopes=[_SCOPE])
    except (ValueError, KeyError) as error:
        raise ConfigurationError(f"the connection's service_account is not a Google key file: {error}") from error
    return _watched(storage.Client(project=key.get("project_id"), credentials=credentials, client_options=options))


def _watched(client: Any) -> Any:  # noqa: ANN401 - the library has no types
    """The client, whose connections end at the time limit of the delivery."""
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket:
            return _watch(super()._new_conn())

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket:
            return _watch(super()._new_conn())

    pools = {
        "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": Plain}),
        "https": type("SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": Secure}),
    }
    for scheme in pools:
        adapter = HTTPAdapter()
        adapter.poolmanager.pool_classes_by_scheme = pools
        client._http.mount(f"{scheme}://", adapter)  # noqa: SLF001 - the only way to its session after construction
    return client


def _watch(connection: socket) -> socket:
    watch_socket(connection)
    return connection


def _errors() -> tuple[type[Exception], ...]:
    """Errors of the client's calls."""
    import requests
    from google.api_core.exceptions import GoogleAPICallError
    from google.auth.exceptions import GoogleAuthError

    return (GoogleAPICallError, GoogleAuthError, requests.RequestException, OSError)


def _error_of(error: Exception, url: str) -> DeliveryRefusedError | DeliveryDeferredError:
    from google.api_core.exceptions import ClientError, TooManyRequests
    from google.auth.exceptions import GoogleAuthError, TransportError

    reason = " ".join(str(error).split())[:500]
    is_permanent = isinstance(error, ClientError) and not isinstance(error, TooManyRequests)
    is_permanent = is_permanent or (isinstance(error, GoogleAuthError) and not isinstance(error, TransportError))
    if is_permanent and getattr(error, "code", 0) != 408:
        return DeliveryRefusedError(f"{url} was refused: {reason}")
    return DeliveryDeferredError(f"could not write {url}: {reason}")


CHANNEL: Final = Channel(
    name="gcs",
    connection=GcsConnection,
    body=FilesBody,
    send=send,
    check=check,
    is_idempotent=True,
    stores_files=True,
    position=80,
)
