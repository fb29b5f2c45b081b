"""Milestones of plans of action that people state."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class MilestoneChange(StrEnum):
    """What a milestone does to the earlier one that it names."""

    COMPLETED = "completed"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedMilestone:
    """One statement of a milestone. It is never changed: a later one completes or replaces it. Times are UTC."""

    id: str
    organization: str
    number: int
    """Of the weakness."""
    framework: str | None
    """None: the milestone is of the weakness, whatever the requirement."""
    requirement: str | None
    """Canonical id; None as ``framework``."""
    text: str
    """One line."""
    due_on: date | None
    """None: it completes an earlier one."""
    done_on: date | None
    """The day of completion; None: it completes none."""
    earlier: str | None
    """Id of the milestone that it completes or replaces."""
    change: MilestoneChange | None
    """What it does to ``earlier``; None: it is a new milestone."""
    author: str
    """Id of the key or person, or who it was at the command line."""
    author_name: str
    """Name of that identity when the milestone was stated."""
    author_role: str | None
    """The role in which the author acted; None where none was given."""
    made_at: datetime

    @property
    def signature(self) -> str:
        """Name and role of the author, for readers."""
        return f"{self.author_name} ({self.author_role})" if self.author_role else self.author_name
