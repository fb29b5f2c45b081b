"""Slack: a message in its channel, then the files in that message's thread, by Slack's external upload.

Slack knows no idempotency key: silence after the message was handed over is uncertain. Once the message stands, files
that fail are told in the receipt and never repeat it.
"""

import hashlib
import json
from typing import Any, Final
from urllib.parse import urlencode

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.connections import SlackConnection, secret_of
from policycortex.channels.http_client import Answer, HttpClient
from policycortex.channels.message_text import facts_of, size_text
from policycortex.channels.model import DeliveredFile, DeliveryContent, Destination, Receipt
from policycortex.channels.patterns import fill_line, fill_text
from policycortex.errors import DeliveryDeferredError, DeliveryRefusedError, DeliveryUncertainError, PolicyCortexError

_TRANSIENT: Final = frozenset({"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable"})
_LONGEST_TEXT: Final = 2900  # Slack's limit for a block's text is 3,000


def send_slack(connection: SlackConnection, destination: Destination, content: DeliveryContent) -> Receipt:
    """Post to ``destination.target``. Raises Refused, Deferred or Uncertain."""
    slack = _Slack(connection)
    payload = {
        "channel": destination.target,
        "text": fill_line(destination.message or "{{name}}: {{score}}", content)[:_LONGEST_TEXT],
        "blocks": _blocks(destination, content),
        "unfurl_links": False,
        "metadata": {
            "event_type": "policycortex_report",
            "event_payload": {"delivery_id": content.delivery_id, "report_id": content.report_id},
        },
    }
    posted = slack.call("chat.postMessage", payload)
    channel, moment = str(posted.get("channel", "")), str(posted.get("ts", ""))
    said = _upload_all(slack, channel, moment, content) if connection.attach_files else ""
    body = json.dumps(payload, sort_keys=True).encode()
    return Receipt(answer=f"ok{said}", reference=f"{channel}:{moment}", payload_sha256=hashlib.sha256(body).hexdigest())


def post_note(connection: SlackConnection, channel: str, text: str) -> None:
    """A plain message. Raises as ``send_slack``."""
    payload = {"channel": channel, "text": _escaped(text)[:_LONGEST_TEXT], "unfurl_links": False}
    _Slack(connection).call("chat.postMessage", payload)


def check_slack(connection: SlackConnection) -> str:
    """Whose token it is. Raises as ``send_slack``."""
    answer = _Slack(connection).call("auth.test", {})
    return f"{answer.get('user', 'bot')} of {answer.get('team', 'a workspace')}"


class _Slack:
    """Slack's Web API: 200 with ``ok``, or a word that says what is wrong."""

    def __init__(self, connection: SlackConnection) -> None:
        self._base = connection.base_url.rstrip("/")
        self._token = secret_of(connection.token)
        # the address is the administrator's word, so it may be an inner one
        self.caller = HttpClient(
            guard=AddressGuard.anywhere(), timeout_seconds=connection.timeout_seconds, ca_file=connection.ca_file
        )

    def call(self, method: str, payload: dict[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return self._judged(method, self._post(method, json.dumps(payload).encode(), headers))

    def call_form(self, method: str, fields: dict[str, str]) -> dict[str, Any]:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._judged(method, self._post(method, urlencode(fields).encode(), headers))

    def _post(self, method: str, body: bytes, headers: dict[str, str]) -> Answer:
        authorized = {**headers, "Authorization": f"Bearer {self._token}"}
        return self.caller.post(f"{self._base}/{method}", body, authorized)

    def _judged(self, method: str, answer: Answer) -> dict[str, Any]:
        if answer.status == 429:
            raise DeliveryDeferredError(f"Slack asks {method} to wait", retry_after_seconds=answer.retry_after_seconds)
        content = _json_of(answer)
        if answer.status == 200 and content.get("ok") is True:
            return content
        reason = str(content.get("error") or f"status {answer.status}")[:200]
        if reason in _TRANSIENT or answer.status == 503:
            raise DeliveryDeferredError(f"Slack did not take {method}: {reason}")
        if answer.status >= 500 or (answer.status == 200 and not content):
            raise DeliveryUncertainError(f"Slack answered {method} with {reason}; it may have taken it")
        raise DeliveryRefusedError(f"Slack refused {method}: {reason}")


def _upload_all(slack: _Slack, channel: str, moment: str, content: DeliveryContent) -> str:
    try:
        ids = [_upload(slack, file) for file in content.files]
        if ids:
            fields = {"files": json.dumps(ids), "channel_id": channel, "thread_ts": moment}
            slack.call_form("files.completeUploadExternal", fields)
    except PolicyCortexError as error:
        return f"; the message stands, its files do not: {error}"
    return f"; {len(ids)} files" if ids else ""


def _upload(slack: _Slack, file: DeliveredFile) -> dict[str, str]:
    asked = slack.call_form("files.getUploadURLExternal", {"filename": file.name, "length": str(file.size_bytes)})
    answer = slack.caller.post(str(asked["upload_url"]), file.path, {"Content-Type": "application/octet-stream"})
    if answer.status != 200:
        raise DeliveryRefusedError(f"Slack answered the upload of {file.name} with status {answer.status}")
    return {"id": str(asked["file_id"]), "title": file.name}


def _blocks(destination: Destination, content: DeliveryContent) -> list[dict[str, Any]]:
    fields = [{"type": "mrkdwn", "text": f"*{label}*\n{_escaped(value)}"} for label, value in facts_of(content)]
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": content.name[:150], "emoji": False}},
        {"type": "section", "fields": fields},
    ]
    if destination.message:
        said = _escaped(fill_text(destination.message, content))[:_LONGEST_TEXT]
        blocks.insert(1, {"type": "section", "text": {"type": "mrkdwn", "text": said}})
    links = [f"<{f.url}|{_escaped(f.name)}> {size_text(f, content.locale)}" for f in content.files if f.url]
    if links:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(links)[:_LONGEST_TEXT]}})
    return blocks


def _escaped(text: str) -> str:
    """Slack's three: so that no name can mention everyone or make a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _json_of(answer: Answer) -> dict[str, Any]:
    try:
        content = json.loads(answer.text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
