"""What a channel module exposes as ``CHANNEL``: its models, its functions and its properties."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.connection_settings import Connection
from policycortex.channels.model import DeliveryContent, Destination, Notice, OutgoingEvent, Receipt
from policycortex.channels.request_bodies import ChannelBody

_Connection = TypeVar("_Connection", bound=Connection)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendContext:
    """Values of one attempt that a channel must not read elsewhere."""

    guard: AddressGuard
    """Allowed addresses; it applies to URLs that a request names."""
    now: datetime
    is_shared: bool = False
    """Several organisations use the connection: what they send must be distinguishable by the receiver."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel(Generic[_Connection]):
    """One delivery channel."""

    name: str
    """Field of the API's ``delivery`` object, ``type`` of a connection, and value stored with each delivery."""
    connection: type[_Connection]
    body: type[ChannelBody]
    send: Callable[[_Connection, Destination, DeliveryContent, SendContext], Receipt]
    """Send one report. Raises DeliveryRefusedError (permanent), DeliveryDeferredError (nothing was accepted) or
    DeliveryUncertainError (it may have been accepted)."""
    check: Callable[[_Connection, AddressGuard], str]
    """Connect and log in without sending; the receiver's answer. Raises as ``send``."""
    send_notice: Callable[[_Connection, str, Notice, SendContext], Receipt] | None = None
    """Send an alert to a target. Raises as ``send``. None if no person reads this channel."""
    send_event: Callable[[_Connection, str, OutgoingEvent, SendContext], Receipt] | None = None
    """Send an event to a target; "" is the connection's own. Raises as ``send``. None: no program reads it."""
    receiver_secret: Callable[[_Connection, str, str], str] | None = None
    """The secret by which a receiver verifies a shared connection: of an organisation and a target. None: no secret."""
    is_idempotent: bool = False
    """Sending a delivery again does no harm: the receiver recognises its id, or the same file is replaced."""
    shows_links: bool = False
    """Download links are made for it, unless its connection attaches the files."""
    is_read_by_people: bool = False
    """Attached CSV files get a byte order mark, by which Excel recognises UTF-8, unless they are signed."""
    stores_files: bool = False
    """Writes files under object names, so the audit log export can use it."""
    has_endpoint_per_target: bool = False
    """Each target is a server of its own: one that fails pauses no other target of the connection."""
    defers_single_targets: bool = False
    """A deferred attempt concerns its target only and does not show that the server is in trouble."""
    position: int = 100
    """Place in lists such as the API document; equal positions are sorted by name."""
