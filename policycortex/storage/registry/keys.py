"""API keys: shown once, stored as a digest, with scopes, expiry, revocation and last use."""

import ipaddress
import secrets
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, false, func, insert, or_, select, update

from policycortex.audit.chain import COMMAND_LINE, AuditEvent
from policycortex.errors import ConflictError, NotFoundError, Problem, RequestError
from policycortex.names import SANDBOX_ORGANIZATION
from policycortex.storage.registry.audit_log import AuditLogRepository
from policycortex.storage.registry.base import Database
from policycortex.storage.registry.grant_tables import GRANT_PREFIX
from policycortex.storage.registry.key_tables import LINEAGE, api_keys
from policycortex.storage.registry.link_tables import download_links
from policycortex.storage.registry.report_changes import ensure_organization
from policycortex.storage.registry.rows import KeyRow
from policycortex.storage.registry.tokens import LIVE_PREFIX, SANDBOX_PREFIX, digest_token, is_well_formed, make_token

SCOPES: Final = ("reports:read", "reports:write", "schedules:write", "frameworks:write", "findings:write", "admin")
DEFAULT_SCOPES: Final = ("reports:read", "reports:write", "schedules:write")

PERSON_PREFIX: Final = "usr_"

_USE_GRAIN: Final = timedelta(minutes=1)  # a write for each request would cost more than the request


