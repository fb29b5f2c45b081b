"""Who uses the console: sessions of people, and the identity under which the API sees them."""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Final

from policycortex.errors import RequestError
from policycortex.security.identity_provider import PersonRole, load_identity_provider, memberships_of, name_of
from policycortex.security.key_store import KeyStore, open_key_store
from policycortex.security.networks import is_within_networks
from policycortex.security.session_cookies import SessionCookie
from policycortex.security.web_access import WebRole
from policycortex.settings import Settings
from policycortex.storage.registry import GrantRow, KeyRow, Registry, open_registry
from policycortex.storage.registry.grant_tables import GRANT_PREFIX
from policycortex.storage.registry.sign_in import sign_in_by_secret
from policycortex.storage.registry.web_sessions import WebSession, session_limits
from policycortex_console.navigation import MenuItem
from policycortex_console.open_id import FinishedFlow, OpenIdClient

_LOCK_SECONDS: Final = 5.0
_READ: Final = "reports:read"
_DEFAULT_ORGANIZATION: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is signed in."""

    session_id: str
    identity: KeyRow
    """With the scopes of this session, which may be fewer than those of the key or person."""
    form_token: str
    """What each form of this session sends back; a page of another site cannot know it."""
    issuer: str | None = None
    """The identity provider that signed the person in. None: a link or key."""
    new_token: str | None = None
    """The token that replaces the one of the request. None: it stays."""

    def may(self, scope: str) -> bool:
        """Whether the API lets this person do what needs the scope."""
        return scope in self.identity.scopes or "admin" in self.identity.scopes

    def sees(self, item: MenuItem) -> bool:
        """Whether the menu has the screen for this person."""
        return self.may(item.scope) and (item.is_for_auditors or self.identity.grant is None)


class People:
    """Signs people in and out, and finds them. All methods may wait for the database: call them in threads."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime]) -> None:
        self._settings, self._now = settings, now
        self.limits = session_limits(settings)
        self.public_url = settings.public_url
        """The console's address for people, without a final slash. None: the address of each request."""
        self.cookie = SessionCookie(is_secure=(self.public_url or "").startswith("https://"))
        self.flow_cookie = SessionCookie(is_secure=self.cookie.is_secure, purpose="sign_in", same_site="Lax")
        self.provider = load_identity_provider(settings)

    @cached_property
    def registry(self) -> Registry:
        """The registry. Raises UnavailableError."""
        return open_registry(self._settings, patience_seconds=_LOCK_SECONDS)

    @cached_property
    def _keys(self) -> KeyStore:
        return open_key_store(self._settings)

    @cached_property
    def open_id(self) -> OpenIdClient | None:
        """The identity provider. None: there is none."""
        return OpenIdClient(self.provider, self._keys, now=self._now) if self.provider is not None else None

    def sign_in(self, secret: str, *, role: WebRole, address: str | None) -> str:
        """The token of a new session, by a link's token or an API key. Raises RequestError when it is refused."""
        return sign_in_by_secret(
            self.registry,
            secret,
            role=role,
            scopes=(_READ, "admin"),
            limits=self.limits,
            address=address,
            now=self._now(),
        )

    def sign_in_by_provider(self, finished: FinishedFlow, *, address: str | None) -> str | tuple[str, ...]:
        """The token of a new session, or the organisations among which the person must choose.

        Raises RequestError for a person without a role, or whose identity was revoked.
        """
        provider = self.provider
        if provider is None:
            raise RequestError("No identity provider is configured.")
        found = memberships_of(provider, finished.claims)
        if not found and (grant := self._grant_of(finished)) is not None:
            return self._open(self.registry.keys.get_key(grant.id), PersonRole.AUDITOR, address)
        chosen = [each for each in found if finished.organization in {"", each.organization}]
        if not chosen:
            raise RequestError(
                f"{provider.name} knows you, but none of your groups has a role here. Ask the people who run this "
                "installation for one."
            )
        if len(chosen) > 1:
            return tuple(each.organization for each in chosen)
        role, now = chosen[0].role, self._now()
        identity = self.registry.keys.ensure_person(
            organization=chosen[0].organization,
            subject=f"openid:{hashlib.sha256(f'{provider.issuer} {finished.subject}'.encode()).hexdigest()}",
            name=name_of(provider, finished.claims),
            scopes=role.scopes,
            now=now,
        )
        if not identity.is_valid_at(now):
            raise RequestError("Your access to this installation was revoked.")
        return self._open(identity, role, address)

    def _open(self, identity: KeyRow, role: PersonRole, address: str | None) -> str:
        """A session of a person whom the provider signed in."""
        return self.registry.web_sessions.sign_in_by_key(
            identity,
            role=WebRole.VIEWER if role is PersonRole.AUDITOR else WebRole.OPERATOR,
            limits=self.limits,
            address=address,
            now=self._now(),
            issuer=self.provider.issuer if self.provider is not None else None,
        )

    def _grant_of(self, finished: FinishedFlow) -> GrantRow | None:
        """The newest valid grant for the person's verified mail address, in the organisation that was named if any."""
        email = finished.claims.get("email")
        if not isinstance(email, str) or finished.claims.get("email_verified") is not True:
            return None
        found = self.registry.grants.list_of_person(email, now=self._now())
        return next((each for each in found if finished.organization in {"", each.organization}), None)

    def sign_out(self, person: Person) -> None:
        """End the session."""
        self.registry.web_sessions.end_session(person.session_id, actor=person.identity.id, now=self._now())

    def find_person(self, cookies: Iterable[str], address: str | None, *, may_rotate: bool = False) -> Person | None:
        """The person of the session cookie; None without a session, and where it may not be used from here.

        With ``may_rotate`` the session gets a new token when its token is old.
        Raises RequestError when a link's session must choose among several organisations.
        """
        token = self.cookie.find_token(cookies)
        if token is None:
            return None
        session = self.registry.web_sessions.find_session(token, limits=self.limits, now=self._now())
        if session is None or not is_within_networks(address, session.networks):
            return None
        identity = self._identity(session)
        if session.role is WebRole.VIEWER:
            identity = replace(identity, scopes=identity.scopes & {_READ} or frozenset({_READ}))
        new = self.registry.web_sessions.rotate(session, token, now=self._now()) if may_rotate else None
        return Person(
            session_id=session.id,
            identity=identity,
            form_token=self._form_token_of(session),
            issuer=session.issuer,
            new_token=new,
        )

    def _form_token_of(self, session: WebSession) -> str:
        """The same as long as the session lasts, so that an open form survives a change of the session's token."""
        return hmac.new(self._keys.derive("console forms"), session.id.encode(), hashlib.sha256).hexdigest()

    def _identity(self, session: WebSession) -> KeyRow:
        if session.key_id is not None:
            key = self.registry.keys.get_key(session.key_id)
            is_grant = key.id.startswith(GRANT_PREFIX)
            return replace(key, grant=self.registry.grants.get_grant(key.organization, key.id)) if is_grant else key
        is_viewer = session.role is WebRole.VIEWER
        return self.registry.keys.ensure_person(
            organization=self._only_organization(),
            subject=f"link:{session.role}:{session.name}",
            name=session.name,
            scopes=(_READ,) if is_viewer else ("admin",),
            now=self._now(),
        )

    def _only_organization(self) -> str:
        found = self.registry.reports.list_organizations()
        if len(found) > 1:
            raise RequestError(
                "This installation has several organisations. Sign in with an API key of yours: "
                "policycortex keys create --org ORGANISATION"
            )
        return found[0] if found else _DEFAULT_ORGANIZATION
