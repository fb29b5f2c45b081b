"""Amazon S3 and compatible servers: each file is one object, whose SHA-256 the service verifies."""

from typing import Any, Final, Literal

from obstore.store import S3Store
from pydantic import model_validator

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.channel import Channel, SendContext
from policycortex.channels.connection_settings import Connection, ConnectionLine, SecretReference, secret_of
from policycortex.channels.model import DeliveryContent, Destination, Receipt
from policycortex.channels.object_storage import check_store, client_options, put_files
from policycortex.channels.request_bodies import FilesBody


class S3Connection(Connection):
    """A bucket of S3 or of a compatible server."""

    type: Literal["s3"]
    bucket: ConnectionLine
    region: ConnectionLine = "us-east-1"
    endpoint: ConnectionLine | None = None
    """Only for servers that are not Amazon's."""
    access_key_id: SecretReference | None = None
    secret_access_key: SecretReference | None = None
    use_machine_identity: bool = False
    """True: the role of the machine or pod signs, and no keys are given."""
    ca_file: str | None = None

    @model_validator(mode="after")
    def _has_credentials(self) -> "S3Connection":
        keys = [key for key in (self.access_key_id, self.secret_access_key) if key is not None]
        if len(keys) != (0 if self.use_machine_identity else 2):
            raise ValueError("give access_key_id and secret_access_key, or use_machine_identity: true")
        return self


def send(
    connection: S3Connection, destination: Destination, content: DeliveryContent, _context: SendContext
) -> Receipt:
    """Put every file into the bucket. Raises as ``Channel.send``."""
    return put_files(_store(connection), f"s3://{connection.bucket}", destination, content)


def check(connection: S3Connection, _guard: AddressGuard) -> str:
    """List a folder of the bucket. Raises as ``Channel.send``."""
    return check_store(_store(connection), f"s3://{connection.bucket}")


def _store(connection: S3Connection) -> S3Store:
    options: dict[str, Any] = {"region": connection.region, "checksum_algorithm": "sha256"}
    if connection.endpoint:
        options |= {"endpoint": connection.endpoint, "virtual_hosted_style_request": False}
    if not connection.use_machine_identity:
        options["access_key_id"] = secret_of(connection.access_key_id)
        options["secret_access_key"] = secret_of(connection.secret_access_key)
    options |= client_options(
        timeout_seconds=connection.timeout_seconds, endpoint=connection.endpoint, ca_file=connection.ca_file
    )
    return S3Store(connection.bucket, **options)


CHANNEL: Final = Channel(
    name="s3",
    connection=S3Connection,
    body=FilesBody,
    send=send,
    check=check,
    is_idempotent=True,
    stores_files=True,
    position=60,
)
