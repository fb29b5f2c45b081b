"""Comments of reviewers on requirements."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementComment:
    """One comment. It is never changed; a correction is another comment. All times are UTC."""

    id: str
    organization: str
    framework: str
    requirement: str
    """Canonical id."""
    text: str
    as_of: datetime
    """The time that it is about: the posture at the last moment before it."""
    author: str
    """Id of the key, person or grant, or who it was at the command line."""
    author_name: str
    """Name of that identity when the comment was made."""
    author_role: str | None
    """The role in which the author acted; None where none was given."""
    made_at: datetime

    @property
    def signature(self) -> str:
        """Name and role of the author, for readers."""
        return f"{self.author_name} ({self.author_role})" if self.author_role else self.author_name