class KeyRepository:
    """Creates, finds, rotates and revokes keys."""

    def __init__(self, database: Database, audit_log: AuditLogRepository) -> None:
        self._database, self._audit_log = database, audit_log

    def create_key(
        self,
        *,
        organization: str,
        name: str,
        scopes: Collection[str] = DEFAULT_SCOPES,
        expires_at: datetime | None = None,
        networks: Collection[str] = (),
        lineage: str | None = None,
        maker: str | None = None,
        now: datetime | None = None,
    ) -> tuple[KeyRow, str]:
        """Create a key. Returns its row and its secret, which is not stored.

        ``lineage`` is the id of the first key that it descends from by rotation; None for a first key.
        ``maker`` is the key or person whose request makes it, and has an event of its own: the new key is of the
        maker's lineage, so that it cannot approve what the maker requested. None: the command line.
        Raises RequestError on an invalid scope or network.
        """
        _check_key(name, scopes, networks)
        moment = now or datetime.now(UTC)
        token = make_token(SANDBOX_PREFIX if organization == SANDBOX_ORGANIZATION else LIVE_PREFIX)
        row = {
            "id": f"key_{secrets.token_hex(8)}",
            "organization": organization,
            "name": name,
            "prefix": token[:12],
            "scopes": sorted(set(scopes)),
            "networks": list(networks),
            "created_at": moment,
            "expires_at": expires_at,
        }
        with self._database.writing() as connection:
            ensure_organization(connection, organization, moment)
            descent = lineage or (_lineage_of(connection, maker) if maker is not None else None)
            connection.execute(insert(api_keys).values(**row, lineage=descent, digest=digest_token(token)))
            if maker is None:
                details = {"name": name, "scopes": row["scopes"]}
                event = _change(organization, "key_created", str(row["id"]), moment, details)
                self._audit_log.append(connection, event)
        return _key(row), token

    def ensure_person(
        self, *, organization: str, subject: str, name: str, scopes: Collection[str], now: datetime
    ) -> KeyRow:
        """The identity of a person who signs in without a key; created at the first sign-in.

        ``subject`` distinguishes people of the organisation; a change of name or scopes is written. It has the rights
        of a key, can request and approve, but no secret: nobody can authenticate with it. Raises RequestError.
        """
        _check_key(name, scopes, ())
        wanted = f"{organization}:{subject}"
        values = {"name": name, "scopes": sorted(set(scopes))}
        with self._database.writing() as connection:
            found = select(*_COLUMNS).where(api_keys.c.subject == wanted)
            row = connection.execute(found).mappings().first()
            if row is None:
                ensure_organization(connection, organization, now)
                id_ = f"{PERSON_PREFIX}{secrets.token_hex(8)}"
                fixed = {"id": id_, "organization": organization, "prefix": "", "networks": [], "created_at": now}
                digest = digest_token(secrets.token_hex(32))  # of a secret that is thrown away
                connection.execute(insert(api_keys).values(**fixed, **values, subject=wanted, digest=digest))
                self._audit_log.append(connection, _change(organization, "person_added", id_, now, values))
            elif (row["name"], sorted(row["scopes"])) != (name, values["scopes"]):
                connection.execute(update(api_keys).where(api_keys.c.id == row["id"]).values(**values))
                self._audit_log.append(connection, _change(organization, "person_changed", row["id"], now, values))
            return _key(connection.execute(found).mappings().one())

    def find_key(self, token: str) -> KeyRow | None:
        """The key of this secret in any state; None when there is none. The caller checks ``is_valid_at``."""
        if not is_well_formed(token, (LIVE_PREFIX, SANDBOX_PREFIX)):
            return None
        with self._database.reading() as connection:
            row = connection.execute(_BY_DIGEST, {"digest": digest_token(token)}).mappings().first()
        return _key(row) if row is not None else None

    def note_key_use(self, key: KeyRow, *, now: datetime) -> None:
        """Write the last use, accurate to a minute."""
        if key.last_used_at is not None and now - key.last_used_at < _USE_GRAIN:
            return
        with self._database.writing() as connection:
            connection.execute(update(api_keys).where(api_keys.c.id == key.id).values(last_used_at=now))

    def list_keys(self, organization: str | None = None) -> tuple[KeyRow, ...]:
        """All keys of one organisation or of all, oldest first, also ended ones, without people."""
        query = select(*_COLUMNS).where(api_keys.c.subject.is_(None)).order_by(api_keys.c.created_at, api_keys.c.id)
        if organization is not None:
            query = query.where(api_keys.c.organization == organization)
        with self._database.reading() as connection:
            return tuple(_key(row) for row in connection.execute(query).mappings())

    def list_identities(
        self, organization: str, *, are_people: bool, limit: int, offset: int
    ) -> tuple[tuple[KeyRow, ...], int]:
        """A page of the organisation's keys or people, newest first, also ended ones, and the number of all."""
        which = (
            api_keys.c.organization == organization,
            api_keys.c.id.startswith(PERSON_PREFIX) if are_people else api_keys.c.subject.is_(None),
        )
        query = select(*_COLUMNS).where(*which).order_by(api_keys.c.created_at.desc(), api_keys.c.id)
        with self._database.reading() as connection:
            total = connection.execute(select(func.count()).select_from(api_keys).where(*which)).scalar_one()
            rows = connection.execute(query.limit(limit).offset(offset)).mappings()
            return tuple(_key(row) for row in rows), int(total)

    def get_identity(self, organization: str, key_id: str) -> KeyRow:
        """The organisation's key or person of this id; no auditor's, which is a grant. Raises NotFoundError."""
        found = self.get_key(key_id)
        if found.organization != organization or found.id.startswith(GRANT_PREFIX):
            raise NotFoundError(f"no key {key_id}")
        return found

    def get_key(self, key_id: str) -> KeyRow:
        """The key of this id. Raises NotFoundError."""
        with self._database.reading() as connection:
            row = connection.execute(select(*_COLUMNS).where(api_keys.c.id == key_id)).mappings().first()
        if row is None:
            raise NotFoundError(f"no key {key_id}; 'policycortex keys list' shows all")
        return _key(row)

    def revoke_key(self, key_id: str, *, maker: str | None = None, now: datetime | None = None) -> tuple[KeyRow, int]:
        """Revoke the key and its download links; a second revocation changes nothing.

        ``maker``: as in ``create_key``. Returns the key, and the number of links that were valid until now.
        Raises NotFoundError.
        """
        key, link_count = self.get_key(key_id), 0
        with self._database.writing() as connection:
            live, moment = (api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)), now or datetime.now(UTC)
            if connection.execute(update(api_keys).where(*live).values(revoked_at=moment)).rowcount:
                link_count = _end_links(connection, key, moment)
                if maker is None:
                    details = {"name": key.name, "links_ended": link_count}
                    event = _change(key.organization, "key_revoked", key_id, moment, details)
                    self._audit_log.append(connection, event)
        return self.get_key(key.id), link_count

    def rotate_key(
        self,
        key_id: str,
        *,
        overlap: timedelta = timedelta(days=1),
        maker: str | None = None,
        now: datetime | None = None,
    ) -> tuple[KeyRow, str]:
        """A new key with the same rights; the old one ends after ``overlap``. ``maker``: as in ``create_key``.

        Raises ConflictError when it ended.
        """
        moment, old = now or datetime.now(UTC), self.get_key(key_id)
        if not old.is_valid_at(moment):
            raise ConflictError(f"key {key_id} has ended already; make a new one with 'policycortex keys create'")
        made = self.create_key(
            organization=old.organization,
            name=old.name,
            scopes=old.scopes,
            expires_at=old.expires_at,
            networks=old.networks,
            lineage=self._find_lineage(old.id),
            maker=maker,
            now=moment,
        )
        end = min(moment + overlap, old.expires_at or moment + overlap)
        with self._database.writing() as connection:
            connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(expires_at=end))
            if maker is None:
                details = {"name": old.name, "new_key": made[0].id, "old_key_ends_at": end.isoformat()}
                event = _change(old.organization, "key_rotated", key_id, moment, details)
                self._audit_log.append(connection, event)
        return made

    def _find_lineage(self, key_id: str) -> str:
        with self._database.reading() as connection:
            return _lineage_of(connection, key_id)


