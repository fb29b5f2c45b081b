"""What a module of an issue tracker exposes as ``TRACKER``, and the values of tickets that all trackers share.

A ticket is found again by its marker, which is stored with it. No tracker has idempotency keys: what may have been
written by an earlier attempt is looked up before it is written.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from policycortex.channels.connection_settings import Connection
from policycortex.names import Severity

_Connection = TypeVar("_Connection", bound=Connection)

COMMON_LABEL = "policycortex"
"""On every ticket, so that people find them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketText:
    """Title and content of a ticket. Plain text: each tracker escapes it for its own markup."""

    title: str
    paragraphs: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    """Label and value, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDraft:
    """A ticket to be created."""

    marker: str
    """Lower-case letters, digits and hyphens; no other ticket has it."""
    severity: Severity
    text: TicketText


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketComment:
    """A comment to be written once."""

    marker: str
    """No other comment of the ticket has it."""
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPlace:
    """Where a ticket is."""

    id: str
    """By which the tracker's interface addresses it; it never changes."""
    name: str
    """As people call it: ``SEC-12``, ``acme/cloud#12``."""
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker(Generic[_Connection]):
    """One issue tracker.

    All functions raise DeliveryRefusedError (permanent), DeliveryDeferredError (nothing was changed) or
    DeliveryUncertainError (it may have been changed).
    """

    name: str
    """``type`` of a connection."""
    connection: type[_Connection]
    find: Callable[[_Connection, str], TicketPlace | None]
    """The ticket with this marker, whatever its state; None: there is none."""
    create: Callable[[_Connection, TicketDraft], TicketPlace]
    has_comment: Callable[[_Connection, str, str], bool]
    """Whether the ticket of this id has a comment with this marker."""
    comment: Callable[[_Connection, str, TicketComment], str]
    """Comment the ticket of this id; the tracker's answer."""
    set_open: Callable[[_Connection, str, bool], str]
    """Open or close the ticket of this id unless it is so already; the tracker's answer."""
    check: Callable[[_Connection], str]
    """Sign in without writing; the tracker's answer."""
