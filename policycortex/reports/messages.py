"""The key messages of the executive summary, most important first, computed from the numbers of the report.

Their texts are ``message.*`` in the catalogue of the document's language.
"""

from collections.abc import Iterator, Sequence

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportHeader, Summary, TopCheck
from policycortex.names import ReportType, Severity
from policycortex.reports.worst_line import worst_line


def key_messages(
    header: ReportHeader,
    summary: Summary,
    previous: Summary | None,
    top_checks: Sequence[TopCheck],
    locale: Locale,
) -> tuple[str, ...]:
    """Three to six sentences; a single one where nothing was assessed, as no number has a meaning then."""
    if summary.compliance_score is None:
        if header.framework_id is None:
            return (locale.text("message.nothing_assessed_any"),)
        return (locale.text("message.nothing_assessed", framework=header.framework_name),)
    return tuple(_messages(header, summary, previous, top_checks, locale))


def _messages(
    header: ReportHeader,
    summary: Summary,
    previous: Summary | None,
    top_checks: Sequence[TopCheck],
    locale: Locale,
) -> Iterator[str]:
    text, number = locale.text, locale.number
    score = summary.score
    if header.type is ReportType.RISK:
        yield from _risk(summary, locale)
    values = {
        "score": locale.score(summary.compliance_score),
        "passed": number(score.numerator),
        "decided": number(score.denominator),
    }
    yield from _verdict(summary, locale)
    if header.framework_id is None:
        yield text("message.score_any", **values)
    else:
        yield text("message.score", framework=header.framework_name, **values)
    if header.type is ReportType.RISK:
        yield from excluded_messages(summary, locale)
        return
    if previous is not None and previous.compliance_score is not None:
        yield _change(summary, previous, locale)
    yield from _worst(summary, locale)
    if top_checks:
        top = top_checks[0]
        failing = locale.plural("message.failing", top.failed)
        yield text("message.pressing", title=top.title, failing=failing, severity=_severity(top.severity, locale))
    yield from excluded_messages(summary, locale)


def _verdict(summary: Summary, locale: Locale) -> Iterator[str]:
    """How many of the assessed requirements are met, and of how many others there is no result."""
    number, coverage = locale.number, summary.score.coverage
    sentences = []
    if summary.requirements_assessed:
        met, assessed = number(summary.requirements_met), number(summary.requirements_assessed)
        sentences.append(locale.text("message.met", met=met, assessed=assessed))
    if coverage.assessed < coverage.total:
        values = {"assessed": number(coverage.assessed), "total": number(coverage.total)}
        sentences.append(locale.text("message.coverage", **values))
    if sentences:
        yield " ".join(sentences)


def _risk(summary: Summary, locale: Locale) -> Iterator[str]:
    """The risk with its band, its worst finding, exposed critical and overdue findings."""
    risk, shown = summary.risk, summary.shown_risk
    if risk is None or shown is None or risk.total.band is None:
        return
    points = locale.number(shown.value, 1)
    yield locale.text("message.risk", score=points, band=locale.text(f"band.{risk.total.band}"), version=risk.version)
    if risk.worst is None:
        return
    worst = worst_line(risk, locale, locale.number(shown.worst, 1))
    yield f"{worst} {locale.text('risk.others_line', points=locale.number(shown.others, 1))}"
    yield locale.plural("message.exposed_criticals", risk.exposed_criticals)
    yield locale.plural("message.overdue", risk.overdue)


def _worst(summary: Summary, locale: Locale) -> Iterator[str]:
    """Failing findings of the two worst severities; nothing where there are none."""
    critical, high = (summary.failed_by_severity.get(name, 0) for name in (Severity.CRITICAL, Severity.HIGH))
    number, total = locale.number, critical + high
    if total == 1:
        yield locale.text("message.worst_one")
    elif total:
        yield locale.text("message.worst", total=number(total), critical=number(critical), high=number(high))


def _severity(severity: str, locale: Locale) -> str:
    key = f"message.severity.{severity}"
    return locale.text(key) if key in locale.texts else severity


def _change(summary: Summary, previous: Summary, locale: Locale) -> str:
    before, points = previous.compliance_score, summary.change_since(previous)
    if points is None:
        return locale.text("message.failures_only", before=locale.score(before))
    if not points:
        return locale.text("message.unchanged", before=locale.score(before))
    key = "message.rose" if points > 0 else "message.fell"
    return locale.text(key, points=locale.number(abs(points), 1), before=locale.score(before))


def excluded_messages(summary: Summary, locale: Locale) -> Iterator[str]:
    """What the score leaves out: muted, waived and manual findings; nothing where there are none."""
    excluded = summary.score.excluded
    named = (("muted", excluded.muted), ("waived", excluded.waived), ("manual", excluded.manual))
    parts = [locale.text(f"message.{name}", count=locale.number(count)) for name, count in named if count]
    if parts:
        key = "message.excluded.one" if excluded.total == 1 else "message.excluded.other"
        yield locale.text(key, parts=", ".join(parts))
