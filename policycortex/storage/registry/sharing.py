"""Who in an organisation may read a report."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from policycortex.errors import Problem, RequestError
from policycortex.storage.registry.base import Database
from policycortex.storage.registry.key_tables import api_keys
from policycortex.storage.registry.link_tables import download_links
from policycortex.storage.registry.report_queries import load_report
from policycortex.storage.registry.rows import ReportRow, Sharing
from policycortex.storage.registry.tables import report_shares, reports


class SharingRepository:
    """Changes who may read a report."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def share_report(self, organization: str, report_id: str, sharing: Sharing, *, now: datetime) -> ReportRow:
        """Replace who may read it; links that are no longer allowed are revoked. Raises NotFoundError, RequestError."""
        key_ids = sharing.key_ids or ()
        with self._database.writing() as connection:
            load_report(connection, report_id, organization=organization)
            own = select(api_keys.c.id).where(api_keys.c.organization == organization, api_keys.c.id.in_(key_ids))
            _check_known(key_ids, set(connection.execute(own).scalars()))
            connection.execute(delete(report_shares).where(report_shares.c.report_id == report_id))
            for key_id in key_ids:
                connection.execute(insert(report_shares).values(report_id=report_id, key_id=key_id))
            values = {"sharing": asdict(sharing), "is_restricted": sharing.key_ids is not None}
            connection.execute(update(reports).where(reports.c.id == report_id).values(values))
            if not sharing.are_links_allowed:
                still = (download_links.c.report_id == report_id, download_links.c.revoked_at.is_(None))
                connection.execute(update(download_links).where(*still).values(revoked_at=now))
            return load_report(connection, report_id)


def _check_known(key_ids: tuple[str, ...], own: set[str]) -> None:
    problems = tuple(
        Problem(field=f"keys.{index}", message=f"No key {key_id!r} in this organisation")
        for index, key_id in enumerate(key_ids)
        if key_id not in own
    )
    if problems:
        raise RequestError("Report configuration validation failed", details=problems)
