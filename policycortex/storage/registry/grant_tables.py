"""Tables of grants, and which reports a grant shows. A grant is an identity of ``api_keys`` without a key."""

from typing import Any, Final

from sqlalchemy import Column, ColumnElement, ForeignKey, String, Table, Text, exists

from policycortex.names import ReportStatus
from policycortex.storage.registry.base import metadata
from policycortex.storage.registry.tables import reports

GRANT_PREFIX: Final = "aud_"
"""Of the ids of grants. It tells a grant from a key wherever a reader's id is given."""

grants = Table(
    "grants",
    metadata,
    Column("id", String(32), ForeignKey("api_keys.id"), primary_key=True),
    Column("starts", String(40), nullable=False),  # ISO 8601 in UTC as in requests, so that both compare as texts
    Column("ends", String(40), nullable=False),
    Column("timezone", String(64), nullable=False),
    Column("email", String(320), index=True),  # casefolded; NULL: the link alone signs in
    Column("digest", String(64), nullable=False, unique=True),  # of the link's token
    Column("created_by", String(32), nullable=False),
    Column("note", Text, nullable=False),
)

grant_frameworks = Table(
    "grant_frameworks",
    metadata,
    Column("grant_id", String(32), ForeignKey("grants.id"), primary_key=True),
    Column("framework", String(64), primary_key=True),
)


def is_granted(grant_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """The report of the enclosing statement is a completed one on a framework and within the period of the grant.

    Restricted reports, and reports on several frameworks or none, are in no grant.
    """
    ordered = reports.c.order["period"]
    within = (
        grants.c.id == grant_id,
        grant_frameworks.c.grant_id == grants.c.id,
        grant_frameworks.c.framework == reports.c.framework,
        ordered["start"].as_string() >= grants.c.starts,
        ordered["end"].as_string() <= grants.c.ends,
    )
    ended = (reports.c.status == ReportStatus.COMPLETED.value, reports.c.is_restricted.is_(False))
    return exists().where(*within).correlate(reports) & ended[0] & ended[1]
