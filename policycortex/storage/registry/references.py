"""Stored files and lake snapshots that reports refer to; garbage collection keeps them."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, select

from policycortex.names import ReportStatus
from policycortex.storage.registry.attestations import attestation_evidence
from policycortex.storage.registry.base import Database
from policycortex.storage.registry.tables import report_artifacts, report_files, reports

_OPEN = (ReportStatus.PENDING.value, ReportStatus.RUNNING.value)
_GONE = (ReportStatus.EXPIRED.value,)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFiles:
    """The stored files of one report, or the evidence of one attestation."""

    is_open: bool
    """True while the report may still store files."""
    keys: frozenset[str]


class ReferenceRepository:
    """Loads references for garbage collection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load_report_files(self, report_ids: Collection[str]) -> dict[str, ReportFiles]:
        """By id of a report or attestation, without deleted, expired and unknown reports. At most some hundred ids.

        Evidence of revoked and expired attestations stays: reports of earlier periods show it.
        """
        with self._database.reading() as connection:
            living = (
                select(reports.c.id, reports.c.status)
                .where(reports.c.id.in_(report_ids))
                .where(reports.c.deleted_at.is_(None), reports.c.status.not_in(_GONE))
            )
            statuses = {row.id: row.status for row in connection.execute(living)}
            rows = [
                row
                for table in (report_artifacts, report_files)
                for row in connection.execute(
                    select(table.c.report_id, table.c.key).where(table.c.report_id.in_(report_ids))
                )
            ]
            evidence = connection.execute(
                select(attestation_evidence.c.attestation_id, attestation_evidence.c.key).where(
                    attestation_evidence.c.attestation_id.in_(report_ids)
                )
            ).all()
        attached: dict[str, set[str]] = {}
        for row in evidence:
            attached.setdefault(row.attestation_id, set()).add(row.key)
        keys: dict[str, set[str]] = {}
        for row in rows:
            keys.setdefault(row.report_id, set()).add(row.key)
        return {
            id_: ReportFiles(is_open=status in _OPEN, keys=frozenset(keys.get(id_, ())))
            for id_, status in statuses.items()
        } | {id_: ReportFiles(is_open=False, keys=frozenset(files)) for id_, files in attached.items()}

    def load_pinned_snapshots(self) -> frozenset[str]:
        """Lake snapshots of reports that are neither deleted nor expired; a report is made again from its snapshot."""
        query = select(reports.c.snapshot).distinct()
        query = query.where(reports.c.snapshot.is_not(None), reports.c.deleted_at.is_(None))
        query = query.where(reports.c.status.not_in(_GONE))
        with self._database.reading() as connection:
            return frozenset(row.snapshot for row in connection.execute(query)) | _ordered_snapshots(connection)


def _ordered_snapshots(connection: Connection) -> frozenset[str]:
    """Snapshots that open reports will be made from."""
    query = select(reports.c.order).where(reports.c.status.in_(_OPEN), reports.c.deleted_at.is_(None))
    bases = (row.order.get("basis") for row in connection.execute(query))
    return frozenset(basis["snapshot"] for basis in bases if basis is not None)
