"""Attacks on connections that several organisations use: signatures, recipients and object names of others."""

import hashlib
import hmac
import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

from policycortex.channels.connections import load_connections
from policycortex.channels.model import Destination, Notice
from policycortex.channels.patterns import fill_object_name
from policycortex.channels.registry import installed_channels
from policycortex.channels.sending import receiver_secret, send, send_notice
from policycortex.errors import ConfigurationError, DeliveryRefusedError
from policycortex.requests.destinations import schedule_delivery_body
from policycortex.storage.registry import open_registry
from policycortex.workflow.outbox import deliver_due
from tests.support.ledger import NOW, Clock, complete_report, mail_connection, order_report, rows_of, settings_of
from tests.support.receivers import Call, Mailbox, tls_receiver
from tests.support.samples.delivery import sample_content

_SECRET = "a-secret-that-all-share"
_BOTH = ("acme", "globex")


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARED_SECRET", _SECRET)


def _hook(**fields: object) -> dict[str, Any]:
    return {"type": "webhook", "secret": "env:SHARED_SECRET"} | fields


def _is_signed(call: Call, secret: str) -> bool:
    digest = hmac.new(secret.encode(), call.body, hashlib.sha256).hexdigest()
    return call.headers["x-policycortex-signature"] == f"sha256={digest}"


def test_a_shared_connection_signs_for_one_organization_and_url_only(
    tmp_path: Path, authority: trustme.CA, ca_file: str
) -> None:
    """Attack: globex has its event sent to acme's receiver, and to its own, over the connection that both use.

    Each event verifies under the secret of its organisation and URL only, names its organisation, and none verifies
    under the configured secret. Alerts are signed in the same way. A connection of one organisation signs as before.
    """
    with tls_receiver(authority) as receiver:
        connections = load_connections(
            settings_of(
                tmp_path,
                {
                    "shared": _hook(organizations=["acme", "globex"], ca_file=ca_file),
                    "own": _hook(organizations=["acme"], ca_file=ca_file),
                },
                allow_networks=["127.0.0.0/8", "::1/128"],
            )
        )
        urls = [f"{receiver.url}/acme", f"{receiver.url}/globex"]
        sent = [("shared", "acme", urls[0]), ("shared", "globex", urls[0]), ("shared", "globex", urls[1])]
        for name, organization, url in (*sent, ("own", "acme", urls[0])):
            destination = Destination(channel="webhook", connection=name, target=url)
            content = sample_content(organization=organization)
            send(connections, destination, content, now=NOW, organizations=_BOTH)
        notice = Notice(id="dlv_1", subject="x", text="x", facts={}, organization="globex")
        send_notice(connections, "shared", urls[0], notice, now=NOW, organizations=_BOTH)
    *shared, own, alert = receiver.calls
    secrets = [receiver_secret(connections, name, organization, url) for name, organization, url in sent]
    assert len({*secrets, _SECRET}) == 4
    assert [[_is_signed(call, secret) for secret in secrets] for call in shared] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]
    assert not any(_is_signed(call, _SECRET) for call in (*shared, alert))
    assert _is_signed(alert, secrets[1])
    assert _is_signed(own, _SECRET)
    assert [json.loads(call.body)["organization"] for call in receiver.calls] == [
        *("acme", "globex", "globex", "acme", "globex")
    ]


def test_the_secret_of_a_receiver_is_printed_for_shared_connections_only(tmp_path: Path) -> None:
    """Not for a connection of one organisation, of an organisation that it does not serve, or that signs nothing."""
    hooks = {"shared": _hook(organizations=["acme", "globex"]), "own": _hook(organizations=["acme"])}
    connections = load_connections(settings_of(tmp_path, hooks | {"mail": mail_connection(25, organizations=["*"])}))
    for name, organization in (("own", "acme"), ("shared", "initech"), ("mail", "acme")):
        with pytest.raises(ConfigurationError, match=name):
            receiver_secret(connections, name, organization, "https://hooks.example.com/")
    with pytest.raises(DeliveryRefusedError, match="no URL of its own"):
        receiver_secret(connections, "shared", "acme", "")


