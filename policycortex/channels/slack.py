"""Slack: a message in a channel, then the files in that message's thread, by Slack's external upload.

Slack has no idempotency key: no answer after the message was sent is uncertain. Once the message is posted, files that
fail are named in the receipt, and the message is not repeated.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, Final, Literal
from urllib.parse import urlencode

from pydantic import Field, field_validator

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.channel import Channel, SendContext
from policycortex.channels.connection_settings import Connection, ConnectionLine, SecretReference, secret_of
from policycortex.channels.http_client import Answer, HttpClient
from policycortex.channels.message_text import facts_of, size_text
from policycortex.channels.model import DeliveredFile, DeliveryContent, Destination, Notice, Receipt, Target
from policycortex.channels.patterns import fill_line, fill_text
from policycortex.channels.request_bodies import ChannelBody, PatternLine, PatternText
from policycortex.errors import DeliveryDeferredError, DeliveryRefusedError, DeliveryUncertainError, PolicyCortexError
from policycortex.field_types import Line, refuse
from policycortex.shortening import shorten

_TRANSIENT: Final = frozenset({"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable"})
_CHANNEL: Final = re.compile(r"#[^\s#@,:/]{1,80}|[CDGU][A-Z0-9]{8,20}")
_LONGEST_TEXT: Final = 2900  # Slack's limit for a block's text is 3,000


class SlackConnection(Connection):
    """The bot of a Slack app with the scopes chat:write and files:write."""

    type: Literal["slack"]
    token: SecretReference
    base_url: ConnectionLine = "https://slack.com/api"
    ca_file: str | None = None
    attach_files: bool = True

    @property
    def attaches_files(self) -> bool:
        """In the message's thread."""
        return self.attach_files


class SlackBody(ChannelBody):
    """A message in a channel, the files in its thread."""

    channel: Line = Field(max_length=100, examples=["#executive-reports"])
    message: PatternText = Field(default="", max_length=2000)
    attachment_name: PatternLine | None = Field(
        default=None, max_length=200, examples=["{{name}} {{date:yyyy-MM}}"], description="Without extension"
    )

    @field_validator("channel")
    @classmethod
    def _channel(cls, value: str) -> str:
        if not _CHANNEL.fullmatch(value):
            raise refuse("Is not a Slack channel; write #name, or the channel's id such as C024BE91L")
        return value

    def targets(self) -> Iterator[Target]:
        """One: the channel."""
        yield Target(address=self.channel, message=self.message, file_name=self.attachment_name or "")


def send(
    connection: SlackConnection, destination: Destination, content: DeliveryContent, _context: SendContext
) -> Receipt:
    """Post the message to ``destination.target``, then upload the files. Raises as ``Channel.send``."""
    slack = _SlackApi(connection)
    payload = {
        "channel": destination.target,
        "text": _short(fill_line(destination.message or "{{name}}: {{score}}", content)),
        "blocks": _blocks(destination, content, are_files_attached=connection.attach_files),
        "unfurl_links": False,
        "metadata": {
            "event_type": "policycortex_report",
            "event_payload": {"delivery_id": content.delivery_id, "report_id": content.report_id},
        },
    }
    receipt = _post(slack, payload)
    uploads = _upload_all(slack, receipt.reference, content) if connection.attach_files else ""
    return replace(receipt, answer=f"{receipt.answer}{uploads}")


def send_notice(connection: SlackConnection, target: str, notice: Notice, _context: SendContext) -> Receipt:
    """Post the alert as plain text. Raises as ``Channel.send``."""
    text = _short(f"{notice.subject}\n{notice.lines}")
    return _post(_SlackApi(connection), {"channel": target, "text": text, "unfurl_links": False})


def check(connection: SlackConnection, _guard: AddressGuard) -> str:
    """User and workspace of the token. Raises as ``Channel.send``."""
    answer = _SlackApi(connection).call("auth.test", {})
    return f"{answer.get('user', 'bot')} of {answer.get('team', 'a workspace')}"


def _post(slack: "_SlackApi", payload: dict[str, Any]) -> Receipt:
    """Post one message; the receipt's reference is ``channel id:timestamp``."""
    posted = slack.call("chat.postMessage", payload)
    body = json.dumps(payload, sort_keys=True).encode()
    return Receipt(
        answer="ok",
        reference=f"{posted.get('channel', '')}:{posted.get('ts', '')}",
        payload_sha256=hashlib.sha256(body).hexdigest(),
    )