_COLUMNS: Final = [c for c in api_keys.c if c.name not in {"digest", "lineage", "subject"}]
_BY_DIGEST: Final = select(*_COLUMNS).where(api_keys.c.digest == bindparam("digest"))


def _lineage_of(connection: Connection, key_id: str) -> str:
    return str(connection.execute(select(LINEAGE).where(api_keys.c.id == key_id)).scalar_one())


def _end_links(connection: Connection, key: KeyRow, moment: datetime) -> int:
    """Revoke the key's links; how many of them were still valid."""
    links = download_links.c
    mine = (links.created_by == key.id, links.revoked_at.is_(None), links.expires_at > moment)
    unused = or_(links.is_one_time.is_(False), links.used_at.is_(None))
    if not key.is_valid_at(moment - timedelta(microseconds=1)):
        unused = false()  # they ended with the key when it expired
    return connection.execute(update(download_links).where(*mine, unused).values(revoked_at=moment)).rowcount


def _key(row: RowMapping | dict[str, Any]) -> KeyRow:
    values = dict(row)
    values["scopes"], values["networks"] = frozenset(values["scopes"]), tuple(values["networks"])
    return KeyRow(**values)


def _change(organization: str, action: str, key_id: str, moment: datetime, details: Mapping[str, Any]) -> AuditEvent:
    return AuditEvent(
        organization=organization, at=moment, action=action, actor=COMMAND_LINE, subject=key_id, details=details
    )


def _check_key(name: str, scopes: Collection[str], networks: Collection[str]) -> None:
    problems = [
        Problem(field="scopes", message=f"{scope!r} is not a scope; choose from {', '.join(SCOPES)}")
        for scope in sorted(set(scopes) - set(SCOPES))
    ]
    if not name.strip():
        problems.append(Problem(field="name", message="A key needs a name that tells what it is for"))
    if not scopes:
        problems.append(Problem(field="scopes", message="A key needs at least one scope"))
    problems += [
        Problem(field="networks", message=f"{n!r} is not an address or CIDR block")
        for n in networks
        if not _is_network(n)
    ]
    if problems:
        raise RequestError(f"cannot make the key: {problems[0].message}", details=tuple(problems))


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
