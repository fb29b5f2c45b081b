"""Each channel and each tracker has one entry in its page, and the entry names every setting and request field."""

import re
from pathlib import Path
from typing import Any

import pytest

from policycortex.channels.channel import Channel
from policycortex.channels.connection_settings import Connection
from policycortex.channels.connections import TicketRule
from policycortex.channels.registry import installed_channels
from policycortex.channels.request_bodies import ChannelBody
from policycortex.channels.tracker import Tracker

DOCUMENT = Path(__file__).parents[3] / "docs" / "connections.md"
TICKETS = DOCUMENT.with_name("tickets.md")


@pytest.mark.parametrize("channel", installed_channels().channels, ids=lambda channel: channel.name)
def test_a_channels_entry_names_all_its_fields(channel: Channel[Any]) -> None:
    """Under the channel's heading; fields that all connections or requests have are described once above."""
    entry = re.search(rf"^### {channel.name}\n(.*?)(?=^##|\Z)", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    assert entry is not None, "no entry"
    named = set(re.findall(r"`(\w+)(?::[^`]*)?`", entry[1]))
    fields = set(channel.connection.model_fields) - set(Connection.model_fields)
    fields |= set(channel.body.model_fields) - set(ChannelBody.model_fields)
    assert fields - named == set()


def test_every_entry_is_of_a_channel() -> None:
    """No entry of a removed channel remains, and the entries have the API's order."""
    assert tuple(re.findall(r"^### (\w+)$", DOCUMENT.read_text(), re.MULTILINE)) == installed_channels().names


@pytest.mark.parametrize("tracker", installed_channels().trackers, ids=lambda tracker: tracker.name)
def test_a_trackers_entry_names_all_its_fields(tracker: Tracker[Any]) -> None:
    """Under the tracker's heading of docs/tickets.md, which has the fields of a rule in a table."""
    text = TICKETS.read_text()
    entry = re.search(rf"^### {tracker.name}\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
    assert entry is not None, "no entry"
    fields = set(tracker.connection.model_fields) - set(Connection.model_fields)
    assert fields - set(re.findall(r"`(\w+)`", entry[1])) == set()
    assert set(TicketRule.model_fields) == set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
