"""Sessions of people in browsers, and the links by which they sign in. Tokens are stored as digests only."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    RowMapping,
    String,
    Table,
    Text,
    and_,
    delete,
    insert,
    or_,
    select,
    update,
)

from policycortex.audit.chain import COMMAND_LINE, NO_ORGANIZATION, AuditEvent
from policycortex.errors import NotFoundError
from policycortex.security.web_access import WebRole
from policycortex.settings import Settings
from policycortex.storage.registry.audit_log import AuditLogRepository
from policycortex.storage.registry.base import Database, UtcDateTime, metadata
from policycortex.storage.registry.key_tables import api_keys
from policycortex.storage.registry.rows import KeyRow
from policycortex.storage.registry.tokens import digest_token, is_well_formed, make_token

LINK_LIFETIME: Final = timedelta(hours=24)
_SIGN_IN_PREFIX: Final = "si_"
_SESSION_PREFIX: Final = "ws_"
_USE_GRAIN: Final = timedelta(minutes=1)  # a write for each request would cost more than the request
ROTATION: Final = timedelta(hours=1)
"""Age at which a session's token is replaced."""
_OVERLAP: Final = timedelta(minutes=1)
"""For how long the old token works, for requests that were sent before its replacement arrived."""

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("key_id", String(32), ForeignKey("api_keys.id"), index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("rotated_at", UtcDateTime),  # when the token was last replaced; NULL: never
    Column("previous_digest", String(64), unique=True),  # of the token before, which works for a minute more
    Column("issuer", Text),  # the identity provider that signed the person in; NULL: a link or key
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """How long a session lasts."""

    idle: timedelta
    """Without a request."""
    total: timedelta
    """In any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSession:
    """One person's session; its token is stored as a digest only."""

    id: str
    role: WebRole
    name: str
    """Who it is: the name of the link or of the key."""
    key_id: str | None
    """The key that signed in. None: a link of the command line."""
    organization: str | None
    """The key's. None: a link, which acts for all organisations."""
    networks: tuple[str, ...]
    """The key's: CIDR blocks from which the session may be used; empty means any."""
    scopes: frozenset[str] | None
    """The key's. None: a link."""
    created_at: datetime
    used_at: datetime
    """Accurate to a minute."""
    expires_at: datetime
    rotated_at: datetime | None = None
    """When its token was last replaced. None: never."""
    issuer: str | None = None
    """The identity provider that signed the person in. None: a link or key."""

    @property
    def actor(self) -> str:
        """Who it is in the audit log."""
        return self.key_id or f"session:{self.id}"


def session_limits(settings: Settings) -> SessionLimits:
    """The limits in the settings."""
    return SessionLimits(
        idle=timedelta(minutes=settings.session_idle_minutes), total=timedelta(hours=settings.session_hours)
    )


class WebSessionRepository:
    """Creates links and sessions, finds and ends sessions. A session that ended is deleted."""

    def __init__(self, database: Database, audit_log: AuditLogRepository) -> None:
        self._database, self._audit_log = database, audit_log

    def create_link(self, *, role: WebRole, name: str, now: datetime) -> str:
        """Create a link that signs in once, within a day. Returns its token, which is not stored."""
        token = make_token(_SIGN_IN_PREFIX)
        row = {"digest": digest_token(token), "role": role.value, "name": name, "created_at": now}
        with self._database.writing() as connection:
            connection.execute(delete(sign_in_links).where(sign_in_links.c.expires_at <= now))
            connection.execute(insert(sign_in_links).values(**row, expires_at=now + LINK_LIFETIME))
            self._audit_log.append(connection, _event("sign_in_link_created", COMMAND_LINE, now, row))
        return token

    def delete_links(self, name: str) -> None:
        """Delete the links of this name that nobody has used."""
        with self._database.writing() as connection:
            connection.execute(delete(sign_in_links).where(sign_in_links.c.name == name))

    def use_link(self, token: str, *, limits: SessionLimits, address: str | None, now: datetime) -> str | None:
        """Sign in by a link, which is deleted. Returns the session's token; None when the link is not valid."""
        if not is_well_formed(token, (_SIGN_IN_PREFIX,)):
            return None
        mine = sign_in_links.c.digest == digest_token(token)
        with self._database.writing() as connection:
            link = connection.execute(select(sign_in_links).where(mine)).mappings().first()
            if link is None or not connection.execute(delete(sign_in_links).where(mine)).rowcount:
                return None
            if link["expires_at"] <= now:
                return None
            row = {"role": link["role"], "name": link["name"], "key_id": None}
            return self._open(connection, row, limits, address, now)

    def sign_in_by_key(
        self,
        key: KeyRow,
        *,
        role: WebRole,
        limits: SessionLimits,
        address: str | None,
        now: datetime,
        issuer: str | None = None,
    ) -> str:
        """Sign in by a key or person, whom the caller has checked, for ``issuer`` if it did. Returns the token."""
        row = {"role": role.value, "name": key.name, "key_id": key.id, "issuer": issuer}
        with self._database.writing() as connection:
            return self._open(connection, row, limits, address, now)

    def find_session(self, token: str, *, limits: SessionLimits, now: datetime) -> WebSession | None:
        """The session of this token; None when there is none or it has ended, also with its key. Counts as a use."""
        if not is_well_formed(token, (_SESSION_PREFIX,)):
            return None
        with self._database.reading() as connection:
            digest = digest_token(token)
            before = and_(web_sessions.c.previous_digest == digest, web_sessions.c.rotated_at > now - _OVERLAP)
            mine = or_(web_sessions.c.digest == digest, before)
            row = connection.execute(_SESSIONS.where(mine, *_living(limits, now))).mappings().first()
        if row is None:
            return None
        if now - row["used_at"] >= _USE_GRAIN:
            with self._database.writing() as connection:
                used = update(web_sessions).where(web_sessions.c.id == row["id"]).values(used_at=now)
                connection.execute(used)
        return _session(row)

    def rotate(self, session: WebSession, token: str, *, now: datetime) -> str | None:
        """Replace the session's token when it is an hour old. Returns the new one; None when it stays.

        A token that was stolen works no longer than that, and its thief's use ends the session of the person.
        """
        if now - (session.rotated_at or session.created_at) < ROTATION:
            return None
        new, digest = make_token(_SESSION_PREFIX), digest_token(token)
        values = {"digest": digest_token(new), "previous_digest": digest, "rotated_at": now}
        with self._database.writing() as connection:
            mine = update(web_sessions).where(web_sessions.c.id == session.id, web_sessions.c.digest == digest)
            return new if connection.execute(mine.values(**values)).rowcount else None

    def list_sessions(self, *, limits: SessionLimits, now: datetime) -> tuple[WebSession, ...]:
        """Sessions that have not ended, oldest first."""
        query = _SESSIONS.where(*_living(limits, now)).order_by(web_sessions.c.created_at, web_sessions.c.id)
        with self._database.reading() as connection:
            return tuple(_session(row) for row in connection.execute(query).mappings())

    def end_session(self, session_id: str, *, actor: str, now: datetime) -> None:
        """End a session at once. Raises NotFoundError when there is none of this id."""
        with self._database.writing() as connection:
            if not connection.execute(delete(web_sessions).where(web_sessions.c.id == session_id)).rowcount:
                raise NotFoundError(f"no session {session_id}; 'policycortex ui sessions' shows all")
            self._audit_log.append(connection, _event("signed_out", actor, now, {}, subject=session_id))

    def _open(
        self, connection: Connection, row: dict[str, Any], limits: SessionLimits, address: str | None, now: datetime
    ) -> str:
        token, id_ = make_token(_SESSION_PREFIX), f"ses_{secrets.token_hex(8)}"
        ended = or_(web_sessions.c.expires_at <= now, web_sessions.c.used_at <= now - limits.idle)
        connection.execute(delete(web_sessions).where(ended))
        values = {"id": id_, "digest": digest_token(token), "created_at": now, "used_at": now}
        connection.execute(insert(web_sessions).values(**row, **values, expires_at=now + limits.total))
        actor = row["key_id"] or f"session:{id_}"
        self._audit_log.append(connection, _event("signed_in", actor, now, row, subject=id_, address=address))
        return token


_SESSIONS: Final = select(
    *(c for c in web_sessions.c if c.name not in {"digest", "previous_digest"}),
    api_keys.c.organization,
    api_keys.c.networks,
    api_keys.c.scopes,
).select_from(web_sessions.outerjoin(api_keys, api_keys.c.id == web_sessions.c.key_id))


def _living(limits: SessionLimits, now: datetime) -> tuple[Any, ...]:
    keys = api_keys.c
    return (
        web_sessions.c.expires_at > now,
        web_sessions.c.used_at > now - limits.idle,
        keys.revoked_at.is_(None),
        or_(keys.expires_at.is_(None), keys.expires_at > now),
    )


def _session(row: RowMapping) -> WebSession:
    scopes = frozenset(row["scopes"]) if row["scopes"] is not None else None
    networks = tuple(row["networks"] or ())
    return WebSession(**{**row, "role": WebRole(row["role"]), "networks": networks, "scopes": scopes})


def _event(
    action: str,
    actor: str,
    now: datetime,
    row: dict[str, Any],
    *,
    subject: str | None = None,
    address: str | None = None,
) -> AuditEvent:
    details: dict[str, Any] = {name: row[name] for name in ("role", "name", "issuer") if row.get(name) is not None}
    return AuditEvent(
        organization=NO_ORGANIZATION,
        at=now,
        action=action,
        actor=actor,
        subject=subject,
        address=address,
        details=details,
    )
