"""Named connections: addresses and credentials of receivers, from ``<home>/connections.yaml`` or the environment.

A request names a connection and never carries a credential. Secrets are references, read when a delivery is sent.
"""

from functools import cache
from operator import or_
from types import GenericAlias
from typing import Annotated, Any, ClassVar, Final
from urllib.parse import urlsplit, urlunsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    create_model,
    model_validator,
)

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.connection_settings import ALL_ORGANIZATIONS, Connection, ConnectionLine, SecretReference
from policycortex.channels.registry import ChannelRegistry, installed_channels
from policycortex.errors import ConfigurationError, NotFoundError
from policycortex.names import Severity
from policycortex.security.secret_references import is_reference, read_secret
from policycortex.settings import Settings
from policycortex.yaml_settings import invalid_setting, read_yaml_setting

FILE_NAME: Final = "connections.yaml"
_SHORTEST_SECRET: Final = 4  # a shorter text would be found in ordinary words


def _check_networks(networks: tuple[str, ...]) -> tuple[str, ...]:
    AddressGuard.of(networks)
    return networks


ConnectionName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class Alert(BaseModel):
    """Connection and target that are notified when a delivery of an organisation fails."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connection: str
    target: ConnectionLine = ""
    """Address or channel, if the connection needs one."""


class TicketRule(BaseModel):
    """Which weaknesses of an organisation have tickets, and in which tracker."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connection: str
    """Of an issue tracker."""
    min_severity: Severity = Severity.HIGH
    """Weaknesses of this severity and of worse ones."""
    accounts: tuple[ConnectionLine, ...] = ()
    """Only these accounts; empty: all."""
    most_new: int = Field(default=50, ge=1, le=1000)
    """Tickets created by one planning, the worst weaknesses first; the others follow with the next one."""


class NamedPassword(BaseModel):
    """A password of report files, which requests and schedules name. It is read when a report is requested."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    secret: SecretReference
    organizations: tuple[str, ...] = Field(min_length=1)
    """Organisations that may use it; ``*`` stands for all."""

    def serves(self, organization: str) -> bool:
        """Whether that organisation may use it."""
        return ALL_ORGANIZATIONS in self.organizations or organization in self.organizations


class Connections(BaseModel):
    """The whole file. ``connections_model`` adds the types of connection that the channels define."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: ClassVar[ChannelRegistry]

    allow_networks: Annotated[tuple[str, ...], AfterValidator(_check_networks)] = ()
    """CIDR blocks that webhooks may call although they are not public."""
    connections: dict[ConnectionName, Connection] = {}
    alerts: dict[str, Alert] = {}
    """By organisation; ``*`` applies to all others."""
    tickets: dict[str, tuple[TicketRule, ...]] = {}
    """By organisation: the trackers that have tickets of what fails."""
    passwords: dict[ConnectionName, NamedPassword] = {}
    _has_links: bool = PrivateAttr(default=True)

    def hide_secrets(self, name: str, text: str) -> str:
        """``text`` without the secrets of the connection ``name``; as it is where there is no such connection."""
        connection = self.connections.get(name)
        return text if connection is None else without_secrets(connection, text)

    @property
    def has_links(self) -> bool:
        """Whether the installation has a public address, which download links begin with."""
        return self._has_links

    @model_validator(mode="after")
    def _knows_links(self, info: ValidationInfo) -> "Connections":
        self._has_links = info.context is None or info.context["has_links"]
        return self

    @model_validator(mode="after")
    def _alerts_exist(self) -> "Connections":
        for organization, alert in self.alerts.items():
            if alert.connection not in self.connections:
                raise ValueError(
                    f"alerts.{organization} names the connection {alert.connection!r}, which does not exist"
                )
        return self

    @model_validator(mode="after")
    def _trackers_exist(self) -> "Connections":
        for organization, rules in self.tickets.items():
            names = [rule.connection for rule in rules]
            for name in names:
                problem = self._tracker_problem(organization, name)
                if problem is None and names.count(name) > 1:
                    problem = f"names the connection {name!r} twice; tickets of one connection have one rule"
                if problem is not None:
                    raise ValueError(f"tickets.{organization} {problem}")
        return self

    def _tracker_problem(self, organization: str, name: str) -> str | None:
        connection = self.connections.get(name)
        if connection is None:
            return f"names the connection {name!r}, which does not exist"
        if self.channels.find_tracker(connection.type) is None:
            known = ", ".join(tracker.name for tracker in self.channels.trackers)
            return f"names the connection {name!r}, which is no issue tracker; those are of type {known}"
        if not connection.serves(organization):
            return f"names the connection {name!r}, whose organizations do not include it"
        return None

    @property
    def guard(self) -> AddressGuard:
        """Addresses that may be called."""
        return AddressGuard.of(self.allow_networks)

    def get(self, name: str) -> Connection:
        """The connection of that name. Raises NotFoundError that lists the known ones."""
        if name not in self.connections:
            known = ", ".join(sorted(self.connections)) or "none is configured"
            raise NotFoundError(f"no connection {name!r}; known: {known}")
        return self.connections[name]

    def password(self, name: str, organization: str) -> str:
        """The password of that name. Raises NotFoundError that lists those of the organisation, ConfigurationError."""
        known = sorted(each for each, password in self.passwords.items() if password.serves(organization))
        if name not in known:
            raise NotFoundError(f"no password {name!r}; known: {', '.join(known) or 'none is configured'}")
        return read_secret(self.passwords[name].secret)

    def names_for(self, channel: str, organization: str) -> tuple[str, ...]:
        """Connections of the channel that the organisation may use, sorted."""
        return tuple(sorted(n for n, c in self.connections.items() if c.type == channel and c.serves(organization)))

    def name_for(self, channel: str, requested: str | None, organization: str) -> str:
        """The connection for a request: the one it names, the one named as the channel, or the only one.

        Raises NotFoundError if none or several fit. Connections of other organisations are never listed.
        """
        names = self.names_for(channel, organization)
        if requested is not None and requested not in names:
            known = ", ".join(names) or "none is configured"
            raise NotFoundError(f"no connection {requested!r} of type {channel}; known: {known}")
        if requested is not None:
            return requested
        if channel in names:
            return channel
        if not names:
            raise NotFoundError(f"no connection of type {channel} is configured; add one to {FILE_NAME}")
        if len(names) > 1:
            raise NotFoundError(f"several connections of type {channel}: name one of {', '.join(names)}")
        return names[0]


