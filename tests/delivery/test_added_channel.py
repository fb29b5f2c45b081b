"""A channel is one module: the registry finds it, and requests, the outbox, alerts and the API's schema use it."""

import shutil
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from policycortex.channels.connections import load_connections
from policycortex.channels.registry import ChannelRegistry, discover_channels, installed_channels
from policycortex.channels.sending import check_connection
from policycortex.errors import ConfigurationError
from policycortex.names import DeliveryStatus
from policycortex.requests.destinations import schedule_delivery_body
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex.workflow.delivery_alerts import send_due_alerts
from policycortex.workflow.outbox import deliver_due
from tests.support.ledger import Clock, complete_report, mail_connection, order_report, rows_of, settings_of
from tests.support.receivers import Mailbox, tls_receiver

_MODULE = Path(__file__).with_name("bulletin_channel.py")
_LOOPBACK = ["127.0.0.0/8", "::1/128"]


@pytest.fixture
def channels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ChannelRegistry:
    """The product's channels and the one module of a package in a temporary folder."""
    package = tmp_path / "path" / f"channels_{tmp_path.name}"  # imported modules stay, so each test needs its own name
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    shutil.copyfile(_MODULE, package / "bulletin.py")
    monkeypatch.syspath_prepend(package.parent)
    return discover_channels("policycortex.channels", package.name)


@pytest.fixture
def settings(tmp_path: Path, ca_file: str, box: Mailbox) -> Settings:
    """A board, a mail server, and alerts that go to the board."""
    board = {"type": "bulletin", "url": "env:BOARD_URL", "ca_file": ca_file, "timeout_seconds": 5}
    connections = {"board": board, "mail": mail_connection(box.port)}
    return settings_of(tmp_path, connections, allow_networks=_LOOPBACK, alerts={"*": {"connection": "board"}})


def test_a_request_for_an_added_channel_is_delivered(
    channels: ChannelRegistry,
    settings: Settings,
    box: Mailbox,
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Requested by its field, deferred by a 503, sent 31 s later with links, and the refused mail's alert is posted."""
    box.on_recipient["gone@company.com"] = "550 5.1.1 no such user"
    clock, statuses = Clock(), [503, 200, 200, 200]
    with tls_receiver(authority) as receiver, closing(open_registry(settings)) as registry:
        monkeypatch.setenv("BOARD_URL", receiver.url)
        receiver.answer = lambda _call: (statuses[len(receiver.calls) - 1], {}, b"")
        assert check_connection(load_connections(settings, channels), "board") == "the address can be read"
        delivery = {"bulletin": {"message": "Read this"}, "email": {"recipients": ["gone@company.com"]}}
        report = order_report(settings, registry, delivery, channels=channels)
        complete_report(settings, registry, report.id)
        assert deliver_due(settings, clock=clock, workers=1, channels=channels).outcomes == {
            "deferred": 1,
            "refused": 1,
        }
        assert send_due_alerts(settings, clock=clock, channels=channels) == 1
        clock.move(seconds=31)
        assert deliver_due(settings, clock=clock, channels=channels).outcomes == {"sent": 1}
        row = rows_of(registry)[""]
    assert (row.channel, row.connection, row.status) == ("bulletin", "board", DeliveryStatus.SENT)
    texts = [call.json["text"] for call in receiver.calls]
    assert texts[1] == "Not delivered: March"
    assert texts[0] == texts[2]
    assert texts[2].startswith("March: ")
    assert receiver.calls[2].json["links"][0].startswith("https://reports.example.com/v1/links/")


def test_a_stored_delivery_of_an_unknown_channel_fails_with_the_reason(
    channels: ChannelRegistry, settings: Settings, tmp_path: Path, box: Mailbox
) -> None:
    """The module was removed after the request: that delivery fails, and the mail beside it is sent."""
    with closing(open_registry(settings)) as registry:
        delivery = {"bulletin": {}, "email": {"recipients": ["ceo@company.com"]}}
        report = order_report(settings, registry, delivery, channels=channels)
        complete_report(settings, registry, report.id)
        without_board = settings_of(tmp_path, {"mail": mail_connection(box.port)})
        assert deliver_due(without_board, clock=Clock()).outcomes == {"refused": 1, "sent": 1}
        row = rows_of(registry)[""]
    assert row.status is DeliveryStatus.FAILED
    assert row.reason.startswith("unknown delivery channel 'bulletin'; known channels: email, slack, teams")


def test_a_lost_delivery_of_an_unknown_channel_is_not_repeated(
    channels: ChannelRegistry, settings: Settings, tmp_path: Path
) -> None:
    """Its sender died after the claim. Whether its channel recognises a repeated delivery is not known: uncertain."""
    clock = Clock()
    with closing(open_registry(settings)) as registry:
        report = order_report(settings, registry, {"bulletin": {}}, channels=channels)
        complete_report(settings, registry, report.id)
        registry.deliveries.release_deliveries(now=clock())
        assert registry.deliveries.claim_delivery(now=clock(), lease=timedelta(minutes=2)) is not None
        clock.move(minutes=3)
        assert deliver_due(settings_of(tmp_path), clock=clock).total == 0
        row = rows_of(registry)[""]
    assert row.status is DeliveryStatus.UNCERTAIN
    assert row.reason.startswith("the sender ended before it recorded the result; it may have arrived")


def test_the_api_schema_names_an_added_channel(channels: ChannelRegistry) -> None:
    """The field follows those of the product's first channels and refers to the channel's own body."""
    schema = schedule_delivery_body(channels).model_json_schema()
    assert list(schema["properties"]).index("bulletin") > list(schema["properties"]).index("gcs")
    assert schema["properties"]["bulletin"]["anyOf"][0] == {"$ref": "#/$defs/BulletinBody"}


def test_the_products_channels_have_the_stored_names() -> None:
    """The database and connection files of existing homes hold these names; channels added later follow them."""
    names = ("email", "slack", "teams", "webhook", "sftp", "s3", "azure_blob", "gcs")
    assert installed_channels().names[: len(names)] == names


def test_finding_the_channels_imports_no_large_client_library() -> None:
    """paramiko and Google's client cost 0.4 CPU s and 74 MB, which a process that only validates requests saves."""
    code = "from policycortex.channels.registry import installed_channels; installed_channels(); import sys;"
    code += "print([name for name in ('paramiko', 'google.cloud.storage', 'requests') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('name="bulletin"', 'name="email"', "needs type"),
        ('name="bulletin"', 'name="Bulletin board"', "cannot name a channel"),
        ('name="bulletin"', 'name="condition"', "cannot name a channel"),
        ("CHANNEL: Final = Channel(", "CHANNEL: Final = dict(", "must be a Channel, not dict"),
        ("CHANNEL: Final", "OTHER_NAME: Final", "defines a connection but no CHANNEL"),
        ('"bulletin"', '"email"', "two delivery channels are named 'email'"),
    ],
)
def test_a_malformed_channel_is_refused(
    old: str, new: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the module or the channel, and what is wrong."""
    name = f"channels_{tmp_path.name}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    (tmp_path / name / "bulletin.py").write_text(_MODULE.read_text().replace(old, new))
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigurationError, match=problem):
        discover_channels("policycortex.channels", name)
