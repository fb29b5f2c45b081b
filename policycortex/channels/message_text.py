"""Text about a delivered report that channels share: facts, period and file sizes."""

from policycortex.channels.model import DeliveredFile, DeliveryContent
from policycortex.documents.locales import Locale
from policycortex.names import ReportType
from policycortex.scoring.rounding import known_pct

_MEGABYTE = 1_000_000


def facts_of(content: DeliveryContent) -> tuple[tuple[str, str], ...]:
    """Label and value of each fact, in the report's language, the score with the requirements met first."""
    locale = content.locale
    return (
        (locale.text("summary.score_label"), content.score_text),
        *_requirements(content),
        *_risk(content),
        (locale.text("summary.violations"), _violations(content)),
        (locale.text("delivery.framework"), content.framework_name),
        (locale.text("delivery.period"), days_text(content)),
    )


def _requirements(content: DeliveryContent) -> tuple[tuple[str, str], ...]:
    """How many of the assessed requirements are met; nothing without a framework."""
    locale, met, assessed = content.locale, content.requirements_met, content.requirements_assessed
    if met is None or not assessed:
        return ()
    value = locale.text("summary.coverage_value", assessed=locale.number(met), total=locale.number(assessed))
    return ((locale.text("summary.met_label"), value),)


def _risk(content: DeliveryContent) -> tuple[tuple[str, str], ...]:
    """The risk score with its band, of a risk report."""
    if content.type != ReportType.RISK or content.risk_score is None:
        return ()
    locale = content.locale
    score = locale.number(known_pct(content.risk_score, 1), 1)
    band = f" ({locale.text(f'band.{content.risk_band}')})" if content.risk_band else ""
    return ((locale.text("summary.risk"), score + band),)


def days_text(content: DeliveryContent) -> str:
    """The period as text; one date if it is one day."""
    locale, period = content.locale, content.period
    if not period.is_whole_days or period.first_date == period.last_date:
        return locale.days(period)
    first, last = locale.day(period.first_date), locale.day(period.last_date)
    return locale.text("delivery.days", first=first, last=last)


def size_text(file: DeliveredFile, locale: Locale) -> str:
    """``8.3 MB``; below 0.1 MB in kB."""
    if file.size_bytes < _MEGABYTE / 10:
        return f"{locale.number(max(file.size_bytes / 1000, 0.1), 1)} kB"
    return f"{locale.number(file.size_bytes / _MEGABYTE, 1)} MB"


def _violations(content: DeliveryContent) -> str:
    locale, counts = content.locale, content.failed_by_severity
    by_severity = [
        f"{locale.number(counts[severity])} {locale.text(f'message.severity.{severity}')}"
        for severity in ("critical", "high")
        if counts.get(severity)
    ]
    return locale.number(content.total_violations) + (f" ({', '.join(by_severity)})" if by_severity else "")
