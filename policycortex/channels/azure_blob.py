"""Azure Blob storage: each file is one blob."""

from typing import Any, Final, Literal

from obstore.store import AzureStore
from pydantic import model_validator

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.channel import Channel, SendContext
from policycortex.channels.connection_settings import Connection, ConnectionLine, SecretReference, secret_of
from policycortex.channels.model import DeliveryContent, Destination, Receipt
from policycortex.channels.object_storage import check_store, client_options, put_files
from policycortex.channels.request_bodies import FilesBody


class AzureBlobConnection(Connection):
    """A container of an Azure storage account."""

    type: Literal["azure_blob"]
    account: ConnectionLine
    container: ConnectionLine
    access_key: SecretReference | None = None
    sas_token: SecretReference | None = None
    use_machine_identity: bool = False
    """True: the identity of the machine or pod signs, and no key is given."""
    endpoint: ConnectionLine | None = None
    """Only for servers that are not Azure's."""
    ca_file: str | None = None

    @model_validator(mode="after")
    def _has_credentials(self) -> "AzureBlobConnection":
        if sum([self.access_key is not None, self.sas_token is not None, self.use_machine_identity]) != 1:
            raise ValueError("give one of access_key, sas_token and use_machine_identity: true")
        return self


def send(
    connection: AzureBlobConnection, destination: Destination, content: DeliveryContent, _context: SendContext
) -> Receipt:
    """Put every file into the container. Raises as ``Channel.send``."""
    return put_files(_store(connection), _url(connection), destination, content)


def check(connection: AzureBlobConnection, _guard: AddressGuard) -> str:
    """List a folder of the container. Raises as ``Channel.send``."""
    return check_store(_store(connection), _url(connection))


def _url(connection: AzureBlobConnection) -> str:
    return f"azure://{connection.account}/{connection.container}"


def _store(connection: AzureBlobConnection) -> AzureStore:
    options: dict[str, Any] = {"account_name": connection.account}
    if connection.endpoint:
        options["endpoint"] = connection.endpoint
    if connection.access_key:
        options["access_key"] = secret_of(connection.access_key)
    if connection.sas_token:
        options["sas_key"] = secret_of(connection.sas_token)
    options |= client_options(
        timeout_seconds=connection.timeout_seconds, endpoint=connection.endpoint, ca_file=connection.ca_file
    )
    return AzureStore(connection.container, **options)


CHANNEL: Final = Channel(
    name="azure_blob",
    connection=AzureBlobConnection,
    body=FilesBody,
    send=send,
    check=check,
    is_idempotent=True,
    stores_files=True,
    position=70,
)
