"""The identity provider by which people sign in (OpenID Connect), and what its groups may do here.

``<home>/sign-in.yaml``, or the value of ``POLICYCORTEX_SIGN_IN`` (a path, or the text itself)::

    name: Acme ID
    issuer: https://login.acme.example
    client_id: policycortex
    client_secret: env:SIGN_IN_SECRET
    organizations:
      acme: {admin: [grc-leads], operator: [grc], auditor: [external-audit]}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from policycortex.security.secret_references import Reference
from policycortex.settings import Settings
from policycortex.yaml_settings import invalid_setting, read_yaml_setting

FILE_NAME: Final = "sign-in.yaml"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_NAME: Final = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$"


class PersonRole(StrEnum):
    """What a person may do in an organisation, from least to most."""

    AUDITOR = "auditor"
    """Read reports, controls, findings and evidence."""
    OPERATOR = "operator"
    """Also order and schedule reports, import findings, request and approve waivers."""
    ADMIN = "admin"
    """Everything, with the audit log and the Dagster UI."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """Scopes of the API."""
        match self:
            case PersonRole.AUDITOR:
                return ("reports:read",)
            case PersonRole.OPERATOR:
                return ("reports:read", "reports:write", "schedules:write", "frameworks:write", "findings:write")
            case PersonRole.ADMIN:
                return ("admin",)


def _check_issuer(url: str) -> str:
    """Tokens and secrets travel to it: only https, except on this machine."""
    parts = urlsplit(url)
    if not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an address without a query, such as https://login.example.com")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError("must begin with https://")
    return url


class RoleGroups(BaseModel):
    """The groups of one organisation's people, by role. ``*`` is everybody who can sign in at the provider."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    admin: tuple[str, ...] = ()
    operator: tuple[str, ...] = ()
    auditor: tuple[str, ...] = ()

    def role_of(self, groups: frozenset[str]) -> PersonRole | None:
        """The role with most rights among those of the groups; None without one."""
        given = {PersonRole.ADMIN: self.admin, PersonRole.OPERATOR: self.operator, PersonRole.AUDITOR: self.auditor}
        return next((role for role, names in given.items() if groups & set(names) or "*" in names), None)


class IdentityProvider(BaseModel):
    """The configuration file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=60)] = "your identity provider"
    """As people call it: on the sign-in page."""
    issuer: Annotated[str, AfterValidator(_check_issuer)]
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: Reference | None = None
    """None: a public client, which PKCE alone protects."""
    client_authentication: Literal["basic", "post"] = "basic"
    """How the secret is sent to the token endpoint."""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    groups_claim: str = "groups"
    """The claim with the person's groups: a list, or one text."""
    name_claims: tuple[str, ...] = ("name", "preferred_username", "email")
    """The first one that the provider sends is the person's name in the audit log."""
    ca_file: Path | None = None
    """Certificates of authorities that the provider's certificate is checked by. None: the usual ones."""
    organizations: dict[Annotated[str, Field(pattern=_NAME)], RoleGroups] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """One organisation of a person."""

    organization: str
    role: PersonRole


def load_identity_provider(settings: Settings) -> IdentityProvider | None:
    """The configuration; None where nobody signs in by a provider. Raises ConfigurationError."""
    content, source = read_yaml_setting(settings.sign_in, settings.home / FILE_NAME, "POLICYCORTEX_SIGN_IN")
    if content is None:
        return None
    try:
        return IdentityProvider.model_validate(content)
    except ValidationError as error:
        raise invalid_setting(source, error) from None


def memberships_of(provider: IdentityProvider, claims: Mapping[str, Any]) -> tuple[Membership, ...]:
    """The organisations in which the person has a role, in the order of the file."""
    given = claims.get(provider.groups_claim)
    names = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    groups = frozenset(name for name in names if isinstance(name, str))
    found = ((organization, each.role_of(groups)) for organization, each in provider.organizations.items())
    return tuple(Membership(organization=name, role=role) for name, role in found if role is not None)


def name_of(provider: IdentityProvider, claims: Mapping[str, Any]) -> str:
    """The person's name for people, in one line; else the subject."""
    texts = (claims.get(claim) for claim in (*provider.name_claims, "sub"))
    found = next(text for text in texts if isinstance(text, str) and text.strip())
    return " ".join(found.split())[:120]
