"""Attack: a receiver that answers one byte at a time, so that no timeout of one silence ever ends the exchange."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import trustme

from policycortex.channels import time_limit
from policycortex.channels.connections import load_connections
from policycortex.channels.model import DeliveredFile, Destination, Notice
from policycortex.channels.sending import check_connection, send, send_notice
from policycortex.channels.time_limit import run_within
from policycortex.errors import DeliveryDeferredError, DeliveryUncertainError
from policycortex.storage.registry import open_registry
from policycortex.storage.registry.send_limits import SendLimits
from policycortex.workflow.delivery_alerts import send_due_alerts
from policycortex.workflow.outbox import deliver_due, has_due_deliveries
from tests.support.ledger import NOW, Clock, complete_report, mail_connection, order_report, settings_of
from tests.support.receivers import Mailbox, tls_receiver
from tests.support.samples.delivery import sample_content
from tests.support.slow_receivers import SlowReceiver, slow_receiver

_BOUND_SECONDS: Final = 30.0
"""Generous: the limit of these exchanges is 1.2 s, and a dripping receiver has none."""
_HOST_KEY: Final = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
_QUICK: Final = {"timeout_seconds": 0.3}

SLOW: Final[dict[str, tuple[str, Callable[[SlowReceiver], dict[str, Any]]]]] = {
    "webhook headers": ("response headers", lambda r: {"type": "webhook", "secret": "env:SLOW_SECRET", "url": r.url}),
    "webhook status": (
        "bytes of the status line",
        lambda r: {"type": "webhook", "secret": "env:SLOW_SECRET", "url": r.url},
    ),
    "webhook body": ("response body", lambda r: {"type": "webhook", "secret": "env:SLOW_SECRET", "url": r.url}),
    "webhook TLS": (
        "TLS handshake",
        lambda r: {"type": "webhook", "secret": "env:SLOW_SECRET", "url": r.url.replace("http:", "https:")},
    ),
    "slack": ("response headers", lambda r: {"type": "slack", "token": "env:SLOW_SECRET", "base_url": r.url}),
    "teams": ("TLS handshake", lambda _r: {"type": "teams", "url": "env:SLOW_URL"}),
    "mail greeting": ("SMTP greeting", lambda r: mail_connection(r.port)),
    "mail answer": ("SMTP answer", lambda r: mail_connection(r.port)),
    "mail TLS": ("TLS handshake", lambda r: mail_connection(r.port, security="tls")),
    "sftp banner": (
        "SSH banner",
        lambda r: (
            {"type": "sftp", "host": "127.0.0.1", "port": r.port, "username": "u", "password": "env:SLOW_SECRET"}
            | {"host_key": _HOST_KEY}
        ),
    ),
    "sftp key exchange": (
        "SSH key exchange",
        lambda r: (
            {"type": "sftp", "host": "127.0.0.1", "port": r.port, "username": "u", "password": "env:SLOW_SECRET"}
            | {"host_key": _HOST_KEY}
        ),
    ),
    "s3": (
        "response headers",
        lambda r: (
            {"type": "s3", "bucket": "b", "endpoint": r.url, "access_key_id": "env:SLOW_SECRET"}
            | {"secret_access_key": "env:SLOW_SECRET"}
        ),
    ),
    "azure": (
        "response body",
        lambda r: (
            {"type": "azure_blob", "account": "a", "container": "c", "endpoint": f"{r.url}/a"}
            | {"access_key": "env:SLOW_KEY"}
        ),
    ),
    "gcs": ("response headers", lambda r: {"type": "gcs", "bucket": "b", "endpoint": r.url}),
}
"""Kind of slowness, and the connection to a server that has it."""
_TARGETS: Final = {"email": "ceo@company.com", "slack": "#reports"}


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOW_SECRET", "a-secret-of-some-length")
    monkeypatch.setenv("SLOW_KEY", "c2VjcmV0")


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not end by itself is abandoned sooner than in the product."""
    monkeypatch.setattr(time_limit, "_GRACE_SECONDS", 0.5)


