"""What stands out: the key figures of page one by type, and what tables draw beside their numbers.

No markup here and no judgement: shares of the greatest, sums of what is shown, cells by how much they hold.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from policycortex.documents.model import ChangeCause, ReportDocument, TopCheck
from policycortex.names import Severity

FIRST_ITEMS: Final = 5
"""Items of a plan whose gain page one adds up."""
_HEATS: Final = 4

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigures:
    """Figures of page one that only some types show."""

    critical_and_high: int
    """Failing findings of the two worst severities."""
    risk_change: float | None
    """Points the risk score moved since the period before; None where either has none."""
    first_items: int
    """How many items of the plan ``first_gain`` is of: FIRST_ITEMS, or all where there are fewer."""
    first_gain: float | None
    """Points to the score when these items are done; None without items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseLine:
    """One cause of change with its bar: ``x`` and ``width`` are shares of a bar whose middle is 0."""

    row: ChangeCause
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLine(Generic[_Row]):
    """One row with its bar; ``share`` is 0 to 1 of the greatest row."""

    row: _Row
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatCell:
    """Failing findings of one severity in a section; ``heat`` as ``heat_of`` tells it."""

    severity: str
    failed: int
    heat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionHeat:
    """One section of the framework by severity, worst first."""

    title: str
    cells: tuple[HeatCell, ...]
    total: int


def key_figures(document: ReportDocument) -> KeyFigures:
    """Those of ``document``."""
    failed, previous = document.summary.failed_by_severity, document.previous
    before, now = previous.risk_score if previous else None, document.summary.risk_score
    gains = [check.gain_points or 0.0 for check in document.top_checks[:FIRST_ITEMS]]
    return KeyFigures(
        critical_and_high=failed.get(Severity.CRITICAL, 0) + failed.get(Severity.HIGH, 0),
        risk_change=None if before is None or now is None else round(now - before, 1),
        first_items=len(gains),
        first_gain=round(sum(gains), 1) if gains else None,
    )


def cause_lines(causes: Sequence[ChangeCause]) -> tuple[CauseLine, ...]:
    """Gains to the right of the middle, losses to its left, the greatest half a bar long."""
    most = max((abs(row.points) for row in causes), default=0) or 1
    lengths = [(row, round(abs(row.points) / most / 2, 4)) for row in causes]
    return tuple(
        CauseLine(row=row, x=0.5 if row.points >= 0 else round(0.5 - length, 4), width=length)
        for row, length in lengths
    )


def share_lines(rows: Sequence[_Row], points_of: Callable[[_Row], float | None]) -> tuple[ShareLine[_Row], ...]:
    """Each beside the greatest; what has no known points has no bar."""
    points = [points_of(row) or 0 for row in rows]
    most = max(points, default=0) or 1
    return tuple(ShareLine(row=row, share=round(max(n, 0) / most, 4)) for row, n in zip(rows, points, strict=True))


def section_heat(document: ReportDocument) -> tuple[SectionHeat, ...]:
    """Sections in the framework's order; a check that speaks for several counts in each. None where nothing fails."""
    checks: dict[str, set[str]] = {row.title: set() for row in document.sections}
    for requirement in document.requirements:
        checks.setdefault(requirement.section, set()).update(requirement.checks)
    counted = [(title, _by_severity(document.top_checks, members)) for title, members in checks.items()]
    most = max((count for _, counts in counted for count in counts.values()), default=0)
    if not most:
        return ()
    return tuple(
        SectionHeat(
            title=title,
            cells=tuple(HeatCell(severity=s, failed=n, heat=heat_of(n, most)) for s, n in counts.items()),
            total=sum(counts.values()),
        )
        for title, counts in counted
    )


def heat_of(count: int, most: int) -> int:
    """0 for none, else 1 to 4 by quarters of the greatest cell."""
    return min(_HEATS, 1 + _HEATS * count // most) if count else 0


def _by_severity(failing: Iterable[TopCheck], members: set[str]) -> dict[str, int]:
    counts = {severity.value: 0 for severity in Severity}
    for check in failing:
        if check.check_id in members:
            counts[check.severity] += check.failed
    return counts
