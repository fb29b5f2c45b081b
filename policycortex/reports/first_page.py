"""The first page of a report: its verdict in a sentence, and the figures and actions that an executive decides by."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument, ReportHeader, RequirementRow, Summary, TopCheck
from policycortex.names import ReportType, RequirementResult, Severity
from policycortex.reports.sections.ages import AGES
from policycortex.reports.sections.trend import CAUSES, ChangeCause
from policycortex.shortening import shorten

ACTIONS_SHOWN: Final = 3
MISSED_SHOWN: Final = 5
"""Requirements that are not met, where the texts of the page leave space for them."""
_LEAST_MISSED: Final = 2
_TEXT_LINES: Final = 16
"""Lines that actions, notes and these requirements have together."""
_ACTION_LETTERS: Final = 66
_NOTE_LETTERS: Final = 100
"""Of a line of an action and of a note."""
TITLE_LENGTH: Final = 100
REMEDY_LENGTH: Final = 130
"""Characters of an action's title, and of what to do."""
NOTES_SHOWN: Final = 3
NOTES_BESIDE_CHART: Final = 1
"""Notes on the first page of a trend report, which has a chart there."""
NOTE_LENGTH: Final = 200
"""Characters of a note on the first page; the methodology has all notes in full where one is left out or shortened."""
_FRAMEWORK_LENGTH: Final = 80
_GOOD_PCT: Final = 95
_FAIR_PCT: Final = 80


class Tone(StrEnum):
    """What a value means; it decides the colour."""

    GOOD = "good"
    FAIR = "fair"
    BAD = "bad"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementTotals:
    """Requirements by what the report says of them."""

    met: int
    not_met: int
    not_assessed: int
    """Of which no scan and no statement decides: supporting evidence, manual review and no result."""
    not_applicable: int
    total: int
    """Without those that are not applicable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPage:
    """The figures of the first page that no other section has."""

    requirements: RequirementTotals
    overdue_criticals: int | None
    """Critical findings that fail for longer than their SLA; None where no age is known."""
    critical_sla_days: int | None
    main_cause: ChangeCause | None
    """The cause with most points in the direction of the change; None without a change or without causes."""
    score_tone: Tone
    change_tone: Tone
    actions: tuple[TopCheck, ...]
    """The most urgent failing checks."""
    missed: tuple[RequirementRow, ...]
    """The requirements with most failing findings among those that are not met; none beside the chart of a trend."""
    missed_total: int
    """How many requirements are not met, without those that only sum up others."""
    notes: tuple[str, ...]
    notes_left_out: int


def compose_first_page(document: ReportDocument) -> FirstPage:
    """The first page of ``document``."""
    critical = next((row for row in AGES.of(document) if row.severity == Severity.CRITICAL), None)
    change, notes = document.change_points, document.notes[: _notes_shown(document)]
    actions, missed = document.top_checks[:ACTIONS_SHOWN], _missed(document.requirements)
    missed_shown = 0 if document.header.type is ReportType.TREND else _count_missed_shown(actions, notes)
    return FirstPage(
        requirements=total_requirements(document.summary),
        overdue_criticals=critical.overdue if critical else None,
        critical_sla_days=critical.sla_days if critical else None,
        main_cause=_main_cause(CAUSES.of(document), change),
        score_tone=_score_tone(document.summary),
        change_tone=Tone.NEUTRAL if not change else Tone.GOOD if change > 0 else Tone.BAD,
        actions=actions,
        missed=missed[:missed_shown],
        missed_total=len(missed),
        notes=notes,
        notes_left_out=len(document.notes) - len(notes),
    )


def has_more_notes(document: ReportDocument) -> bool:
    """Whether the first page leaves out or shortens a note."""
    return len(document.notes) > _notes_shown(document) or any(len(note) > NOTE_LENGTH for note in document.notes)


def total_requirements(summary: Summary) -> RequirementTotals:
    """The requirements of ``summary`` in four groups."""
    counts = summary.result_counts
    met, not_met = summary.requirements_met, counts.get(RequirementResult.NON_COMPLIANT, 0)
    not_applicable = counts.get(RequirementResult.NOT_APPLICABLE, 0)
    total = sum(counts.values()) - not_applicable
    return RequirementTotals(
        met=met,
        not_met=not_met,
        not_assessed=total - met - not_met,
        not_applicable=not_applicable,
        total=total,
    )


def write_verdict(header: ReportHeader, summary: Summary, locale: Locale) -> str:
    """One or two sentences: how many requirements are met, or how many findings pass where there are none."""
    number, decided = locale.number, summary.score.denominator
    totals = total_requirements(summary)
    values = {
        "framework": shorten(header.framework_name, _FRAMEWORK_LENGTH),
        "met": number(totals.met),
        "not_met": number(totals.not_met),
        "assessed": number(totals.met + totals.not_met),
        "rest": number(totals.not_assessed),
        "total": number(totals.total),
        "passed": number(summary.score.numerator),
        "decided": number(decided),
    }
    if summary.compliance_score is None:
        return locale.text("verdict.nothing", **values)
    if not totals.met + totals.not_met:
        return locale.text("verdict.findings_only" if totals.total else "verdict.findings", **values)
    key = "all" if not totals.not_met else "some" if totals.met else "none"
    rest = f" {locale.text('verdict.rest', **values)}" if totals.not_assessed else ""
    return locale.text(f"verdict.{key}", **values) + rest


def _notes_shown(document: ReportDocument) -> int:
    return NOTES_BESIDE_CHART if document.header.type is ReportType.TREND else NOTES_SHOWN


def _count_missed_shown(actions: Sequence[TopCheck], notes: Sequence[str]) -> int:
    """How many requirements the page has space for; 0 where it is fewer than two."""
    texts = [
        *((check.title, TITLE_LENGTH, _ACTION_LETTERS) for check in actions),
        *((check.remediation, REMEDY_LENGTH, _ACTION_LETTERS) for check in actions),
        *((note, NOTE_LENGTH, _NOTE_LETTERS) for note in notes),
    ]
    lines = sum(-(-min(len(text), shown) // letters) for text, shown, letters in texts)
    rows = min(MISSED_SHOWN, _TEXT_LINES - lines)
    return rows if rows >= _LEAST_MISSED else 0


def _missed(rows: Sequence[RequirementRow]) -> tuple[RequirementRow, ...]:
    """The rows that are not met, without parents of others, by failing findings; equal ones in their order."""
    parents = {row.parent for row in rows}
    missed = [row for row in rows if row.result is RequirementResult.NON_COMPLIANT and row.id not in parents]
    return tuple(sorted(missed, key=lambda row: -row.failed))


def _main_cause(causes: Sequence[ChangeCause], change: float | None) -> ChangeCause | None:
    if not change:
        return None
    same = [cause for cause in causes if cause.points * change > 0]
    return max(same, key=lambda cause: abs(cause.points), default=None)


def _score_tone(summary: Summary) -> Tone:
    """Good from 95 on when no requirement is missed, fair from 80 on, else bad; bad where no assessed one is met."""
    score, totals = summary.compliance_score, total_requirements(summary)
    if score is None:
        return Tone.NEUTRAL
    if score < _FAIR_PCT or (totals.not_met and not totals.met):
        return Tone.BAD
    return Tone.GOOD if score >= _GOOD_PCT and not totals.not_met else Tone.FAIR
