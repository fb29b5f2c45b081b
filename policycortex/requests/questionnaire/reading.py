"""From a filled questionnaire to checked requests for attestations: all of them, or one error that names every cell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from policycortex.errors import Problem, RequestError
from policycortex.field_types import did_you_mean
from policycortex.frameworks.model import Framework
from policycortex.requests.approval_body import day_as_moment
from policycortex.requests.attestation_body import AttestationRequest, parse_attestation
from policycortex.requests.questionnaire.cells import FilledRow, FilledWorkbook, problem_at, read_cells
from policycortex.requests.questionnaire.layout import ABOUT, COLUMNS, STATEMENTS, VERSION, cell_name
from policycortex.requests.questionnaire.package import check_questionnaire_package, refused

_MOST_PROBLEMS: Final = 1000
_PLACES: Final = {column.field: place for place, column in enumerate(COLUMNS) if column.field}
_LISTS: Final = ("scope.accounts", "scope.environments")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredRow:
    """One answered row."""

    request: AttestationRequest
    has_start: bool
    """Whether the first day was given; otherwise it is the time of the import."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledQuestionnaire:
    """A whole questionnaire without faults."""

    answered: tuple[AnsweredRow, ...]
    """In the order of the rows."""
    empty: int
    """Rows with a requirement and no answer."""


def read_questionnaire(path: Path, framework: Framework, *, organization: str, now: datetime) -> FilledQuestionnaire:
    """The answers. Raises RequestError whose details name every problem with its cell, up to 1000 of them."""
    check_questionnaire_package(path)
    book = read_cells(path)
    problems = [*_about_problems(book, framework, organization), *book.problems]
    spellings, stated = framework.requirement_by_spelling(), dict[tuple[str, ...], int]()
    faulty, answered, empty = {each.field for each in book.problems}, list[AnsweredRow](), 0
    for row in book.rows:
        if not row.has_answer:
            empty += bool(row.texts[0])
            continue
        body, found = _body_of(row, framework)
        wrong = [each for each in found if each.field not in faulty]
        problems += wrong
        if (first := stated.setdefault(_subject(row, spellings), row.number)) != row.number:
            message = f"the requirement is answered for the same places in {cell_name(0, first)} already"
            problems.append(problem_at(0, row.number, message))
        try:
            request = parse_attestation(body, now=now, frameworks={framework.id: framework})
            answered.append(AnsweredRow(request=request, has_start="from" in body))
        except RequestError as error:
            named = faulty | {each.field for each in wrong}
            problems += [each for each in _named(error, row, body) if each.field not in named]
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        rest = (Problem(field="workbook", message=f"{more} more problems are not listed"),) if more > 0 else ()
        raise refused(*problems[:_MOST_PROBLEMS], *rest)
    if not answered:
        raise refused(Problem(field="workbook", message="The workbook has no answers: fill in the column Statement"))
    return FilledQuestionnaire(answered=tuple(answered), empty=empty)


def _about_problems(book: FilledWorkbook, framework: Framework, organization: str) -> Iterator[Problem]:
    layout, framework_id, _, exported_for, _ = book.about
    if layout != VERSION:
        yield problem_at(1, 0, f"the layout is {layout!r}, not {VERSION!r}; export a new questionnaire", ABOUT)
    if framework_id != framework.id:
        yield problem_at(1, 1, f"the questionnaire is of framework {framework_id!r}, not {framework.id!r}", ABOUT)
    if exported_for != organization:
        message = f"the questionnaire is of organization {exported_for!r}, not {organization!r}"
        yield problem_at(1, 3, message, ABOUT)


def _body_of(row: FilledRow, framework: Framework) -> tuple[dict[str, Any], list[Problem]]:
    """The body of the request that the row means, and what the row has no request for."""
    texts = {column.field: text for column, text in zip(COLUMNS, row.texts, strict=True) if column.field}
    problems, statement = [], _statement_of(texts["statement"])
    if statement is None:
        given = texts["statement"]
        message = f"{given!r} is not one of {', '.join(STATEMENTS)}{did_you_mean(given, STATEMENTS)}"
        message = message if given else f"choose one of {', '.join(STATEMENTS)}, or clear the row"
        problems.append(problem_at(_PLACES["statement"], row.number, message))
    if not texts["scope.requirements"]:
        problems.append(problem_at(0, row.number, "the requirement is missing"))
    scope: dict[str, Any] = {"framework": framework.id, "requirements": [texts["scope.requirements"] or "?"]}
    scope |= {field.partition(".")[2]: _names(texts[field]) for field in _LISTS}
    body: dict[str, Any] = {"statement": statement or "met", "scope": scope, "reason": texts["reason"]}
    body |= {"role": texts["role"]} if texts["role"] else {}
    body |= {"from": day_as_moment(texts["from"], is_end=False)} if texts["from"] else {}
    body |= {"until": day_as_moment(texts["until"], is_end=True)} if texts["until"] else {}
    return body, problems


def _statement_of(text: str) -> str | None:
    plain = " ".join(text.replace("_", " ").casefold().split())
    return next((value.value for word, value in STATEMENTS.items() if word.casefold() == plain), None)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.replace("\n", ";").split(";") if name.strip()]


def _subject(row: FilledRow, spellings: Mapping[str, str]) -> tuple[str, ...]:
    """What the row is about: two rows about the same are refused."""
    id_ = spellings.get(row.texts[0].casefold(), row.texts[0])
    return (id_, *(";".join(sorted(set(_names(row.texts[_PLACES[field]])))) for field in _LISTS))


def _named(error: RequestError, row: FilledRow, body: Mapping[str, Any]) -> Iterator[Problem]:
    """The problems of a request, each at the cell of its field."""
    for each in error.details:
        place = next((place for field, place in _PLACES.items() if each.field.startswith(field)), 0)
        message = each.message
        if each.field == "until" and "until" not in body:
            message = "the last day is missing, such as 2027-12-31"
        elif each.field in {"from", "until"} and "must be" in message.lower() and "time zone" in message:
            message = f"{row.texts[place]!r} is not a day such as 2027-12-31"
        yield problem_at(place, row.number, message)
