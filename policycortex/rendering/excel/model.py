"""What sheets of the workbook are made of, and the ways that lead from one to another. Writes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.names import Severity
from policycortex.rendering.excel.tables import Cell, Column, Link, Tint


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table of the workbook."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
    tints: Sequence[Tint] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows that other sheets lead to: 1 is the first below the head."""

    checks: Mapping[str, int]
    sections: Mapping[str, int]
    requirements: Mapping[str, int]
    """By section: its first requirement."""


def index_rows(document: ReportDocument) -> Rows:
    """Where checks, sections and the first requirement of each section stand on their sheets."""
    first: dict[str, int] = {}
    for number, row in enumerate(document.requirements, start=1):
        first.setdefault(row.section, number)
    return Rows(
        checks={row.check_id: number for number, row in enumerate(document.checks, start=1)},
        sections={row.title: number for number, row in enumerate(document.sections, start=1)},
        requirements=first,
    )


def lead(text: str, sheet: str, rows: Mapping[str, int], key: str | None = None) -> Cell:
    """``text`` as a link to the row of ``key`` (``text``) on ``sheet``; as plain text where there is none."""
    row = rows.get(text if key is None else key)
    return text if row is None else Link(text=text, sheet=sheet, row=row)


def result_tints(locale: Locale, column: int) -> tuple[Tint, ...]:
    """Colours of requirement results."""
    names = {"compliant": "good", "non_compliant": "bad", "manual": "person", "not_assessed": "none"}
    return tuple(Tint(column=column, word=locale.text(f"result.{word}"), name=name) for word, name in names.items())


def severity_tints(locale: Locale, column: int) -> tuple[Tint, ...]:
    """Colours of severities; the lowest has none."""
    named = [severity.value for severity in Severity if severity is not Severity.INFORMATIONAL]
    return tuple(Tint(column=column, word=locale.text(f"severity.{name}"), name=name) for name in named)
