"""Base model and field types of connections. Secrets are references, which are read when they are used."""

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from policycortex.errors import ConfigurationError
from policycortex.security.secret_references import Reference, read_secret


def _check_line(text: str) -> str:
    if any(character < " " or character == "\x7f" for character in text):
        raise ValueError("must be one line without control characters")
    return text


SecretReference = Reference
ConnectionLine = Annotated[str, AfterValidator(_check_line), Field(min_length=1, max_length=1024)]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]+$", max_length=253)]
Port = Annotated[int, Field(ge=1, le=65535)]


ALL_ORGANIZATIONS: Final = "*"


class Connection(BaseModel):
    """Fields of every connection. A channel's subclass narrows ``type`` to the channel's name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    timeout_seconds: float = Field(default=30.0, gt=0, le=600)
    """Longest silence of the other side; an HTTP call takes no longer in total, a whole delivery four times as long."""
    organizations: tuple[str, ...] = ()
    """Organisations that may use it; ``*`` stands for all. Required once the installation has two organisations."""
    allowed_targets: tuple[ConnectionLine, ...] = ()
    """Targets that a request may name; empty means any. The connection's own address is always allowed."""

    def serves(self, organization: str) -> bool:
        """Whether that organisation may use it."""
        return not self.organizations or ALL_ORGANIZATIONS in self.organizations or organization in self.organizations

    @property
    def is_shared(self) -> bool:
        """Whether more than one organisation may use it by name; see also ``sending``."""
        return ALL_ORGANIZATIONS in self.organizations or len(set(self.organizations)) > 1

    def allows_target(self, target: str) -> bool:
        """Whether a request may send to this target; "" is the connection's own address."""
        return not target or not self.allowed_targets or any(self.is_target(target, a) for a in self.allowed_targets)

    def is_target(self, target: str, allowed: str) -> bool:
        """Whether the entry of the allow list stands for this target. Channels with domains or URLs override it."""
        return target == allowed

    def needs_links(self, total_bytes: int) -> bool:  # noqa: ARG002 - connections that attach files override it
        """Whether files of this total size are linked rather than attached."""
        return True

    @property
    def attaches_files(self) -> bool:
        """Whether its messages carry files, so that a report arrives also where there are no links."""
        return False

    def problem_without_links(self, total_bytes: int | None) -> str | None:  # noqa: ARG002 - see ``needs_links``
        """Why files of this total size cannot be sent if there are no download links; None if they can.

        ``total_bytes`` None: the size is not known yet, and only what no file can pass is a problem.
        """
        return None


def secret_of(reference: str | None) -> str:
    """The secret that a validated connection names. Raises ConfigurationError."""
    if reference is None:
        raise ConfigurationError("the connection names no secret where one is needed")
    return read_secret(reference)
