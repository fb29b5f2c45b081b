"""The cells of a filled questionnaire as openpyxl reads them: rows of values with their places, no formulas."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

import openpyxl

from policycortex.errors import Problem
from policycortex.requests.questionnaire.layout import ABOUT, ABOUT_ROWS, COLUMNS, MOST_ROWS, SHEET, cell_name, in_cell
from policycortex.requests.questionnaire.package import refused

_UNREADABLE: Final = (KeyError, ValueError, TypeError, AttributeError, IndexError, SyntaxError, OSError, EOFError)
"""What openpyxl raises for parts that are missing or broken; XML errors are syntax errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledRow:
    """One row of the sheet of requirements."""

    number: int
    """From 0."""
    texts: Sequence[str]
    """By column; a day as ``2027-01-31``, an empty cell as ``""``."""

    @property
    def has_answer(self) -> bool:
        """Whether one of the fields for people is filled in."""
        return any(text for column, text in zip(COLUMNS, self.texts, strict=True) if column.is_answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledWorkbook:
    """What the workbook says, and what is wrong with its cells."""

    about: Sequence[str]
    """Values of the sheet About, in the order of ABOUT_ROWS."""
    rows: Sequence[FilledRow]
    problems: Sequence[Problem]


def problem_at(column: int, row: int, message: str, sheet: str = SHEET) -> Problem:
    """A fault of one cell; both numbers from 0."""
    cell = cell_name(column, row)
    return Problem(field=f"{sheet}!{cell}", message=f"{in_cell(sheet, cell)}: {message}")


def read_cells(path: Path) -> FilledWorkbook:
    """The cells of a package that was checked. Raises RequestError where sheets or column heads are missing."""
    try:
        # opened here, because openpyxl leaves a file open that it cannot read
        with path.open("rb") as file, closing(openpyxl.load_workbook(file, read_only=True, keep_links=False)) as book:
            missing = [name for name in (SHEET, ABOUT) if name not in book.sheetnames]
            if missing:
                message = f"The workbook has no sheet {missing[0]!r}; export a new questionnaire and copy the answers"
                raise refused(Problem(field="workbook", message=message))
            about = [row[1] if len(row) > 1 else "" for row in _about_rows(book[ABOUT])]
            return _read_rows(book[SHEET], about)
    except _UNREADABLE as error:
        raise refused(Problem(field="workbook", message=f"The workbook cannot be read: {error}")) from error


def _about_rows(sheet: Any) -> Iterator[Sequence[str]]:  # noqa: ANN401 - openpyxl's read-only sheet has no public type
    sheet.reset_dimensions()
    found = list(sheet.iter_rows(max_row=len(ABOUT_ROWS), max_col=2, values_only=True))
    for place in range(len(ABOUT_ROWS)):
        values = found[place] if place < len(found) else ()
        yield ["" if value is None else str(value) for value in values]


def _read_rows(sheet: Any, about: Sequence[str]) -> FilledWorkbook:  # noqa: ANN401 - as above
    sheet.reset_dimensions()  # what the file declares may be wrong
    lines = sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=len(COLUMNS))
    rows, problems = [], list(_head_problems(next(lines, ())))
    if problems:
        raise refused(*problems)
    for number, line in enumerate(lines, start=1):
        if number >= MOST_ROWS:
            problems.append(problem_at(0, number, f"the sheet has more than {MOST_ROWS} rows; delete those below"))
            break
        texts = []
        for place, cell in enumerate([*line, *[None] * len(COLUMNS)][: len(COLUMNS)]):
            text, problem = _text_of(cell, place)
            texts.append(text)
            if problem:
                problems.append(problem_at(place, number, problem))
        rows.append(FilledRow(number=number, texts=texts))
    return FilledWorkbook(about=about, rows=rows, problems=problems)


def _head_problems(line: Sequence[Any]) -> Iterator[Problem]:
    found = [str(cell.value or "").strip() for cell in line]
    for place, column in enumerate(COLUMNS):
        if place >= len(found) or found[place] != column.title:
            yield problem_at(place, 0, f"the column's head must be {column.title!r}; columns keep their order")


def _text_of(cell: Any, place: int) -> tuple[str, str]:  # noqa: ANN401 - openpyxl's read-only cell, or None
    """The text of a cell, and what is wrong with it."""
    value = getattr(cell, "value", None)
    if value is None:
        return "", ""
    if cell.data_type == "f":
        return "", "has a formula; write the value"
    if cell.data_type == "e":
        return "", f"has the error {value}; write the value"
    if isinstance(value, str):
        return value.strip(), ""
    if not COLUMNS[place].is_answer and place:
        return str(value), ""  # shown only
    if COLUMNS[place].title not in {"From", "Until"}:
        return "", f"must be text, not {value!r}"
    if not isinstance(value, date):  # a datetime is a date
        return "", f"must be a day, such as 2027-01-31, not {value!r}"
    is_day = not isinstance(value, datetime) or value.time() == time()
    return value.strftime("%Y-%m-%d"), "" if is_day else "must be a day without a time, such as 2027-01-31"
