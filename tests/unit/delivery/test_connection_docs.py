"""docs/connections.md has one entry for each channel, and the entry names every setting and every request field."""

import re
from pathlib import Path
from typing import Any

import pytest

from policycortex.channels.channel import Channel
from policycortex.channels.connection_settings import Connection
from policycortex.channels.registry import installed_channels
from policycortex.channels.request_bodies import ChannelBody

DOCUMENT = Path(__file__).parents[3] / "docs" / "connections.md"


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
