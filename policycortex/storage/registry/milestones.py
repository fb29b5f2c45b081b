"""Milestones of plans of action in the registry. Rows are added, and never changed or removed."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Date,
    ForeignKey,
    Index,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    func,
    select,
)

from policycortex.documents.milestones import MilestoneChange, StatedMilestone
from policycortex.errors import ConflictError, NotFoundError
from policycortex.storage.registry.approvals import ROLE_LENGTH
from policycortex.storage.registry.base import Database, UtcDateTime, insert_for, metadata
from policycortex.storage.registry.report_changes import ensure_organization

poam_milestones = Table(
    "poam_milestones",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organization", String(64), ForeignKey("organizations.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("framework", String(100)),
    Column("requirement", Text),
    Column("text", Text, nullable=False),
    Column("due_on", Date),
    Column("done_on", Date),
    Column("earlier", String(32)),
    Column("change", String(16)),
    Column("author", String(64), nullable=False),
    Column("author_name", Text, nullable=False),
    Column("author_role", String(ROLE_LENGTH)),
    Column("made_at", UtcDateTime, nullable=False),
    Index("ix_poam_milestones_made", "organization", "number", "made_at", "id"),
    Index("uq_poam_milestones_earlier", "earlier", unique=True),
)
_OWN: Final = poam_milestones.c


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneFilter:
    """Which milestones of an organisation; None: all."""

    number: int | None = None
    framework: str | None = None
    requirement: str | None = None
    made_until: datetime | None = None
    """Stated then or before."""
    made_before: datetime | None = None

    def clauses(self, organization: str) -> list[Any]:
        """Conditions of SQL."""
        found: list[Any] = [_OWN.organization == organization]
        for column, value in (
            (_OWN.number, self.number),
            (_OWN.framework, self.framework),
            (_OWN.requirement, self.requirement),
        ):
            found += [] if value is None else [column == value]
        if self.made_until is not None:
            found.append(_OWN.made_at <= self.made_until)
        if self.made_before is not None:
            found.append(_OWN.made_at < self.made_before)
        return found


class MilestoneRepository:
    """Adds and lists milestones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_milestone(
        self,
        organization: str,
        *,
        number: int,
        framework: str | None,
        requirement: str | None,
        text: str,
        due_on: date,
        by: str,
        name: str,
        role: str | None,
        now: datetime,
    ) -> StatedMilestone:
        """Add a new milestone of ``by``, whose name is ``name``. The caller has checked that the item exists."""
        made = StatedMilestone(
            id=_new_id(), organization=organization, number=number, framework=framework, requirement=requirement,
            text=text, due_on=due_on, done_on=None, earlier=None, change=None, author=by, author_name=name,
            author_role=role, made_at=now,
        )  # fmt: skip
        with self._database.writing() as connection:
            ensure_organization(connection, organization, now)
            _insert(connection, made)
        return made

    def change_milestone(
        self,
        organization: str,
        earlier: str,
        change: MilestoneChange,
        *,
        text: str,
        due_on: date | None,
        done_on: date | None,
        by: str,
        name: str,
        role: str | None,
        now: datetime,
    ) -> StatedMilestone:
        """Add a milestone of the same item that completes or replaces ``earlier``.

        Raises NotFoundError; ConflictError where another one has done so, or ``earlier`` is a completion.
        """
        with self._database.writing() as connection:
            before = _get(connection, organization, earlier)
            if before.change is MilestoneChange.COMPLETED:
                raise ConflictError(f"{earlier} says that {before.earlier} was completed; add a new milestone")
            made = StatedMilestone(
                id=_new_id(), organization=organization, number=before.number, framework=before.framework,
                requirement=before.requirement, text=text, due_on=due_on, done_on=done_on, earlier=earlier,
                change=change, author=by, author_name=name, author_role=role, made_at=now,
            )  # fmt: skip
            if not _insert(connection, made):
                query = select(_OWN.id, _OWN.change).where(_OWN.earlier == earlier)
                other, done = connection.execute(query).one()
                raise ConflictError(f"{earlier} was {done} already, by {other}")
        return made

    def get_milestone(self, organization: str, milestone_id: str) -> StatedMilestone:
        """The organisation's milestone of this id. Raises NotFoundError."""
        with self._database.reading() as connection:
            return _get(connection, organization, milestone_id)

    def list_milestones(
        self, organization: str, wanted: MilestoneFilter, *, limit: int | None = None, offset: int = 0
    ) -> tuple[StatedMilestone, ...]:
        """Milestones of the organisation, newest first."""
        query = select(poam_milestones).where(*wanted.clauses(organization))
        query = query.order_by(_OWN.made_at.desc(), _OWN.id).limit(limit).offset(offset)
        with self._database.reading() as connection:
            return tuple(_milestone(row) for row in connection.execute(query).mappings())

    def changes_of(self, organization: str, milestone_ids: Iterable[str]) -> dict[str, MilestoneChange]:
        """What a later milestone did to each of these; without those that stand as they are."""
        query = select(_OWN.earlier, _OWN.change).where(
            _OWN.organization == organization, _OWN.earlier.in_(list(milestone_ids))
        )
        with self._database.reading() as connection:
            return {earlier: MilestoneChange(change) for earlier, change in connection.execute(query)}

    def count_milestones(self, organization: str, wanted: MilestoneFilter) -> int:
        """The number of milestones that ``list_milestones`` returns without a limit."""
        query = select(func.count()).select_from(poam_milestones).where(*wanted.clauses(organization))
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())


def _new_id() -> str:
    return f"mst_{secrets.token_hex(8)}"


def _get(connection: Connection, organization: str, milestone_id: str) -> StatedMilestone:
    query = select(poam_milestones).where(_OWN.organization == organization, _OWN.id == milestone_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFoundError(f"no milestone {milestone_id}")
    return _milestone(row)


def _insert(connection: Connection, made: StatedMilestone) -> bool:
    """False: another milestone names the same earlier one."""
    values = {column.name: getattr(made, column.name) for column in _OWN}
    added = (
        insert_for(connection.dialect.name, poam_milestones)
        .values(values)
        .on_conflict_do_nothing(index_elements=[_OWN.earlier])
    )
    return bool(connection.execute(added).rowcount)


def _milestone(row: RowMapping) -> StatedMilestone:
    change = row["change"]
    return StatedMilestone(**{**row, "change": None if change is None else MilestoneChange(change)})
