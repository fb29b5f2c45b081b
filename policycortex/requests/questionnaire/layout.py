"""Sheets, columns and words of the questionnaire, for the one who writes it and the one who reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from policycortex.scoring.attestations import Statement

SHEET: Final = "Requirements"
ABOUT: Final = "About"
VERSION: Final = "1"
"""Of the layout; a reader refuses others."""

MOST_ROWS: Final = 25_000
"""Rows of the sheet that are read; a framework has at most 20,000 requirements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionColumn:
    """A column of the sheet of requirements."""

    title: str
    width: int
    field: str = ""
    """Of the request's body that it answers; empty: the column is there to be read by people."""
    is_answer: bool = False
    """Whether people fill it in."""
    prompt: str = ""
    """What to fill in."""


COLUMNS: Final = (
    QuestionColumn(title="Requirement", width=16, field="scope.requirements"),
    QuestionColumn(title="Title", width=44),
    QuestionColumn(title="Section", width=24),
    QuestionColumn(title="Scanners", width=20),
    QuestionColumn(title="Guidance", width=60),
    QuestionColumn(
        title="Statement", width=16, field="statement", is_answer=True,
        prompt="Met, Not met or Not applicable. Leave the whole row empty where you cannot tell.",
    ),
    QuestionColumn(
        title="Reason", width=60, field="reason", is_answer=True,
        prompt="Why, in words that an auditor understands: what was done, by whom, and when.",
    ),
    QuestionColumn(
        title="From", width=13, field="from", is_answer=True,
        prompt="First day, such as 2027-01-31. Empty: the day of the import.",
    ),
    QuestionColumn(
        title="Until", width=13, field="until", is_answer=True,
        prompt="Last day, such as 2027-12-31: when it must be reviewed again. Three years at most.",
    ),
    QuestionColumn(
        title="Role", width=26, field="role", is_answer=True,
        prompt="The role in which you state this, such as Head of IT security. Reports name it.",
    ),
    QuestionColumn(
        title="Accounts", width=26, field="scope.accounts", is_answer=True,
        prompt="Where it holds: accounts, projects or clusters, separated by semicolons. Empty: everywhere.",
    ),
    QuestionColumn(
        title="Environments", width=22, field="scope.environments", is_answer=True,
        prompt="Where it holds: environments, separated by semicolons. Empty: everywhere.",
    ),
)  # fmt: skip

STATEMENTS: Final[Mapping[str, Statement]] = MappingProxyType(
    {"Met": Statement.MET, "Not met": Statement.NOT_MET, "Not applicable": Statement.NOT_APPLICABLE}
)
"""The words of the drop-down."""

ABOUT_ROWS: Final = ("Layout", "Framework", "Framework version", "Organization", "Exported")
"""Labels in column A of the sheet About, from the first row on; column B has the values."""


def cell_name(column: int, row: int) -> str:
    """``D14``; both from 0, columns at most 26."""
    return f"{chr(ord('A') + column)}{row + 1}"


def in_cell(sheet: str, cell: str) -> str:
    """How messages name a cell."""
    return f"Sheet {sheet!r}, cell {cell}"