@pytest.fixture(params=SLOW)
def slow(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A connection to a running server that never ends its answer."""
    drip, connection_of = SLOW[request.param]
    with slow_receiver(drip) as receiver:
        monkeypatch.setenv("SLOW_URL", f"https://127.0.0.1:{receiver.port}/workflow")
        yield connection_of(receiver) | _QUICK


def test_every_channel_ends_an_exchange_that_drips(slow: dict[str, Any], tmp_path: Path, pdf: DeliveredFile) -> None:
    """Headers, body, greeting, handshake: the limit is one of the whole exchange, and the delivery can be settled."""
    connections = load_connections(settings_of(tmp_path, {"slow": slow}, allow_networks=["127.0.0.0/8"]))
    target = _TARGETS.get(slow["type"], "")
    destination = Destination(channel=slow["type"], connection="slow", target=target)
    started = time.monotonic()
    with pytest.raises((DeliveryDeferredError, DeliveryUncertainError)):
        send(connections, destination, sample_content(pdf), now=NOW)
    assert time.monotonic() - started < _BOUND_SECONDS


def test_an_alert_and_a_test_of_the_connection_end_too(slow: dict[str, Any], tmp_path: Path) -> None:
    """The same limits for alerts, where the channel has them, and for ``policycortex connections test``."""
    connections = load_connections(settings_of(tmp_path, {"slow": slow}, allow_networks=["127.0.0.0/8"]))
    notice = Notice(id="dlv_1", subject="Not delivered", text="It was not delivered.", facts={})
    started = time.monotonic()
    if connections.channels.get(slow["type"]).send_notice is not None:
        with pytest.raises((DeliveryDeferredError, DeliveryUncertainError)):
            send_notice(connections, "slow", _TARGETS.get(slow["type"], ""), notice, now=NOW)
    if slow["type"] not in {"webhook", "teams"}:  # their test only connects
        with pytest.raises((DeliveryDeferredError, DeliveryUncertainError)):
            check_connection(connections, "slow")
    assert time.monotonic() - started < _BOUND_SECONDS


def test_an_exchange_without_a_connection_is_abandoned() -> None:
    """Such as a name server that does not answer: nothing can be ended, so the sender goes on without it."""
    with pytest.raises(DeliveryUncertainError, match="did not end within 0 s"):
        run_within(0.1, "the receiver", lambda: time.sleep(60))


def test_five_dripping_receivers_do_not_delay_another_organization(
    tmp_path: Path, authority: trustme.CA, ca_file: str, box: Mailbox
) -> None:
    """Acme's 25 deliveries to five dripping receivers are being sent when globex's report is completed.

    Its webhook and its mail arrive within 15 s, while acme's receivers still drip: they have 60 s.
    """
    with ExitStack() as stack:
        drips = [stack.enter_context(slow_receiver("response headers")) for _ in range(5)]
        healthy = stack.enter_context(tls_receiver(authority))
        hook = {"type": "webhook", "secret": "env:SLOW_SECRET", "ca_file": ca_file}
        connections = {
            "acme": hook | {"timeout_seconds": 60, "organizations": ["acme"]},
            "globex": hook | {"url": healthy.url, "organizations": ["globex"]},
            "mail": mail_connection(box.port, organizations=["acme", "globex"]),
        }
        settings = settings_of(tmp_path, connections, allow_networks=["127.0.0.0/8", "::1/128"])
        registry = stack.enter_context(closing(open_registry(settings)))
        for drip in drips:
            for number in range(5):
                body = {"webhook": {"connection": "acme", "url": f"{drip.url}/{number}"}}
                report = order_report(settings, registry, body, organization="acme")
                complete_report(settings, registry, report.id)
        pool = stack.enter_context(ThreadPoolExecutor())
        round_ = pool.submit(deliver_due, settings, clock=Clock())
        _wait(lambda: sum(len(drip.connections) for drip in drips) >= SendLimits().organization)
        assert not has_due_deliveries(settings, now=NOW)  # acme's others wait for its own senders
        other: dict[str, Any] = {"webhook": {"connection": "globex"}, "email": {"recipients": ["cto@globex.com"]}}
        started = time.monotonic()
        complete_report(settings, registry, order_report(settings, registry, other, organization="globex").id)
        _wait(lambda: len(healthy.calls) == 1 and len(box.messages) == 1)
        assert time.monotonic() - started < 15
        assert sum(len(drip.connections) for drip in drips) == SendLimits().organization
        assert not round_.done()
        for drip in drips:
            drip.has_ended.set()
            for connection in drip.connections:
                connection.close()
        stack.callback(round_.result, 120)


def _wait(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_dripping_alert_receiver_delays_no_other_alert(tmp_path: Path, box: Mailbox) -> None:
    """Acme's three failed deliveries alert a server that drips; the alert of globex arrives meanwhile."""
    box.on_recipient |= {"gone@company.com": "550 5.1.1 no such user"}
    with slow_receiver("SMTP answer") as drip:
        alerts = {
            "acme": {"connection": "drip", "target": "owner@acme.com"},
            "globex": {"connection": "mail", "target": "owner@globex.com"},
        }
        connections = {
            "mail": mail_connection(box.port, organizations=["acme", "globex"]),
            "drip": mail_connection(drip.port, timeout_seconds=0.5),
        }
        settings = settings_of(tmp_path, connections, alerts=alerts)
        body = {"email": {"recipients": ["gone@company.com"], "connection": "mail"}}
        with closing(open_registry(settings)) as registry:
            for organization in ("acme", "acme", "acme", "globex"):
                report = order_report(settings, registry, body, organization=organization)
                complete_report(settings, registry, report.id)
            lines: list[str] = []
            assert deliver_due(settings, clock=Clock()).outcomes == {"refused": 4}
            assert send_due_alerts(settings, clock=Clock(), progress=lines.append) == 1
            lease = timedelta(minutes=1)
            claimed = iter(lambda: registry.alerts.claim_alert(now=NOW, lease=lease), None)
            waiting = [row.organization for row in claimed]
    assert [recipient for recipient, _ in box.messages] == ["owner@globex.com"]
    assert waiting == ["acme", "acme"]  # the first is tried again after a minute
    assert len([line for line in lines if "did not end within 2 s" in line]) == 1
