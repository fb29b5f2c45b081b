"""Who sends a request: a person with a session, a service of the installation, or nobody."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from policycortex.errors import RequestError
from policycortex.security.networks import is_within_networks
from policycortex.security.service_token import service_token
from policycortex.security.session_cookies import SessionCookie
from policycortex.security.web_access import WebRole
from policycortex.settings import Settings
from policycortex.storage.registry import KeyRow, Registry, open_registry
from policycortex.storage.registry.sign_in import sign_in_by_secret
from policycortex.storage.registry.web_sessions import WebSession, session_limits

_LOCK_SECONDS: Final = 5.0
_SCOPE: Final = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sends a request, and what may be done."""

    role: WebRole
    actor: str
    """As in the audit log; "" for a service, whose acts the API, the schedules and the sensors record themselves."""
    session_id: str | None = None
    organization: str | None = None
    """The only organisation whose runs may be started. None: all."""

    @property
    def is_service(self) -> bool:
        """Whether it is a part of the installation."""
        return self.session_id is None


def utc_now() -> datetime:
    """The current time."""
    return datetime.now(UTC)


class UiAccess:
    """Finds callers, signs people in and out. All methods may wait for the database: call them in threads."""

    def __init__(self, settings: Settings, *, cookie: SessionCookie, now: Callable[[], datetime] = utc_now) -> None:
        self._settings, self.cookie, self.now = settings, cookie, now
        self.limits = session_limits(settings)

    @cached_property
    def registry(self) -> Registry:
        """The registry. Raises UnavailableError."""
        return open_registry(self._settings, patience_seconds=_LOCK_SECONDS)

    @cached_property
    def _service_token(self) -> str:
        return service_token(self._settings)

    def find_caller(self, headers: Mapping[str, list[str]], address: str | None) -> Caller | None:
        """The caller by bearer token or cookie; None for nobody."""
        bearers = [text.partition(" ")[2].strip() for text in headers.get("authorization", ())]
        if len(bearers) == 1 and hmac.compare_digest(bearers[0].encode(), self._service_token.encode()):
            return Caller(role=WebRole.OPERATOR, actor="")
        token = self.cookie.find_token(headers.get("cookie", ()))
        if token is None or bearers:
            return None
        session = self.registry.web_sessions.find_session(token, limits=self.limits, now=self.now())
        return self._caller(session, address) if session is not None else None

    def sign_in(self, secret: str, *, role: WebRole, address: str | None) -> str:
        """The token of a new session, by a link's token or an API key. Raises RequestError when it is refused."""
        return sign_in_by_secret(
            self.registry,
            secret,
            role=role,
            scopes=(_SCOPE,),
            limits=self.limits,
            address=address,
            now=self.now(),
            check_key=self._check_organization,
        )

    def _check_organization(self, key: KeyRow) -> None:
        if not self._is_only(key.organization):
            raise RequestError(
                "This installation has several organisations, and this page shows all of them. "
                "Sign in with a link: policycortex ui link"
            )

    def sign_out(self, caller: Caller) -> None:
        """End the caller's session."""
        if caller.session_id is not None:
            self.registry.web_sessions.end_session(caller.session_id, actor=caller.actor, now=self.now())

    def _caller(self, session: WebSession, address: str | None) -> Caller | None:
        """None when the session's key may not be used here, or no longer because other organisations exist.

        A session of the console has the same cookie: its key may have fewer rights than this page needs.
        """
        organization = session.organization
        if not is_within_networks(address, session.networks):
            return None
        if session.scopes is not None and _SCOPE not in session.scopes:
            return None
        if organization is not None and not self._is_only(organization):
            return None
        return Caller(role=session.role, actor=session.actor, session_id=session.id, organization=organization)

    def _is_only(self, organization: str) -> bool:
        return set(self.registry.reports.list_organizations()) <= {organization}
