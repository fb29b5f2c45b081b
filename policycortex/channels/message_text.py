"""Text about a delivered report that channels share: facts, file sizes and the parts of the mail."""

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from policycortex.channels.model import DeliveredFile, DeliveryContent
from policycortex.documents.locales import Locale
from policycortex.documents.template_files import templates_folder

_MEGABYTE = 1_000_000


def facts_of(content: DeliveryContent) -> tuple[tuple[str, str], ...]:
    """Label and value of each fact, in the report's language: score, violations, framework, period."""
    locale = content.locale
    return (
        (locale.text("summary.score_label"), content.score_text),
        (locale.text("summary.violations"), _violations(content)),
        (locale.text("delivery.framework"), content.framework_name),
        (locale.text("delivery.period"), days_text(content)),
    )


def days_text(content: DeliveryContent) -> str:
    """The period as text; one date if it is one day."""
    locale, period = content.locale, content.period
    first, last = locale.day(period.first_date), locale.day(period.last_date)
    return first if first == last else locale.text("delivery.days", first=first, last=last)


def size_text(file: DeliveredFile, locale: Locale) -> str:
    """``8.3 MB``; below 0.1 MB in kB."""
    if file.size_bytes < _MEGABYTE / 10:
        return f"{locale.number(max(file.size_bytes / 1000, 0.1), 1)} kB"
    return f"{locale.number(file.size_bytes / _MEGABYTE, 1)} MB"


def _created_text(content: DeliveryContent) -> str:
    moment, report = content.locale.moment(content.generated_at), content.report_id
    if content.schedule_id is None:
        return content.locale.text("delivery.made", moment=moment, report=report)
    return content.locale.text("delivery.made_by_schedule", moment=moment, report=report, schedule=content.schedule_id)


def _violations(content: DeliveryContent) -> str:
    locale, counts = content.locale, content.failed_by_severity
    by_severity = [
        f"{locale.number(counts[severity])} {locale.text(f'message.severity.{severity}')}"
        for severity in ("critical", "high")
        if counts.get(severity)
    ]
    return locale.number(content.total_violations) + (f" ({', '.join(by_severity)})" if by_severity else "")


def render_mail(name: str, content: DeliveryContent, *, message: str, has_attachments: bool) -> str:
    """``templates/email/<name>`` filled for the content. Raises jinja2.UndefinedError for an unknown variable."""
    template = _environment().get_template(f"email/{name}")
    return template.render(
        report=content,
        locale=content.locale,
        days=days_text(content),
        made=_created_text(content),
        facts=facts_of(content),
        message=message,
        has_attachments=has_attachments,
        size_text=size_text,
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(templates_folder()),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