class _SlackApi:
    """Slack's Web API. It answers status 200 with ``ok``, or with the name of an error."""

    def __init__(self, connection: SlackConnection) -> None:
        self._base = connection.base_url.rstrip("/")
        self._token = secret_of(connection.token)
        # the administrator configured the address, so it may be a private one
        self.client = HttpClient(
            guard=AddressGuard.anywhere(), timeout_seconds=connection.timeout_seconds, ca_file=connection.ca_file
        )

    def call(self, method: str, payload: dict[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return self._content_of(method, self._post(method, json.dumps(payload).encode(), headers))

    def call_form(self, method: str, fields: dict[str, str]) -> dict[str, Any]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._content_of(method, self._post(method, urlencode(fields).encode(), headers))

    def _post(self, method: str, body: bytes, headers: dict[str, str]) -> Answer:
        authorized = {**headers, "Authorization": f"Bearer {self._token}"}
        return self.client.post(f"{self._base}/{method}", body, authorized)

    def _content_of(self, method: str, answer: Answer) -> dict[str, Any]:
        if answer.status == 429:
            raise DeliveryDeferredError(
                f"Slack limits the rate of {method}", retry_after_seconds=answer.retry_after_seconds
            )
        content = _json_of(answer)
        if answer.status == 200 and content.get("ok") is True:
            return content
        reason = str(content.get("error") or f"status {answer.status}")[:200]
        if reason in _TRANSIENT or answer.status == 503:
            raise DeliveryDeferredError(f"Slack did not accept {method}: {reason}")
        if answer.status >= 500 or (answer.status == 200 and not content):
            raise DeliveryUncertainError(f"Slack answered {method} with {reason}; it may have accepted it")
        raise DeliveryRefusedError(f"Slack refused {method}: {reason}")


def _upload_all(slack: _SlackApi, reference: str, content: DeliveryContent) -> str:
    """Upload the files into the message's thread; the result, an error too, as text for the receipt."""
    channel, _, timestamp = reference.partition(":")
    try:
        ids = [_upload(slack, file) for file in content.files]
        if ids:
            fields = {"files": json.dumps(ids), "channel_id": channel, "thread_ts": timestamp}
            slack.call_form("files.completeUploadExternal", fields)
    except PolicyCortexError as error:
        return f"; the message was posted, its files were not: {error}"
    return f"; {len(ids)} files" if ids else ""


def _upload(slack: _SlackApi, file: DeliveredFile) -> dict[str, str]:
    upload = slack.call_form("files.getUploadURLExternal", {"filename": file.name, "length": str(file.size_bytes)})
    answer = slack.client.post(str(upload["upload_url"]), file.path, {"Content-Type": "application/octet-stream"})
    if answer.status != 200:
        raise DeliveryRefusedError(f"Slack answered the upload of {file.name} with status {answer.status}")
    return {"id": str(upload["file_id"]), "title": file.name}


def _blocks(destination: Destination, content: DeliveryContent, *, are_files_attached: bool) -> list[dict[str, Any]]:
    fields = [{"type": "mrkdwn", "text": f"*{label}*\n{_escaped(value)}"} for label, value in facts_of(content)]
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": shorten(content.name, 150), "emoji": False}},
        {"type": "section", "fields": fields},
    ]
    if destination.message:
        message = _short(fill_text(destination.message, content))
        blocks.insert(1, {"type": "section", "text": {"type": "mrkdwn", "text": message}})
    links = [f"<{f.url}|{_escaped(f.name)}> {size_text(f, content.locale)}" for f in content.files if f.url]
    if links:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": _fitting(links)}})
    if content.has_unlinked_files and not are_files_attached:
        text = content.locale.text("delivery.no_links")
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": text}})
    return blocks


def _escaped(text: str) -> str:
    """Slack's three control characters escaped, so that no name can mention everyone or make a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _short(text: str) -> str:
    """``text`` escaped, and shortened so that it is no longer than a block's text may be."""
    shown = shorten(text, _LONGEST_TEXT)
    while len(_escaped(shown)) > _LONGEST_TEXT:
        shown = shorten(text, len(shown) * 4 // 5)
    return _escaped(shown)


def _fitting(links: Sequence[str]) -> str:
    """As many whole links, one a line, as a block's text takes."""
    ends = accumulate(len(link) + 1 for link in links)
    return "\n".join(link for link, end in zip(links, ends, strict=True) if end - 1 <= _LONGEST_TEXT)


def _json_of(answer: Answer) -> dict[str, Any]:
    try:
        content = json.loads(answer.text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


CHANNEL: Final = Channel(
    name="slack",
    connection=SlackConnection,
    body=SlackBody,
    send=send,
    check=check,
    send_notice=send_notice,
    shows_links=True,
    is_read_by_people=True,
    position=20,
)
