"""Temporary download links: a random token, stored as a digest, bound to one report and format."""

import secrets
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, and_, exists, insert, or_, select, update

from policycortex.errors import NotFoundError
from policycortex.names import ReportFormat
from policycortex.security.networks import is_within_networks
from policycortex.storage.registry.base import Database
from policycortex.storage.registry.key_tables import api_keys
from policycortex.storage.registry.link_tables import download_links
from policycortex.storage.registry.rows import LinkRow
from policycortex.storage.registry.tokens import LINK_PREFIX, digest_token, is_well_formed, make_token

_COLUMNS: Final = [c for c in download_links.c if c.name != "digest"]


class LinkRepository:
    """Creates, finds and revokes links."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_link(
        self,
        *,
        organization: str,
        report_id: str,
        format: ReportFormat,  # noqa: A002 - the name in the documentation
        expires_at: datetime,
        is_one_time: bool,
        created_by: str | None,
        file_name: str | None = None,
        now: datetime | None = None,
    ) -> tuple[LinkRow, str]:
        """Create a link. Returns its row and its token, which is not stored."""
        token = make_token(LINK_PREFIX)
        row = {
            "id": f"lnk_{secrets.token_hex(8)}",
            "organization": organization,
            "report_id": report_id,
            "format": format.value,
            "created_at": now or datetime.now(UTC),
            "created_by": created_by,
            "expires_at": expires_at,
            "is_one_time": is_one_time,
            "file_name": file_name,
        }
        with self._database.writing() as connection:
            connection.execute(insert(download_links).values(**row, digest=digest_token(token)))
        return _link(row), token

    def find_link(self, token: str, *, now: datetime, address: str | None = None) -> LinkRow:
        """The link of this token.

        Raises NotFoundError when it is unknown, expired, revoked or used up, when the key that made it has ended, or
        when that key may not be used from ``address``, the caller's.
        """
        if is_well_formed(token, (LINK_PREFIX,)):
            with self._database.reading() as connection:
                query = select(*_COLUMNS).where(download_links.c.digest == digest_token(token), _has_valid_key(now))
                row = connection.execute(query).mappings().first()
                is_within = row is not None and is_within_networks(address, _networks(connection, row["created_by"]))
            if row is not None and is_within and _is_valid(link := _link(row), now):
                return link
        raise NotFoundError("the download link is unknown, has expired or was used up; ask for a new one")

    def use_link(self, link: LinkRow, *, now: datetime) -> None:
        """Write its use. Of two uses of a one-time link at the same time, one raises NotFoundError."""
        unused = [download_links.c.id == link.id, download_links.c.revoked_at.is_(None)]
        if link.is_one_time:
            unused.append(download_links.c.used_at.is_(None))
        with self._database.writing() as connection:
            if connection.execute(update(download_links).where(*unused).values(used_at=now)).rowcount != 1:
                raise NotFoundError("the download link was used up; ask for a new one")

    def release_link(self, link: LinkRow, *, used_at: datetime) -> None:
        """Undo the use of ``used_at``, whose download was not completed. No error if the link is gone."""
        mine = (download_links.c.id == link.id, download_links.c.used_at == used_at)
        with self._database.writing() as connection:
            connection.execute(update(download_links).where(*mine).values(used_at=None))

    def list_links(self, report_id: str, *, now: datetime) -> tuple[LinkRow, ...]:
        """The report's valid links, oldest first. Links of ended keys are not valid."""
        mine = (download_links.c.report_id == report_id, download_links.c.expires_at > now, _has_valid_key(now))
        query = select(*_COLUMNS).where(*mine).order_by(download_links.c.created_at, download_links.c.id)
        with self._database.reading() as connection:
            links = [_link(row) for row in connection.execute(query).mappings()]
        return tuple(link for link in links if _is_valid(link, now))

    def revoke_links(self, report_id: str, *, now: datetime | None = None) -> int:
        """Revoke all links of the report. Returns how many were not revoked before."""
        still = (download_links.c.report_id == report_id, download_links.c.revoked_at.is_(None))
        with self._database.writing() as connection:
            ended = update(download_links).where(*still).values(revoked_at=now or datetime.now(UTC))
            return connection.execute(ended).rowcount


def _has_valid_key(now: datetime) -> Any:  # noqa: ANN401 - SQLAlchemy's expression
    """The link was made for a delivery, or by a key that is neither revoked nor expired."""
    made_by = and_(
        api_keys.c.id == download_links.c.created_by,
        or_(api_keys.c.revoked_at.is_(None), api_keys.c.revoked_at > now),
        or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now),
    )
    return or_(download_links.c.created_by.is_(None), exists().where(made_by))


def _networks(connection: Connection, key_id: str | None) -> tuple[str, ...]:
    """The networks of the key; empty means any."""
    if key_id is None:
        return ()
    return tuple(connection.execute(select(api_keys.c.networks).where(api_keys.c.id == key_id)).scalar_one())


def _is_valid(link: LinkRow, now: datetime) -> bool:
    return now < link.expires_at and link.revoked_at is None and not (link.is_one_time and link.used_at is not None)


def _link(row: RowMapping | dict[str, Any]) -> LinkRow:
    values = dict(row)
    values["format"] = ReportFormat(values["format"])
    return LinkRow(**values)
