"""Milestones of an item: the statements of people, each with those that replaced or completed it, as steps."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from policycortex.documents.milestones import MilestoneChange, StatedMilestone
from policycortex.documents.poam import Milestone, MilestoneStatement, PoamItem


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneRow:
    """A step of people, for pages: as its newest statement says."""

    number: str
    """Of the item."""
    title: str
    due_on: date | None
    done_on: date | None
    signature: str
    """Who stated it last."""
    stated_on: date


def milestone_rows(items: Iterable[PoamItem]) -> tuple[MilestoneRow, ...]:
    """The steps of people, by item; steps that every item has are left out."""
    return tuple(
        MilestoneRow(
            number=item.number,
            title=step.title,
            due_on=step.due_on,
            done_on=step.done_on,
            signature=step.statements[-1].signature,
            stated_on=step.statements[-1].made_at.date(),
        )
        for item in items
        for step in item.milestones
        if step.statements
    )


def stated_steps(stated: Sequence[StatedMilestone]) -> tuple[Milestone, ...]:
    """A step for each new milestone in the order in which they were stated, with what was stated of it later."""
    later = {each.earlier: each for each in stated if each.earlier is not None}
    first = sorted((each for each in stated if each.earlier is None), key=lambda each: (each.made_at, each.id))
    return tuple(_step(tuple(_chain(each, later))) for each in first)


def _chain(first: StatedMilestone, later: Mapping[str, StatedMilestone]) -> Iterator[StatedMilestone]:
    found: StatedMilestone | None = first
    while found is not None:
        yield found
        found = later.get(found.id)


def _step(chain: Sequence[StatedMilestone]) -> Milestone:
    planned = next(each for each in reversed(chain) if each.change is not MilestoneChange.COMPLETED)
    return Milestone(
        title=planned.text, due_on=planned.due_on, done_on=chain[-1].done_on, statements=tuple(map(_statement, chain))
    )


def _statement(stated: StatedMilestone) -> MilestoneStatement:
    return MilestoneStatement(
        id=stated.id,
        change=stated.change,
        text=stated.text,
        due_on=stated.due_on,
        done_on=stated.done_on,
        author=stated.author,
        author_name=stated.author_name,
        author_role=stated.author_role,
        made_at=stated.made_at,
    )


def planned_lines(item: PoamItem) -> tuple[str, ...]:
    """Each milestone as it was first planned: ``Milestone 3: Review the policy by 2026-12-31``."""
    return tuple(
        f"Milestone {place}: {_by_day(step.statements[0] if step.statements else step)}"
        for place, step in enumerate(item.milestones, start=1)
    )


def change_lines(item: PoamItem) -> tuple[str, ...]:
    """What people stated of milestones, by milestone, oldest first, with day and author."""
    return tuple(
        f"Milestone {place} {_change(statement)} by {statement.signature} on {statement.made_at.date()}"
        for place, step in enumerate(item.milestones, start=1)
        for statement in step.statements
    )


def _change(statement: MilestoneStatement) -> str:
    match statement.change:
        case None:
            return "added"
        case MilestoneChange.REPLACED:
            return f"replaced ({_by_day(statement)})"
        case MilestoneChange.COMPLETED:
            return f"completed on {statement.done_on} ({statement.text}), stated"


def _by_day(step: Milestone | MilestoneStatement) -> str:
    text = step.title if isinstance(step, Milestone) else step.text
    return f"{text} by {step.due_on}" if step.due_on else text
