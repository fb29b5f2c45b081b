"""Named connections: addresses and credentials of the outside, from ``<home>/connections.yaml`` or the environment.

An order names a connection; it never carries a credential. Secrets are references, read at the moment of sending.
"""

from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit, urlunsplit

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.model import Channel
from policycortex.errors import ConfigurationError, NotFoundError
from policycortex.security.secret_references import is_reference, read_secret
from policycortex.settings import Settings

FILE_NAME: Final = "connections.yaml"
_SHORTEST_SECRET: Final = 4  # shorter ones would be found in any word
_NAME: Final = r"^[a-z0-9][a-z0-9_-]{0,62}$"


def _check_reference(text: str) -> str:
    if not is_reference(text):
        raise ValueError("must name a secret as env:NAME or file:PATH, never hold it")
    return text


def _check_line(text: str) -> str:
    if any(sign < " " or sign == "\x7f" for sign in text):
        raise ValueError("must be one line without control characters")
    return text


def _check_networks(networks: tuple[str, ...]) -> tuple[str, ...]:
    AddressGuard.of(networks)
    return networks


SecretReference = Annotated[str, AfterValidator(_check_reference)]
Line = Annotated[str, AfterValidator(_check_line), Field(min_length=1, max_length=1024)]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]+$", max_length=253)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Connection(BaseModel):
    """What all connections have."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout_seconds: float = Field(default=30.0, gt=0, le=600)
    """How long the other side may be silent, and an HTTP call may take in all."""
    organizations: tuple[str, ...] = ()
    """Who may use it; empty means everyone of this installation."""

    def serves(self, organization: str) -> bool:
        """Whether that organisation may use it."""
        return not self.organizations or organization in self.organizations


class EmailConnection(Connection):
    """An SMTP server that takes mail from us."""

    type: Literal["email"]
    host: Host
    port: Port = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: Line | None = None
    password: SecretReference | None = None
    sender: Line
    """``Name <address>`` or an address: the From of every mail."""
    reply_to: Line | None = None
    ca_file: str | None = None
    attachment_limit_mb: float = Field(default=10.0, ge=0)
    """All attachments together; above it the mail holds links instead. 0: always links."""

    @model_validator(mode="after")
    def _protects_the_password(self) -> "EmailConnection":
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        if self.username is not None and self.security == "none":
            raise ValueError("a password is not sent without TLS; set security to starttls or tls")
        return self


class SlackConnection(Connection):
    """A Slack app's bot, with the scopes chat:write and files:write."""

    type: Literal["slack"]
    token: SecretReference
    base_url: Line = "https://slack.com/api"
    ca_file: str | None = None
    attach_files: bool = True


class TeamsConnection(Connection):
    """A Teams workflow that posts what it is sent; its address is itself the secret."""

    type: Literal["teams"]
    url: SecretReference
    ca_file: str | None = None


class WebhookConnection(Connection):
    """How calls to a receiver are signed, and where they go unless the schedule says so itself."""

    type: Literal["webhook"]
    secret: SecretReference
    url: Line | None = None
    ca_file: str | None = None


class SftpConnection(Connection):
    """A server whose host key is known beforehand."""

    type: Literal["sftp"]
    host: Host
    port: Port = 22
    username: Line
    password: SecretReference | None = None
    private_key: SecretReference | None = None
    passphrase: SecretReference | None = None
    host_key: Line
    """As in a known_hosts line, without the host: ``ssh-ed25519 AAAA...``."""
    folder: str = ""
    """Object names are under it; "" is the folder the server logs us into."""

    @model_validator(mode="after")
    def _can_log_in(self) -> "SftpConnection":
        if (self.password is None) == (self.private_key is None):
            raise ValueError("give either password or private_key")
        return self


class S3Connection(Connection):
    """A bucket of S3 or of what speaks like it."""

    type: Literal["s3"]
    bucket: Line
    region: Line = "us-east-1"
    endpoint: Line | None = None
    """Only for servers that are not Amazon's."""
    access_key_id: SecretReference | None = None
    secret_access_key: SecretReference | None = None
    use_machine_identity: bool = False
    """True: the machine's or pod's own role signs, no keys are given."""
    ca_file: str | None = None

    @model_validator(mode="after")
    def _signs(self) -> "S3Connection":
        keys = [key for key in (self.access_key_id, self.secret_access_key) if key is not None]
        if len(keys) != (0 if self.use_machine_identity else 2):
            raise ValueError("give access_key_id and secret_access_key, or use_machine_identity: true")
        return self


class AzureBlobConnection(Connection):
    """A container of an Azure storage account."""

    type: Literal["azure_blob"]
    account: Line
    container: Line
    access_key: SecretReference | None = None
    sas_token: SecretReference | None = None
    use_machine_identity: bool = False
    endpoint: Line | None = None
    """Only for servers that are not Azure's."""
    ca_file: str | None = None

    @model_validator(mode="after")
    def _signs(self) -> "AzureBlobConnection":
        ways = [self.access_key is not None, self.sas_token is not None, self.use_machine_identity]
        if sum(ways) != 1:
            raise ValueError("give one of access_key, sas_token and use_machine_identity: true")
        return self


