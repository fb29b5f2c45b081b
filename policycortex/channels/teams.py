"""Microsoft Teams: an Adaptive Card with links, posted to a workflow's address. Files cannot go this way."""

import hashlib
import json
from typing import Any, Final
from urllib.parse import urlsplit

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.connections import TeamsConnection, secret_of
from policycortex.channels.http_client import HttpClient, check_url
from policycortex.channels.message_text import facts_of, size_text
from policycortex.channels.model import DeliveryContent, Destination, Receipt
from policycortex.channels.patterns import fill_text
from policycortex.errors import DeliveryDeferredError, DeliveryRefusedError, DeliveryUncertainError

_CARD_TYPE: Final = "application/vnd.microsoft.card.adaptive"
_MOST_ACTIONS: Final = 6  # Teams shows no more


def send_teams(connection: TeamsConnection, destination: Destination, content: DeliveryContent) -> Receipt:
    """Post the card. Raises Refused, Deferred or Uncertain."""
    return _post(connection, _message(_body(destination, content), _actions(content)))


def post_card_note(connection: TeamsConnection, title: str, text: str) -> None:
    """A card of plain text. Raises as ``send_teams``."""
    blocks = [
        {"type": "TextBlock", "text": _plain(title), "weight": "Bolder", "wrap": True},
        {"type": "TextBlock", "text": _plain(text), "wrap": True},
    ]
    _post(connection, _message(blocks, []))


def check_teams(connection: TeamsConnection) -> str:
    """That the address can be used; a workflow offers nothing that could be asked without posting."""
    parts = urlsplit(_url_of(connection))
    AddressGuard.anywhere().connect(
        parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), connection.timeout_seconds
    ).close()
    return f"{parts.hostname} answers; whether the workflow posts shows only a delivery"


def _post(connection: TeamsConnection, message: dict[str, Any]) -> Receipt:
    body = json.dumps(message, ensure_ascii=False).encode()
    caller = HttpClient(
        guard=AddressGuard.anywhere(), timeout_seconds=connection.timeout_seconds, ca_file=connection.ca_file
    )
    answer = caller.post(_url_of(connection), body, {"Content-Type": "application/json; charset=utf-8"})
    if answer.status in {200, 201, 202}:
        reference = answer.headers.get("x-ms-workflow-run-id", "")
        return Receipt(answer=f"{answer.status}", reference=reference, payload_sha256=hashlib.sha256(body).hexdigest())
    said = f"Teams answered with status {answer.status}: {' '.join(answer.text.split())[:200]}"
    if answer.status in {408, 429, 503}:
        raise DeliveryDeferredError(said, retry_after_seconds=answer.retry_after_seconds)
    if answer.status >= 500:
        raise DeliveryUncertainError(said)
    raise DeliveryRefusedError(said)


def _url_of(connection: TeamsConnection) -> str:
    """The workflow's address. It is a secret: no error may show a part of it."""
    url = secret_of(connection.url)
    try:
        check_url(url, schemes=("https",))
    except DeliveryRefusedError:
        said = f"{connection.url} holds no workflow's address; it must be one https URL and nothing else"
        raise DeliveryRefusedError(said) from None
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


def _body(destination: Destination, content: DeliveryContent) -> list[dict[str, Any]]:
    facts = [{"title": label, "value": _plain(value)} for label, value in facts_of(content)]
    body: list[dict[str, Any]] = [
        {"type": "TextBlock", "text": _plain(content.name), "size": "Large", "weight": "Bolder", "wrap": True},
        {"type": "FactSet", "facts": facts},
    ]
    if destination.message:
        body.insert(1, {"type": "TextBlock", "text": _plain(fill_text(destination.message, content)), "wrap": True})
    return body


def _actions(content: DeliveryContent) -> list[dict[str, str]]:
    links = [(f"{file.name} ({size_text(file, content.locale)})", file.url) for file in content.files]
    opening = [{"type": "Action.OpenUrl", "title": title, "url": url} for title, url in links if url]
    return opening[:_MOST_ACTIONS]


def _plain(text: str) -> str:
    """Cards read Markdown: brackets would make a link of a report's name."""
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace("*", "\\*").replace("_", "\\_")
