"""Which reports a key may see: a restricted one is seen by the key that requested it and by those it is shared with.

A key is the same reader before and after a rotation.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, or_, select

from policycortex.storage.registry.key_tables import same_lineage
from policycortex.storage.registry.tables import report_shares, reports


def is_visible_to(reader: str | ColumnElement[str]) -> ColumnElement[bool]:
    """The report of the enclosing statement may be seen by the key ``reader``."""
    mine = same_lineage(reader)
    shared = exists().where(report_shares.c.report_id == reports.c.id, report_shares.c.key_id.in_(mine))
    # without the first part, NULL IN (...) is NULL, and so is its negation: the report would not be among hidden ones
    is_own = and_(reports.c.created_by.is_not(None), reports.c.created_by.in_(mine))
    return or_(reports.c.is_restricted.is_(False), is_own, shared)


def hidden_reports(organization: str, reader: str) -> Select[tuple[str]]:
    """Ids of the organisation's reports that the key may not see: few, because only restricted ones are hidden."""
    restricted = (reports.c.organization == organization, reports.c.is_restricted)
    return select(reports.c.id).where(*restricted, ~is_visible_to(bindparam("reader", reader)))


def hidden_among(connection: Connection, report_ids: Collection[str], reader: str | None) -> frozenset[str]:
    """Those of the reports that the key may not see. ``reader`` None sees all."""
    if reader is None or not report_ids:
        return frozenset()
    query = select(reports.c.id).where(reports.c.id.in_(report_ids), ~is_visible_to(bindparam("reader", reader)))
    return frozenset(connection.execute(query).scalars())