@cache
def connections_model(channels: ChannelRegistry) -> type[Connections]:
    """The model of the file for these channels and trackers: each entry's ``type`` selects its own model."""
    first, *others = (each.connection for each in (*channels, *channels.trackers))
    union: Any = first
    for model in others:
        union = or_(union, model)
    entry: Any = Annotated[union, Field(discriminator="type")] if others else union
    fields: dict[str, Any] = {"connections": (GenericAlias(dict, (ConnectionName, entry)), {})}
    model = create_model("Connections", __base__=Connections, **fields)
    model.channels = channels
    return model


def load_connections(settings: Settings, channels: ChannelRegistry | None = None) -> Connections:
    """From ``POLICYCORTEX_CONNECTIONS`` (text or path), else the home's file; without either there are none.

    ``channels`` defaults to the product's own. Raises ConfigurationError that names every invalid entry.
    """
    content, source = read_yaml_setting(settings.connections, settings.home / FILE_NAME, "POLICYCORTEX_CONNECTIONS")
    if not isinstance(content or {}, dict):
        raise ConfigurationError(f"{source} must hold a mapping with the key connections")
    try:
        context = {"has_links": settings.public_url is not None}
        return connections_model(channels or installed_channels()).model_validate(content or {}, context=context)
    except ValidationError as error:
        raise invalid_setting(source, error) from None


def without_secrets(connection: Connection, text: str) -> str:
    """The text with the connection's secrets replaced by their references: a server may return what it was sent."""
    for name in type(connection).model_fields:
        reference = getattr(connection, name)
        if isinstance(reference, str) and is_reference(reference):
            for secret in _forms_of(reference):
                text = _without(secret, f"({reference})", text)
    return text


def _forms_of(reference: str) -> tuple[str, ...]:
    """The secret; for a URL also its path and query, which the receiver sees. Empty if it cannot be read."""
    try:
        secret = read_secret(reference)
        parts = urlsplit(secret)
    except ConfigurationError:
        return ()
    except ValueError:
        return (secret,)
    path_and_query = urlunsplit(("", "", parts.path, parts.query, "")) if parts.scheme in {"https", "http"} else ""
    forms = (secret, path_and_query, parts.path if path_and_query else "")
    return tuple(form for form in forms if len(form) >= _SHORTEST_SECRET)


def _without(secret: str, replacement: str, text: str) -> str:
    replaced = text.replace(secret, replacement)
    for length in range(len(secret) - 1, _SHORTEST_SECRET - 1, -1):  # a shortened answer may end within the secret
        if replaced.endswith(secret[:length]):
            return f"{replaced[:-length]}{replacement}"
    return replaced
