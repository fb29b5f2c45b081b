"""The sentences of the executive summary, most important first; each true by construction from the numbers given."""

from collections.abc import Iterator, Sequence

from policycortex.documents.model import ReportHeader, Summary, TopCheck
from policycortex.names import Severity
from policycortex.scoring.rounding import round_pct


def key_messages(
    header: ReportHeader, summary: Summary, previous: Summary | None, top_checks: Sequence[TopCheck]
) -> tuple[str, ...]:
    """Three to five sentences. Nothing assessed is said first and alone: no number then means anything."""
    if summary.compliance_score is None:
        return (_nothing_assessed(header),)
    return tuple(_messages(header, summary, previous, top_checks))


def _messages(
    header: ReportHeader, summary: Summary, previous: Summary | None, top_checks: Sequence[TopCheck]
) -> Iterator[str]:
    score, coverage = summary.score, summary.score.coverage
    yield (
        f"{_pct(summary.compliance_score)} of findings mapped to {header.framework_name} pass: "
        f"{score.numerator:,.0f} of {score.denominator:,.0f}."
    )
    if previous is not None and previous.compliance_score is not None:
        yield _change(summary, previous)
    worst = summary.failed_by_severity.get(Severity.CRITICAL, 0), summary.failed_by_severity.get(Severity.HIGH, 0)
    if any(worst):
        yield f"First come the worst: {worst[0]:,} critical and {worst[1]:,} high, failing."
    if top_checks:
        top = top_checks[0]
        yield f"The most pressing check is “{top.title}”: {_count(top.failed, 'failing finding')}, {top.severity}."
    if coverage.total:
        yield (
            f"{coverage.assessed} of {coverage.total} requirements were assessed by scans; "
            "the others are no statement either way."
        )
    yield from _excluded(summary)


def _nothing_assessed(header: ReportHeader) -> str:
    return (
        f"Nothing was assessed against {header.framework_name} in this period: no passing or failing finding is in "
        "scope. This is missing evidence, not compliance."
    )


def _change(summary: Summary, previous: Summary) -> str:
    now, before = summary.compliance_score or 0.0, previous.compliance_score or 0.0
    points = round(now - before, 1)
    if not points:
        return f"The score is unchanged from the period before ({_pct(before)})."
    return f"The score {'rose' if points > 0 else 'fell'} by {abs(points):.1f} points from {_pct(before)}."


def _excluded(summary: Summary) -> Iterator[str]:
    excluded = summary.score.excluded
    parts = [
        f"{count:,} {word}"
        for count, word in ((excluded.muted, "muted"), (excluded.waived, "waived"), (excluded.manual, "manual"))
        if count
    ]
    if parts:
        noun = "finding" if excluded.total == 1 else "findings"
        yield f"Outside the score, and counted apart: {', '.join(parts)} {noun}."


def _pct(value: float | None) -> str:
    return f"{round_pct(value, 1):.1f} %"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
