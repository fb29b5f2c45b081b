"""Signatures of webhooks, compared with results of other programs."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

from policycortex.channels.webhook import event_of, signatures
from tests.support.samples.delivery import sample_content


def test_both_signatures_are_what_receivers_calculate() -> None:
    """``openssl dgst -sha256 -hmac secret`` over the body; and HMAC over id.time.body with the base64 key."""
    key = b"0123456789abcdef01234567"
    secret = f"whsec_{base64.b64encode(key).decode()}"
    now = datetime(2026, 4, 1, 13, 0, tzinfo=UTC)
    made = signatures(secret, "dlv_1", now, b'{"a":1}')
    assert (
        made["X-PolicyCortex-Signature"]
        == "sha256=" + hmac.new(secret.encode(), b'{"a":1}', hashlib.sha256).hexdigest()
    )
    assert made["webhook-timestamp"] == "1775048400"
    standard = hmac.new(key, b'dlv_1.1775048400.{"a":1}', hashlib.sha256).digest()
    assert made["webhook-signature"] == f"v1,{base64.b64encode(standard).decode()}"


def test_a_known_answer_of_the_documented_header() -> None:
    """RFC 4231, test case 2: key Jefe."""
    made = signatures("Jefe", "x", datetime(2026, 1, 1, tzinfo=UTC), b"what do ya want for nothing?")
    digest = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert made["X-PolicyCortex-Signature"] == f"sha256={digest}"


def test_the_event_names_report_summary_and_files() -> None:
    """Times end in Z; the delivery's id is the event's."""
    event = event_of(sample_content())
    assert event["event"] == "compliance.report.generated"
    assert event["id"] == "dlv_0123456789abcdef"
    assert event["data"]["report"]["period"] == {
        "start": "2026-03-01T00:00:00Z",
        "end": "2026-04-01T00:00:00Z",
        "first_day": "2026-03-01",
        "last_day": "2026-03-31",
        "timezone": "UTC",
    }
    assert event["data"]["summary"]["compliance_score"] == 96.3
    assert event["data"]["summary"]["critical"] == 2


def test_two_secrets_sign_while_one_replaces_the_other() -> None:
    """A receiver with either secret finds its own signature; the current secret's header stays as documented."""
    now, body = datetime(2026, 1, 1, tzinfo=UTC), b"{}"
    new, old = signatures("new", "dlv_1", now, body), signatures("old", "dlv_1", now, body)
    both = signatures("new", "dlv_1", now, body, previous="old")
    assert both["X-PolicyCortex-Signature"] == new["X-PolicyCortex-Signature"]
    assert both["X-PolicyCortex-Previous-Signature"] == old["X-PolicyCortex-Signature"]
    assert both["webhook-signature"].split() == [new["webhook-signature"], old["webhook-signature"]]
