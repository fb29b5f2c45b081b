"""Who uses the console: sessions of people, and the identity under which the API sees them."""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Final

from policycortex.errors import RequestError
from policycortex.security.networks import is_within_networks
from policycortex.security.session_cookies import SessionCookie
from policycortex.security.web_access import WebRole
from policycortex.settings import Settings
from policycortex.storage.registry import KeyRow, Registry, open_registry
from policycortex.storage.registry.web_sessions import WebSession, session_limits

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

    def may(self, scope: str) -> bool:
        """Whether the API lets this person do what needs the scope."""
        return scope in self.identity.scopes or "admin" in self.identity.scopes


class People:
    """Signs people in and out, and finds them. All methods may wait for the database: call them in threads."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime]) -> None:
        self._settings, self._now = settings, now
        self.limits = session_limits(settings)
        public = settings.public_url or ""
        self.cookie = SessionCookie(is_secure=public.startswith("https://"))

    @cached_property
    def registry(self) -> Registry:
        """The registry. Raises UnavailableError."""
        return open_registry(self._settings, patience_seconds=_LOCK_SECONDS)

    def sign_in(self, secret: str, *, role: WebRole, address: str | None) -> str:
        """The token of a new session, by a link's token or an API key. Raises RequestError when it is refused."""
        now, sessions = self._now(), self.registry.web_sessions
        token = sessions.use_link(secret, limits=self.limits, address=address, now=now)
        if token is not None:
            return token
        key = self.registry.keys.find_key(secret)
        if key is None or not key.is_valid_at(now) or not is_within_networks(address, key.networks):
            raise RequestError("This link or key is unknown, expired, revoked or used up.")
        if not key.scopes & {_READ, "admin"}:
            raise RequestError(f"This key lacks the scope {_READ}.")
        return sessions.sign_in_by_key(key, role=role, limits=self.limits, address=address, now=now)

    def sign_out(self, person: Person) -> None:
        """End the session."""
        self.registry.web_sessions.end_session(person.session_id, actor=person.identity.id, now=self._now())

    def find_person(self, cookies: Iterable[str], address: str | None) -> Person | None:
        """The person of the session cookie; None without a session, and where it may not be used from here.

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
        return Person(session_id=session.id, identity=identity, form_token=form_token_of(token))

    def _identity(self, session: WebSession) -> KeyRow:
        if session.key_id is not None:
            return self.registry.keys.get_key(session.key_id)
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


def form_token_of(token: str) -> str:
    """The form token of a session's token. The session's token cannot be computed from it."""
    return hmac.new(token.encode(), b"policycortex console forms", hashlib.sha256).hexdigest()
