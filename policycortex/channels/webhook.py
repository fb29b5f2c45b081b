"""Webhooks: the event as JSON, signed twice: ``X-PolicyCortex-Signature`` as documented, and Standard Webhooks.

The receiver knows a repeated event by ``webhook-id``, which is the delivery's id over all attempts; so a lost answer is
tried again. Redirects are answers like others: they are not followed.
"""

import base64
import binascii
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any, Final

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.connections import WebhookConnection, secret_of
from policycortex.channels.http_client import HttpClient, check_url
from policycortex.channels.model import EVENT_GENERATED, DeliveryContent, Destination, Receipt
from policycortex.errors import DeliveryDeferredError, DeliveryRefusedError, DeliveryUncertainError

_LATER: Final = frozenset({408, 409, 423, 425, 429})


def send_webhook(
    connection: WebhookConnection,
    destination: Destination,
    content: DeliveryContent,
    *,
    guard: AddressGuard,
    now: datetime,
) -> Receipt:
    """POST the event to ``destination.target``, else the connection's URL. Raises Refused or Deferred."""
    return send_event(
        connection,
        destination.target,
        event_of(content),
        event_id=content.delivery_id,
        event=EVENT_GENERATED,
        guard=guard,
        now=now,
    )


def send_event(
    connection: WebhookConnection,
    target: str,
    event_body: dict[str, Any],
    *,
    event_id: str,
    event: str,
    guard: AddressGuard,
    now: datetime | None = None,
) -> Receipt:
    """POST any event, signed. Raises as ``send_webhook``."""
    url = target or connection.url
    if not url:
        raise DeliveryRefusedError("neither the delivery nor its connection has a URL")
    body = json.dumps(event_body, ensure_ascii=False, separators=(",", ":")).encode()
    signed = signatures(secret_of(connection.secret), event_id, now or datetime.now(UTC), body)
    headers = {"Content-Type": "application/json", "X-PolicyCortex-Event": event, **signed}
    caller = HttpClient(guard=guard, timeout_seconds=connection.timeout_seconds, ca_file=connection.ca_file)
    try:
        answer = caller.post(url, body, headers)
    except DeliveryUncertainError as error:
        raise DeliveryDeferredError(str(error)) from error
    said = f"{answer.status} {' '.join(answer.text.split())[:200]}".strip()
    if 200 <= answer.status < 300:
        return Receipt(answer=said, reference=event_id, payload_sha256=hashlib.sha256(body).hexdigest())
    if answer.status in _LATER or answer.status >= 500:
        raise DeliveryDeferredError(f"the receiver answered {said}", retry_after_seconds=answer.retry_after_seconds)
    redirect = "; redirects are not followed, give the final address" if 300 <= answer.status < 400 else ""
    raise DeliveryRefusedError(f"the receiver answered {said}{redirect}")


def check_webhook(connection: WebhookConnection, *, guard: AddressGuard) -> str:
    """That the receiver's address may be dialled and answers; an event is sent only by a delivery."""
    secret_of(connection.secret)
    if connection.url is None:
        return "its secret is there; the URL comes with each delivery"
    parts = check_url(connection.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    guard.connect(parts.hostname or "", port, connection.timeout_seconds).close()
    return f"{parts.hostname} answers"


def event_of(content: DeliveryContent) -> dict[str, Any]:
    """The body of ``compliance.report.generated``, as OpenAPI documents it."""
    return {
        "event": EVENT_GENERATED,
        "id": content.delivery_id,
        "timestamp": _moment(content.generated_at),
        "data": {
            "report": {
                "id": content.report_id,
                "name": content.name,
                "type": content.type,
                "framework": content.framework,
                "schedule_id": content.schedule_id,
                "generated_at": _moment(content.generated_at),
                "period": {"start": _moment(content.period.start), "end": _moment(content.period.end)},
                "url": content.report_url,
            },
            "summary": {
                "compliance_score": content.score_pct,
                "total_violations": content.total_violations,
                **content.failed_by_severity,
            },
            "files": [
                {
                    "format": file.format.value,
                    "name": file.name,
                    "size_bytes": file.size_bytes,
                    "sha256": file.sha256,
                    "media_type": file.media_type,
                    "url": file.url,
                    "url_expires_at": _moment(file.url_expires_at) if file.url_expires_at else None,
                }
                for file in content.files
            ],
        },
    }


def signatures(secret: str, event_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """Both headers' worth: over the body alone, and over id, time and body, which cannot be replayed later."""
    moment = str(int(now.timestamp()))
    signed = b".".join((event_id.encode(), moment.encode(), body))
    standard = base64.b64encode(hmac.digest(_key_of(secret), signed, "sha256")).decode()
    return {
        "X-PolicyCortex-Signature": f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}",
        "webhook-id": event_id,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{standard}",
    }


def _key_of(secret: str) -> bytes:
    """Standard Webhooks' keys are base64 behind ``whsec_``; any other secret is its own bytes."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise DeliveryRefusedError("the webhook's secret begins with whsec_ but is not base64 after it") from None


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
