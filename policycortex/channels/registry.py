"""Finds the delivery channels and issue trackers. None is named here.

Every module of a package that defines ``CHANNEL`` is a channel, every one that defines ``TRACKER`` a tracker.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Final, get_args

from policycortex.channels.channel import Channel
from policycortex.channels.connection_settings import Connection
from policycortex.channels.tracker import Tracker
from policycortex.errors import ConfigurationError

_PACKAGE: Final = "policycortex.channels"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,15}")
"""The database column ``deliveries.channel`` holds 16 characters."""
_RESERVED: Final = frozenset({"condition"})
"""Other fields of the ``delivery`` object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRegistry:
    """Channels in the order of their position and name; each name is there once."""

    channels: tuple[Channel[Any], ...]
    trackers: tuple[Tracker[Any], ...] = ()
    """By name. Reports cannot be delivered to them."""

    def __iter__(self) -> Iterator[Channel[Any]]:
        return iter(self.channels)

    @property
    def names(self) -> tuple[str, ...]:
        """Names, in order."""
        return tuple(channel.name for channel in self.channels)

    def find(self, name: str) -> Channel[Any] | None:
        """The channel of that name; None if this version has none."""
        return next((channel for channel in self.channels if channel.name == name), None)

    def get(self, name: str) -> Channel[Any]:
        """The channel of that name. Raises ConfigurationError that lists the known ones."""
        channel = self.find(name)
        if channel is None:
            raise ConfigurationError(f"unknown delivery channel {name!r}; known channels: {', '.join(self.names)}")
        return channel

    def find_tracker(self, name: str) -> Tracker[Any] | None:
        """The issue tracker of that name; None if this version has none."""
        return next((tracker for tracker in self.trackers if tracker.name == name), None)


@cache
def installed_channels() -> ChannelRegistry:
    """The channels of this product."""
    return discover_channels(_PACKAGE)


def discover_channels(*packages: str) -> ChannelRegistry:
    """The channels of these packages, given by import name. Raises ConfigurationError for one that is malformed."""
    found: list[Channel[Any]] = []
    trackers: list[Tracker[Any]] = []
    for package in packages:
        for entry in iter_modules(import_module(package).__path__):
            module = import_module(f"{package}.{entry.name}")
            if hasattr(module, "CHANNEL"):
                found.append(_checked(module.CHANNEL, module.__name__))
            elif hasattr(module, "TRACKER"):
                trackers.append(_checked_tracker(module.TRACKER, module.__name__))
            elif _defines_connection(module):
                raise ConfigurationError(f"{module.__name__} defines a connection but no CHANNEL")
    channels = tuple(sorted(found, key=lambda channel: (channel.position, channel.name)))
    names = [*(channel.name for channel in channels), *(tracker.name for tracker in trackers)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigurationError(f"two delivery channels are named {twice[0]!r}: rename one of them")
    return ChannelRegistry(channels=channels, trackers=tuple(sorted(trackers, key=lambda each: each.name)))


def _defines_connection(module: ModuleType) -> bool:
    """Whether the module has the parts of a channel. Modules that all channels use define none."""
    classes = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, Connection)]
    return any(each is not Connection and each.__module__ == module.__name__ for each in classes)


def _checked(channel: object, module: str) -> Channel[Any]:
    if not isinstance(channel, Channel):
        raise ConfigurationError(f"{module}.CHANNEL must be a Channel, not {type(channel).__name__}")
    if not _NAME.fullmatch(channel.name) or channel.name in _RESERVED:
        raise ConfigurationError(
            f"{module}: {channel.name!r} cannot name a channel; use at most 16 lower-case letters, digits and _,"
            f" and none of {', '.join(sorted(_RESERVED))}"
        )
    _check_type(channel.name, channel.connection, module)
    return channel


def _checked_tracker(tracker: object, module: str) -> Tracker[Any]:
    if not isinstance(tracker, Tracker):
        raise ConfigurationError(f"{module}.TRACKER must be a Tracker, not {type(tracker).__name__}")
    _check_type(tracker.name, tracker.connection, module)
    return tracker


def _check_type(name: str, connection: type[Connection], module: str) -> None:
    if get_args(connection.model_fields["type"].annotation) != (name,):
        raise ConfigurationError(f'{module}: the connection of {name!r} needs type: Literal["{name}"]')
