"""Removes records of what ended long ago: events, alerts, links, uploads, and ticks of schedules without a report.

Reports, deliveries with their attempts and the ticks that made reports stay: they prove what was reported and sent.
The rule of each table is in ``docs/operations.md``.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, delete, exists, func, or_, select

from policycortex.storage.registry.alert_tables import DELIVERY, REPORT, TICK, alerts
from policycortex.storage.registry.base import Database
from policycortex.storage.registry.event_tables import events
from policycortex.storage.registry.link_tables import download_links
from policycortex.storage.registry.schedule_tables import schedule_ticks
from policycortex.storage.registry.uploads import uploads

_ONCE: Final = (DELIVERY, REPORT, TICK)
"""Kinds of alerts whose cause cannot come back. The key of another one prevents a second alert of the same cause."""

_later = alerts.alias("later")


class HistoryRepository:
    """Counts and removes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remove_before(self, before: datetime, *, is_dry_run: bool = False) -> int:
        """Remove what ended before that time; in a dry run nothing. Returns the number of rows."""
        if is_dry_run:
            with self._database.reading() as connection:
                counts = (select(func.count()).select_from(table).where(old) for table, old in _old_rows(before))
                return sum(int(connection.execute(count).scalar_one()) for count in counts)
        removed = 0
        for table, old in _old_rows(before):
            with self._database.writing() as connection:  # one transaction each: others write meanwhile
                removed += connection.execute(delete(table).where(old)).rowcount
        return removed


def _old_rows(before: datetime) -> tuple[tuple[Table, Any], ...]:
    ended = alerts.c.ended_at < before
    # the alerts of a report and connection are numbered: all go at once, so that no number is given a second time
    has_later = exists().where(
        _later.c.report_id == alerts.c.report_id, or_(_later.c.ended_at.is_(None), _later.c.ended_at >= before)
    )
    return (
        (events, events.c.ended_at < before),
        (alerts, ended & alerts.c.kind.in_(_ONCE) & ~has_later),
        (download_links, or_(download_links.c.expires_at < before, download_links.c.revoked_at < before)),
        (uploads, uploads.c.ended_at < before),
        (schedule_ticks, (schedule_ticks.c.claimed_at < before) & schedule_ticks.c.report_id.is_(None)),
    )
