"""Webhooks: the event as JSON, signed twice: ``X-PolicyCortex-Signature`` as documented, and Standard Webhooks.

The receiver recognises a repeated event by ``webhook-id``, the delivery's id, which is the same for all attempts.
Therefore a lost answer is retried. Redirects are not followed.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, field_validator

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.channel import Channel, SendContext
from policycortex.channels.connection_settings import Connection, ConnectionLine, SecretReference, secret_of
from policycortex.channels.http_client import NEVER_ACCEPTED, HttpClient, check_url
from policycortex.channels.model import DeliveryContent, Destination, Notice, OutgoingEvent, Receipt, Target
from policycortex.channels.request_bodies import ChannelBody
from policycortex.errors import DeliveryDeferredError, DeliveryRefusedError, DeliveryUncertainError
from policycortex.field_types import refuse

EVENT_GENERATED: Final = "compliance.report.generated"
_NO_LINKS: Final = "the installation has no public address (POLICYCORTEX_PUBLIC_URL)"
EVENT_FAILED: Final = "compliance.report.delivery_failed"
_PLAIN_HEADERS: Final = ("X-PolicyCortex-Signature", "X-PolicyCortex-Previous-Signature")
_TRY_LATER: Final = frozenset({408, 409, 423, 425, 429})


class WebhookConnection(Connection):
    """The secret that signs calls, and the URL for requests that name none."""

    type: Literal["webhook"]
    secret: SecretReference
    previous_secret: SecretReference | None = None
    """Signs as well, so that receivers can change to ``secret`` one after the other."""
    url: ConnectionLine | None = None
    ca_file: str | None = None

    def is_target(self, target: str, allowed: str) -> bool:
        """A URL, or one that all below it share: ``https://hooks.company.com/reports`` allows ``.../reports/soc2``."""
        wanted, entry = urlsplit(target), urlsplit(allowed)
        path = entry.path.rstrip("/")
        is_same_server = (wanted.scheme, wanted.hostname, wanted.port) == (entry.scheme, entry.hostname, entry.port)
        is_plain = not {".", ".."} & set(unquote(wanted.path).replace("\\", "/").split("/"))
        return target == self.url or (
            is_same_server and is_plain and (wanted.path.rstrip("/") == path or wanted.path.startswith(f"{path}/"))
        )


