"""Grants: what an outside auditor may see, until when, and the link by which they sign in.

The end of a grant's identity, and its revocation, end the auditor's sessions as well.
"""

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, func, insert, select, update

from policycortex.errors import NotFoundError
from policycortex.period import Period, zone_of_name
from policycortex.storage.registry.base import Database
from policycortex.storage.registry.grant_tables import GRANT_PREFIX, grant_frameworks, grants
from policycortex.storage.registry.key_tables import api_keys
from policycortex.storage.registry.report_changes import ensure_organization
from policycortex.storage.registry.rows import GrantRow
from policycortex.storage.registry.tokens import digest_token, is_well_formed, make_token

_TOKEN_PREFIX: Final = "ga_"  # noqa: S105 - of tokens, no secret
_SCOPES: Final = ("reports:read",)


class GrantRepository:
    """Makes, finds and revokes grants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_grant(
        self,
        organization: str,
        *,
        name: str,
        frameworks: Collection[str],
        period: Period,
        expires_at: datetime,
        email: str | None,
        note: str,
        by: str,
        now: datetime,
    ) -> tuple[GrantRow, str]:
        """Make a grant, whose content the caller has checked. Returns it and its link's token, which is not stored."""
        id_, token = f"{GRANT_PREFIX}{secrets.token_hex(8)}", make_token(_TOKEN_PREFIX)
        identity = {"id": id_, "organization": organization, "name": name, "prefix": "", "networks": []}
        digest = digest_token(secrets.token_hex(32))  # of a secret that is thrown away
        values = {
            "starts": period.start.isoformat(),
            "ends": period.end.isoformat(),
            "timezone": period.timezone,
            "email": email.casefold() if email else None,
            "digest": digest_token(token),
            "created_by": by,
            "note": note,
        }
        with self._database.writing() as connection:
            ensure_organization(connection, organization, now)
            moments = {"created_at": now, "expires_at": expires_at}
            connection.execute(
                insert(api_keys).values(
                    **identity, **moments, scopes=list(_SCOPES), subject=f"grant:{id_}", digest=digest
                )
            )
            connection.execute(insert(grants).values(id=id_, **values))
            named = [{"grant_id": id_, "framework": framework} for framework in dict.fromkeys(frameworks)]
            connection.execute(insert(grant_frameworks), named)
            return self._load_one(connection, organization, id_), token

    def list_grants(self, organization: str, *, limit: int = 100, offset: int = 0) -> tuple[tuple[GrantRow, ...], int]:
        """A page, newest first, also ended ones; and the number of all."""
        mine = _GRANTS.where(api_keys.c.organization == organization)
        page = mine.order_by(api_keys.c.created_at.desc(), grants.c.id).limit(limit).offset(offset)
        with self._database.reading() as connection:
            total = connection.execute(select(func.count()).select_from(mine.subquery())).scalar_one()
            return _load(connection, page), int(total)

    def get_grant(self, organization: str, grant_id: str) -> GrantRow:
        """One grant. Raises NotFoundError."""
        with self._database.reading() as connection:
            return self._load_one(connection, organization, grant_id)

    def find_by_token(self, token: str) -> GrantRow | None:
        """The grant of a link's token in any state; None when there is none. The caller checks ``is_valid_at``."""
        if not is_well_formed(token, (_TOKEN_PREFIX,)):
            return None
        with self._database.reading() as connection:
            return next(iter(_load(connection, _GRANTS.where(grants.c.digest == digest_token(token)))), None)

    def list_of_person(self, email: str, *, now: datetime) -> tuple[GrantRow, ...]:
        """The valid grants of a person, of all organisations, newest first."""
        query = _GRANTS.where(grants.c.email == email.casefold()).order_by(api_keys.c.created_at.desc(), grants.c.id)
        with self._database.reading() as connection:
            return tuple(each for each in _load(connection, query) if each.is_valid_at(now))

    def revoke_grant(self, organization: str, grant_id: str, *, now: datetime) -> GrantRow:
        """End a grant at once; a second time changes nothing. Raises NotFoundError."""
        with self._database.writing() as connection:
            self._load_one(connection, organization, grant_id)
            live = update(api_keys).where(api_keys.c.id == grant_id, api_keys.c.revoked_at.is_(None))
            connection.execute(live.values(revoked_at=now))
            return self._load_one(connection, organization, grant_id)

    def _load_one(self, connection: Connection, organization: str, grant_id: str) -> GrantRow:
        query = _GRANTS.where(grants.c.id == grant_id, api_keys.c.organization == organization)
        for found in _load(connection, query):
            return found
        raise NotFoundError(f"no grant {grant_id}")


_GRANTS: Final[Select[Any]] = select(
    *(c for c in grants.c if c.name != "digest"),
    api_keys.c.organization,
    api_keys.c.name,
    api_keys.c.created_at,
    api_keys.c.expires_at,
    api_keys.c.revoked_at,
).select_from(grants.join(api_keys, api_keys.c.id == grants.c.id))


def _load(connection: Connection, query: Select[Any]) -> tuple[GrantRow, ...]:
    rows = connection.execute(query).mappings().all()
    named = select(grant_frameworks).where(grant_frameworks.c.grant_id.in_([row["id"] for row in rows]))
    frameworks = connection.execute(named.order_by(grant_frameworks.c.framework)).mappings().all() if rows else ()
    return tuple(_grant(row, frameworks) for row in rows)


def _grant(row: RowMapping, frameworks: Iterable[RowMapping]) -> GrantRow:
    values = dict(row)
    start, end = (datetime.fromisoformat(values.pop(name)) for name in ("starts", "ends"))
    return GrantRow(
        **{name: value for name, value in values.items() if name != "timezone"},
        period=Period(start=start, end=end, zone=zone_of_name(values["timezone"])),
        frameworks=tuple(each["framework"] for each in frameworks if each["grant_id"] == row["id"]),
    )
