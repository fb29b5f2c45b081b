"""An example of a whole channel: a message posted to a web address. The tests copy it into a package of their own."""

import hashlib
import json
from collections.abc import Iterator
from typing import Final, Literal

from pydantic import Field

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.channel import Channel, SendContext
from policycortex.channels.connection_settings import Connection, SecretReference, secret_of
from policycortex.channels.http_client import HttpClient
from policycortex.channels.message_text import facts_of
from policycortex.channels.model import DeliveryContent, Destination, Notice, Receipt, Target
from policycortex.channels.request_bodies import ChannelBody, PatternText
from policycortex.errors import DeliveryDeferredError, DeliveryRefusedError


class BulletinConnection(Connection):
    """A board; its address is the secret."""

    type: Literal["bulletin"]
    url: SecretReference
    ca_file: str | None = None


class BulletinBody(ChannelBody):
    """A message on a board."""

    message: PatternText = Field(default="", max_length=2000)

    def targets(self) -> Iterator[Target]:
        """One: the board."""
        yield Target(message=self.message)


def send(
    connection: BulletinConnection, _destination: Destination, content: DeliveryContent, context: SendContext
) -> Receipt:
    """Post name and facts. Raises as ``Channel.send``."""
    facts = ", ".join(f"{label}: {value}" for label, value in facts_of(content))
    links = [file.url for file in content.files if file.url]
    return _post(connection, {"text": f"{content.name}: {facts}", "links": links}, context.guard)


def send_notice(connection: BulletinConnection, _target: str, notice: Notice, context: SendContext) -> Receipt:
    """Post the alert. Raises as ``Channel.send``."""
    return _post(connection, {"text": notice.subject, "links": []}, context.guard)


def check(connection: BulletinConnection, _guard: AddressGuard) -> str:
    """Read the address. Raises as ``Channel.send``."""
    secret_of(connection.url)
    return "the address can be read"


def _post(connection: BulletinConnection, message: dict[str, object], guard: AddressGuard) -> Receipt:
    body = json.dumps(message).encode()
    client = HttpClient(guard=guard, timeout_seconds=connection.timeout_seconds, ca_file=connection.ca_file)
    answer = client.post(secret_of(connection.url), body, {"Content-Type": "application/json"})
    if answer.status >= 500:
        raise DeliveryDeferredError(f"the board answered {answer.status}")
    if answer.status != 200:
        raise DeliveryRefusedError(f"the board answered {answer.status}")
    return Receipt(answer="200", reference="", payload_sha256=hashlib.sha256(body).hexdigest())


CHANNEL: Final = Channel(
    name="bulletin",
    connection=BulletinConnection,
    body=BulletinBody,
    send=send,
    check=check,
    send_notice=send_notice,
    is_idempotent=True,
    shows_links=True,
)