def test_a_connection_without_organizations_serves_nobody_once_there_are_two(tmp_path: Path, box: Mailbox) -> None:
    """Acme's mail is sent while acme is alone; with globex both fail, and the error names the connection, no tenant."""
    settings = settings_of(tmp_path, {"mail": mail_connection(box.port)})
    with closing(open_registry(settings)) as registry:
        for number, organization in enumerate(("acme", "globex", "acme")):
            body = {"email": {"recipients": [f"ceo-{number}@company.com"]}}
            report = order_report(settings, registry, body, organization=organization)
            complete_report(settings, registry, report.id)
            deliver_due(settings, clock=Clock())
        rows = rows_of(registry)
    assert [rows[f"ceo-{number}@company.com"].status.value for number in range(3)] == ["sent", "failed", "failed"]
    reason = rows["ceo-2@company.com"].reason
    assert reason.startswith("connection 'mail' names no organizations, and this installation has 2")
    assert "globex" not in reason


@pytest.mark.parametrize(
    ("channel", "allowed", "target", "is_allowed"),
    [
        ("email", "company.com", "ceo@company.com", True),
        ("email", "company.com", "ceo@COMPANY.com", True),
        ("email", "company.com", "ceo@evil.company.com", False),
        ("email", "company.com", "ceo@company.com.evil.example", False),
        ("email", "cto@company.com", "ceo@company.com", False),
        ("slack", "#reports", "#reports", True),
        ("slack", "#reports", "#everyone", False),
        ("webhook", "https://hooks.company.com/a", "https://hooks.company.com/a", True),
        ("webhook", "https://hooks.company.com/a", "https://hooks.company.com/a/b?x=1", True),
        ("webhook", "https://hooks.company.com/a", "https://hooks.company.com/ab", False),
        ("webhook", "https://hooks.company.com/a", "https://hooks.company.com/a/../b", False),
        ("webhook", "https://hooks.company.com/a", "https://hooks.company.com/a/%2e%2e/b", False),
        ("webhook", "https://hooks.company.com/a", "https://hooks.company.com/a/..", False),
        ("webhook", "https://hooks.company.com/a", "https://hooks.company.com/a/..%2fb", False),
        ("webhook", "https://hooks.company.com/a", "https://hooks.company.com/a/..%5cb", False),
        ("webhook", "https://hooks.company.com/", "http://hooks.company.com/", False),
        ("webhook", "https://hooks.company.com/", "https://hooks.company.com:8443/", False),
        ("webhook", "https://hooks.company.com", "https://hooks.company.com.evil.example/", False),
    ],
)
def test_only_allowed_targets_get_anything(
    tmp_path: Path, channel: str, allowed: str, target: str, *, is_allowed: bool
) -> None:
    """Attack: a report is requested for an address outside the company. The request is refused, and the delivery."""
    fields = {
        "email": mail_connection(1),
        "slack": {"type": "slack", "token": "env:SHARED_SECRET"},
        "webhook": _hook(),
    }
    settings = settings_of(tmp_path, {"it": fields[channel] | {"allowed_targets": [allowed]}})
    connections = load_connections(settings)
    field = {"email": "recipients", "slack": "channel", "webhook": "url"}[channel]
    body = {channel: {field: [target] if channel == "email" else target}}
    context = {"organization": "acme", "connections": connections}
    model = schedule_delivery_body(installed_channels())
    assert connections.get("it").allows_target(target) is is_allowed
    if is_allowed:
        model.model_validate(body, context=context)
        return
    with pytest.raises(ValidationError, match="does not allow"):
        model.model_validate(body, context=context)
    with pytest.raises(DeliveryRefusedError, match="does not allow"):
        send(connections, Destination(channel=channel, connection="it", target=target), sample_content(), now=NOW)


@pytest.mark.parametrize("pattern", ["report", "../globex/report", "/globex/report", "./../../globex/report"])
def test_files_of_a_shared_connection_are_in_the_folder_of_their_organization(pattern: str) -> None:
    """Attack: a pattern that names another organisation's folder of the same bucket."""
    content = sample_content(folder="acme")
    assert fill_object_name(pattern, content).startswith("acme/")
    assert ".." not in fill_object_name(pattern, content)
    names = {fill_object_name("report", replace(content, folder=folder)) for folder in ("a/b", "a-b", "a b", "a..b")}
    assert len(names) == 4