class WebhookBody(ChannelBody):
    """A signed event to a URL; without one, to the connection's."""

    url: str | None = Field(default=None, max_length=2000, examples=["https://hooks.example.com/compliance"])

    @field_validator("url")
    @classmethod
    def _url(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                check_url(value)
        except DeliveryRefusedError as error:
            raise refuse(str(error)) from None
        return value

    def targets(self) -> Iterator[Target]:
        """One: the URL."""
        yield Target(address=self.url or "")

    def problem_with(self, connection: Connection | None) -> str | None:
        """Neither the request nor the connection has a URL."""
        has_url = self.url or (isinstance(connection, WebhookConnection) and connection.url)
        return None if has_url else "webhook needs a url, or a connection that has one"


def send(
    connection: WebhookConnection, destination: Destination, content: DeliveryContent, context: SendContext
) -> Receipt:
    """POST the event to ``destination.target``, else to the connection's URL. Raises as ``Channel.send``."""
    return _post(connection, destination.target, event_of(content), context)


def receiver_secret(connection: WebhookConnection, organization: str, url: str) -> str:
    """The secret with which a shared connection signs this organisation's events to this URL (decision 0051).

    It is derived from the configured one, so that a receiver that knows it can forge events of no other organisation
    and for no other receiver. "" for ``url`` is the connection's own. Raises DeliveryRefusedError without any URL.
    """
    address = url or connection.url
    if not address:
        raise DeliveryRefusedError("the connection has no URL of its own: name the receiver's")
    return _receiver_secret(connection.secret, organization, address)


def _signing_secret(reference: str, organization: str, address: str, context: SendContext) -> str:
    return _receiver_secret(reference, organization, address) if context.is_shared else secret_of(reference)


def _receiver_secret(reference: str, organization: str, address: str) -> str:
    label = json.dumps(["policycortex webhook 1", organization, address], ensure_ascii=False).encode()
    derived = hmac.digest(_key_of(secret_of(reference)), label, "sha256")
    return f"whsec_{base64.b64encode(derived).decode()}"


def send_notice(connection: WebhookConnection, target: str, notice: Notice, context: SendContext) -> Receipt:
    """POST the alert as an event. Raises as ``Channel.send``."""
    event = {
        "event": EVENT_FAILED,
        "id": notice.id,
        "organization": notice.organization,
        "message": notice.text,
        "data": notice.facts,
    }
    return _post(connection, target, event, context)


def send_event(connection: WebhookConnection, target: str, event: OutgoingEvent, context: SendContext) -> Receipt:
    """POST an event that was subscribed to. Raises as ``Channel.send``."""
    body = {
        "event": event.kind,
        "id": event.id,
        "organization": event.organization,
        "timestamp": _utc_text(event.occurred_at),
        "data": dict(event.data),
    }
    return _post(connection, target, body, context)


def check(connection: WebhookConnection, guard: AddressGuard) -> str:
    """Connect to the connection's URL; an event is sent only by a delivery. Raises as ``Channel.send``."""
    for reference in (connection.secret, connection.previous_secret):
        _ = secret_of(reference) if reference is not None else ""
    if connection.url is None:
        return "the secret can be read; the URL comes with each delivery"
    parts = check_url(connection.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    guard.connect(parts.hostname or "", port, connection.timeout_seconds).close()
    return f"{parts.hostname} answers"


def _post(connection: WebhookConnection, target: str, event: dict[str, Any], context: SendContext) -> Receipt:
    url = target or connection.url
    if not url:
        raise DeliveryRefusedError("neither the delivery nor its connection has a URL")
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    secret = _signing_secret(connection.secret, event["organization"], url, context)
    previous = connection.previous_secret
    old = _signing_secret(previous, event["organization"], url, context) if previous is not None else None
    signed = signatures(secret, event["id"], context.now, body, previous=old)
    headers = {"Content-Type": "application/json", "X-PolicyCortex-Event": event["event"], **signed}
    client = HttpClient(guard=context.guard, timeout_seconds=connection.timeout_seconds, ca_file=connection.ca_file)
    try:
        answer = client.post(url, body, headers)
    except DeliveryUncertainError as error:
        raise DeliveryDeferredError(str(error)) from error
    text = f"{answer.status} {' '.join(answer.text.split())[:200]}".strip()
    if 200 <= answer.status < 300:
        return Receipt(answer=text, reference=event["id"], payload_sha256=hashlib.sha256(body).hexdigest())
    if answer.status in _TRY_LATER or (answer.status >= 500 and answer.status not in NEVER_ACCEPTED):
        raise DeliveryDeferredError(f"the receiver answered {text}", retry_after_seconds=answer.retry_after_seconds)
    redirect = "; redirects are not followed, give the final address" if 300 <= answer.status < 400 else ""
    raise DeliveryRefusedError(f"the receiver answered {text}{redirect}")


def event_of(content: DeliveryContent) -> dict[str, Any]:
    """The body of ``compliance.report.generated``, as OpenAPI documents it."""
    return {
        "event": EVENT_GENERATED,
        "id": content.delivery_id,
        "organization": content.organization,
        "timestamp": _utc_text(content.generated_at),
        "data": {
            "report": {
                "id": content.report_id,
                "name": content.name,
                "type": content.type,
                "framework": content.framework,
                "schedule_id": content.schedule_id,
                "generated_at": _utc_text(content.generated_at),
                "period": {
                    "start": _utc_text(content.period.start),
                    "end": _utc_text(content.period.end),
                    "first_day": content.period.first_date.isoformat(),
                    "last_day": content.period.last_date.isoformat(),
                    "timezone": content.period.timezone,
                },
                "url": content.report_url,
            },
            "summary": {
                "compliance_score": content.score_pct,
                "total_violations": content.total_violations,
                **content.failed_by_severity,
                "requirements_met": content.requirements_met,
                "requirements_assessed": content.requirements_assessed,
                "risk_score": content.risk_score,
                "risk_band": content.risk_band,
            },
            "files": [
                {
                    "format": file.format.value,
                    "name": file.name,
                    "size_bytes": file.size_bytes,
                    "sha256": file.sha256,
                    "media_type": file.media_type,
                    "url": file.url,
                    "url_expires_at": _utc_text(file.url_expires_at) if file.url_expires_at else None,
                }
                for file in content.files
            ],
            "links_missing_reason": _NO_LINKS if content.has_unlinked_files else None,
        },
    }


def signatures(
    secret: str, event_id: str, now: datetime, body: bytes, *, previous: str | None = None
) -> dict[str, str]:
    """Headers by name: one signature over the body, one over id, time and body, which prevents replay.

    ``previous`` signs as well, so that receivers that know only that secret can check the event.
    """
    timestamp = str(int(now.timestamp()))
    signed = b".".join((event_id.encode(), timestamp.encode(), body))
    keys = (secret,) if previous is None else (secret, previous)
    standard = [base64.b64encode(hmac.digest(_key_of(key), signed, "sha256")).decode() for key in keys]
    plain = [f"sha256={hmac.digest(key.encode(), body, 'sha256').hex()}" for key in keys]
    return {
        **dict(zip(_PLAIN_HEADERS, plain, strict=False)),
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in standard),
    }


def _key_of(secret: str) -> bytes:
    """The HMAC key: base64 after ``whsec_`` as in Standard Webhooks; any other secret is used as it is."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise DeliveryRefusedError("the webhook's secret begins with whsec_ but is not base64 after it") from None


def _utc_text(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


CHANNEL: Final = Channel(
    name="webhook",
    connection=WebhookConnection,
    body=WebhookBody,
    send=send,
    check=check,
    send_notice=send_notice,
    send_event=send_event,
    receiver_secret=receiver_secret,
    is_idempotent=True,
    shows_links=True,
    has_endpoint_per_target=True,
    position=40,
)
