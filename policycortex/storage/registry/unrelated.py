"""Findings that count towards no requirement, per organisation and framework, as of the newest scored day.

The scoring writes them; the answer to a report request reads them, so that it does not open the lake.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final

from sqlalchemy import Column, String, Table, bindparam, delete, insert, select

from policycortex.storage.registry.base import Database, JsonColumn, metadata

unrelated_findings = Table(
    "unrelated_findings",
    metadata,
    Column("organization", String(64), primary_key=True),
    Column("framework_id", String(100), primary_key=True),
    Column("as_of", String(10), nullable=False),
    Column("providers", JsonColumn, nullable=False),
)

_ROW: Final = select(unrelated_findings.c.as_of, unrelated_findings.c.providers).where(
    unrelated_findings.c.organization == bindparam("organization"),
    unrelated_findings.c.framework_id == bindparam("framework_id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrelatedRow:
    """The findings of one provider that count towards no requirement of one framework."""

    provider: str
    findings: int
    """Those that do not count."""
    total: int
    """All of the provider."""
    is_outside: bool
    """The framework is written for other providers."""
    checks: tuple[str, ...]
    """The first of their checks."""
    checks_total: int


class UnrelatedRepository:
    """Stores the counts of the newest scored day."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace_rows(self, organization: str, as_of: date, frameworks: Mapping[str, Sequence[UnrelatedRow]]) -> None:
        """Replace what is stored of the organisation, unless that is of a later day."""
        own = unrelated_findings.c.organization == organization
        rows = [
            {
                "organization": organization,
                "framework_id": framework_id,
                "as_of": as_of.isoformat(),
                "providers": [asdict(row) for row in providers],
            }
            for framework_id, providers in frameworks.items()
        ]
        with self._database.writing() as connection:
            newest = connection.execute(select(unrelated_findings.c.as_of).where(own).limit(1)).scalar()
            if newest is not None and date.fromisoformat(newest) > as_of:
                return
            connection.execute(delete(unrelated_findings).where(own))
            if rows:
                connection.execute(insert(unrelated_findings), rows)

    def find_rows(self, organization: str, framework_id: str) -> tuple[date, tuple[UnrelatedRow, ...]] | None:
        """The day, and the providers with such findings, most first; None where nothing was stored."""
        with self._database.reading() as connection:
            row = connection.execute(_ROW, {"organization": organization, "framework_id": framework_id}).first()
        if row is None:
            return None
        providers = tuple(UnrelatedRow(**(each | {"checks": tuple(each["checks"])})) for each in row.providers)
        return date.fromisoformat(row.as_of), providers
