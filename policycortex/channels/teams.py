"""Microsoft Teams: an Adaptive Card with links, posted to a workflow's address. Teams workflows accept no files."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.channel import Channel, SendContext
from policycortex.channels.connection_settings import Connection, SecretReference, secret_of
from policycortex.channels.http_client import NEVER_ACCEPTED, HttpClient, check_url
from policycortex.channels.message_text import facts_of, size_text
from policycortex.channels.model import DeliveryContent, Destination, Notice, Receipt, Target
from policycortex.channels.patterns import fill_text
from policycortex.channels.request_bodies import ChannelBody, PatternText
from policycortex.errors import DeliveryDeferredError, DeliveryRefusedError, DeliveryUncertainError
from policycortex.shortening import shorten

_CARD_TYPE: Final = "application/vnd.microsoft.card.adaptive"
_MOST_ACTIONS: Final = 6  # Teams shows no more
_MOST_BYTES: Final = 28_000  # Teams refuses larger messages


class TeamsConnection(Connection):
    """A Teams workflow that posts what it receives. Its address is itself the secret."""

    type: Literal["teams"]
    url: SecretReference
    ca_file: str | None = None


class TeamsBody(ChannelBody):
    """An Adaptive Card with links."""

    message: PatternText = Field(default="", max_length=2000)

    def targets(self) -> Iterator[Target]:
        """One: the workflow, whose address the connection holds."""
        yield Target(message=self.message)


def send(
    connection: TeamsConnection, destination: Destination, content: DeliveryContent, _context: SendContext
) -> Receipt:
    """Post the card. Raises as ``Channel.send``."""
    text = fill_text(destination.message, content)
    return _post(connection, _fitted(text, lambda shown: _message(_body(shown, content), _actions(content))))


def send_notice(connection: TeamsConnection, _target: str, notice: Notice, _context: SendContext) -> Receipt:
    """Post the alert as a card of plain text. Raises as ``Channel.send``."""
    title = {"type": "TextBlock", "text": _plain(notice.subject), "weight": "Bolder", "wrap": True}
    card = _fitted(notice.lines, lambda shown: _message([title, _text_block(shown)], []))
    return _post(connection, card)


def check(connection: TeamsConnection, _guard: AddressGuard) -> str:
    """Connect to the address. A workflow has no request that tests it without posting."""
    parts = urlsplit(_url_of(connection))
    AddressGuard.anywhere().connect(
        parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), connection.timeout_seconds
    ).close()
    return f"{parts.hostname} answers; only a delivery shows whether the workflow posts"


def _post(connection: TeamsConnection, message: dict[str, Any]) -> Receipt:
    body = _encoded(message)
    client = HttpClient(
        guard=AddressGuard.anywhere(), timeout_seconds=connection.timeout_seconds, ca_file=connection.ca_file
    )
    answer = client.post(_url_of(connection), body, {"Content-Type": "application/json; charset=utf-8"})
    if answer.status in {200, 201, 202}:
        reference = answer.headers.get("x-ms-workflow-run-id", "")
        return Receipt(answer=f"{answer.status}", reference=reference, payload_sha256=hashlib.sha256(body).hexdigest())
    reason = f"Teams answered with status {answer.status}: {' '.join(answer.text.split())[:200]}"
    if answer.status in {408, 429, 503}:
        raise DeliveryDeferredError(reason, retry_after_seconds=answer.retry_after_seconds)
    if answer.status >= 500 and answer.status not in NEVER_ACCEPTED:
        raise DeliveryUncertainError(reason)
    raise DeliveryRefusedError(reason)


def _url_of(connection: TeamsConnection) -> str:
    """The workflow's address. It is a secret, so no error shows any part of it."""
    url = secret_of(connection.url)
    try:
        check_url(url, schemes=("https",))
    except DeliveryRefusedError:
        reason = f"{connection.url} is not the address of a workflow; it must be one https URL and nothing else"
        raise DeliveryRefusedError(reason) from None
    return url


def _message(body: list[dict[str, Any]], actions: list[dict[str, str]]) -> dict[str, Any]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": actions,
        "msteams": {"width": "Full"},
    }
    return {"type": "message", "attachments": [{"contentType": _CARD_TYPE, "contentUrl": None, "content": card}]}


def _fitted(text: str, card_with: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """The card with as much of the text as Teams accepts: values and escapes count, so its length is not enough."""
    card, shown = card_with(text), text
    while shown and len(_encoded(card)) > _MOST_BYTES:
        shown = shorten(text, len(shown) * 4 // 5) if len(shown) > 1 else ""
        card = card_with(shown)
    return card


def _encoded(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode()


def _text_block(text: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": _plain(text), "wrap": True}


def _body(message: str, content: DeliveryContent) -> list[dict[str, Any]]:
    facts = [{"title": label, "value": _plain(value)} for label, value in facts_of(content)]
    body: list[dict[str, Any]] = [
        {"type": "TextBlock", "text": _plain(content.name), "size": "Large", "weight": "Bolder", "wrap": True},
        {"type": "FactSet", "facts": facts},
    ]
    if message:
        body.insert(1, _text_block(message))
    if content.has_unlinked_files:
        body.append(_text_block(content.locale.text("delivery.no_links")))
    return body


def _actions(content: DeliveryContent) -> list[dict[str, str]]:
    links = [(f"{file.name} ({size_text(file, content.locale)})", file.url) for file in content.files]
    opening = [{"type": "Action.OpenUrl", "title": title, "url": url} for title, url in links if url]
    return opening[:_MOST_ACTIONS]


def _plain(text: str) -> str:
    """Markdown escaped: brackets in a report's name would become a link."""
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace("*", "\\*").replace("_", "\\_")


CHANNEL: Final = Channel(
    name="teams",
    connection=TeamsConnection,
    body=TeamsBody,
    send=send,
    check=check,
    send_notice=send_notice,
    shows_links=True,
    position=30,
)