class GcsConnection(Connection):
    """A bucket of Google Cloud Storage."""

    type: Literal["gcs"]
    bucket: Line
    service_account: SecretReference | None = None
    """The key file's JSON."""
    use_machine_identity: bool = False
    endpoint: Line | None = None
    """Only for servers that are not Google's; without credentials they are called without any."""
    ca_file: str | None = None

    @model_validator(mode="after")
    def _signs(self) -> "GcsConnection":
        ways = [self.service_account is not None, self.use_machine_identity, self.endpoint is not None]
        if not any(ways) or (self.service_account is not None and self.use_machine_identity):
            raise ValueError("give service_account, or use_machine_identity: true")
        return self


AnyConnection = Annotated[
    EmailConnection
    | SlackConnection
    | TeamsConnection
    | WebhookConnection
    | SftpConnection
    | S3Connection
    | AzureBlobConnection
    | GcsConnection,
    Field(discriminator="type"),
]


class Alert(BaseModel):
    """Where an organisation's owner is told that a delivery failed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connection: str
    target: Line = ""
    """Address or channel, where the connection needs one."""


class Connections(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    allow_networks: Annotated[tuple[str, ...], AfterValidator(_check_networks)] = ()
    """CIDR blocks that are not public but may be called all the same."""
    connections: dict[Annotated[str, Field(pattern=_NAME)], AnyConnection] = {}
    alerts: dict[str, Alert] = {}
    """By organisation; ``*`` stands for all others."""

    @model_validator(mode="after")
    def _alerts_exist(self) -> "Connections":
        for organization, alert in self.alerts.items():
            if alert.connection not in self.connections:
                raise ValueError(f"alerts.{organization} names the connection {alert.connection!r}, which is not there")
        return self

    @property
    def guard(self) -> AddressGuard:
        """What may be dialled."""
        return AddressGuard.of(self.allow_networks)

    def get(self, name: str) -> AnyConnection:
        """The connection of that name. Raises NotFoundError that lists what there is."""
        if name not in self.connections:
            known = ", ".join(sorted(self.connections)) or "none is configured"
            raise NotFoundError(f"no connection {name!r}; known: {known}")
        return self.connections[name]

    def name_for(self, channel: Channel, named: str | None, organization: str) -> str:
        """The connection an order means: the one it names, the one named like the channel, or the only one of it.

        Raises NotFoundError when none or several fit; of a foreign organisation's connections nothing is told.
        """
        fitting = sorted(
            name for name, c in self.connections.items() if c.type == channel.value and c.serves(organization)
        )
        if named is not None and named not in fitting:
            known = ", ".join(fitting) or "none is configured"
            raise NotFoundError(f"no connection {named!r} of type {channel.value}; known: {known}")
        if named is not None or channel.value in fitting or len(fitting) == 1:
            return named or (channel.value if channel.value in fitting else fitting[0])
        if not fitting:
            raise NotFoundError(f"no connection of type {channel.value} is configured; it belongs into {FILE_NAME}")
        raise NotFoundError(f"several connections of type {channel.value}: name one of {', '.join(fitting)}")


def load_connections(settings: Settings) -> Connections:
    """From ``POLICYCORTEX_CONNECTIONS`` (text or path), else the home's file; none at all is no error.

    Raises ConfigurationError that names every entry to mend.
    """
    text, source = _read(settings)
    try:
        content: Any = yaml.safe_load(text) if text.strip() else {}
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{source} is not YAML: {error}") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{source} must hold a mapping with the key connections")
    try:
        return TypeAdapter(Connections).validate_python(content)
    except ValidationError as error:
        problems = "; ".join(_plain(detail["loc"], detail["msg"]) for detail in error.errors(include_input=False))
        raise ConfigurationError(f"{source} cannot be used: {problems}") from None


def secret_of(reference: str | None) -> str:
    """The secret a validated connection names. Raises ConfigurationError."""
    if reference is None:
        raise ConfigurationError("the connection names no secret where one is needed")
    return read_secret(reference)


def without_secrets(connection: AnyConnection, text: str) -> str:
    """The text with the connection's secrets taken out: a server may say back what it was sent."""
    for name in type(connection).model_fields:
        reference = getattr(connection, name)
        if isinstance(reference, str) and is_reference(reference):
            for secret in _forms_of(reference):
                text = _without(secret, f"({reference})", text)
    return text


def _forms_of(reference: str) -> tuple[str, ...]:
    """The secret; of a URL what its receiver sees of it, too. Nothing where it cannot be read: nor was it sent."""
    try:
        secret = read_secret(reference)
        parts = urlsplit(secret)
    except ConfigurationError:
        return ()
    except ValueError:
        return (secret,)
    seen = urlunsplit(("", "", parts.path, parts.query, "")) if parts.scheme in {"https", "http"} else ""
    return tuple(form for form in (secret, seen, parts.path if seen else "") if len(form) >= _SHORTEST_SECRET)


def _without(secret: str, instead: str, text: str) -> str:
    whole = text.replace(secret, instead)
    for length in range(len(secret) - 1, _SHORTEST_SECRET - 1, -1):  # answers are shortened: the cut may go through it
        if whole.endswith(secret[:length]):
            return f"{whole[:-length]}{instead}"
    return whole


def _read(settings: Settings) -> tuple[str, str]:
    given = settings.connections
    if given is not None and "\n" not in given and not given.lstrip().startswith("{"):
        return _text_of(Path(given)), given
    if given is not None:
        return given, "POLICYCORTEX_CONNECTIONS"
    path = settings.home / FILE_NAME
    return (_text_of(path) if path.exists() else ""), str(path)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read the connections file {path}: {error}") from error


def _plain(location: tuple[int | str, ...], message: str) -> str:
    return f"{'.'.join(map(str, location)) or 'file'}: {message.removeprefix('Value error, ')}"
