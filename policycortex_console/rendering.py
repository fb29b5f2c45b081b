"""The templates of pages: one environment, and the filters by which they print values."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from policycortex.documents.template_files import templates_folder
from policycortex_console.navigation import MENU
from policycortex_console.people import Person

_KILO: Final = 1000
_SEPARATED: Final = re.compile(r"[^/:._-]*[/:._-]+|[^/:._-]+")


def render(
    request: Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    person: Person | None,
    status: int = 200,
) -> HTMLResponse:
    """A page, or a part of one where htmx asked for it: the template decides by its own base."""
    given = {
        "person": person,
        "path": request.url.path,
        "menu": [item for item in MENU if person is not None and person.sees(item)],
        "notice": request.query_params.get("notice", "") if request.method == "GET" else "",
        **(context or {}),
    }
    return HTMLResponse(_environment().get_template(template).render(given), status_code=status)


def print_moment(value: str | datetime | None) -> str:
    """``31 Oct 2026, 14:05 UTC``; "" for None."""
    moment = _moment(value)
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC" if moment is not None else ""


def print_day(value: str | date | None) -> str:
    """``31 Oct 2026``; "" for None."""
    if value is None:
        return ""
    day = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return f"{day.day} {day:%b %Y}"


def print_last_day(value: str) -> str:
    """The last day before an exclusive end in UTC: ``30 Jun 2027`` of the first moment of July."""
    return print_day((datetime.fromisoformat(value) - timedelta(seconds=1)).astimezone(UTC))


def print_days(span: Mapping[str, str]) -> str:
    """``1 Oct 2026 to 31 Oct 2026`` for a period with an exclusive end, in the period's own zone."""
    start, end = datetime.fromisoformat(span["start"]), datetime.fromisoformat(span["end"])
    return f"{print_day(start)} to {print_day(end - timedelta(seconds=1))}"


def print_size(value: int) -> str:
    """``8.3 MB``, in units of 1,000."""
    if value == 1:
        return "1 byte"
    size, unit = float(value), "bytes"
    for name in ("kB", "MB", "GB"):
        if size < _KILO:
            break
        size, unit = size / _KILO, name
    return f"{size:.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"


def print_count(value: int | None) -> str:
    """``12,345``; a dash for None."""
    return "–" if value is None else f"{value:,}"


def print_score(value: float | None) -> str:
    """``84.4 %``; a dash for None. What is not 0 or 100 is not printed as such."""
    if value is None:
        return "–"
    shown = min(max(round(value, 1), 0.1), 99.9) if 0 < value < 100 else round(value, 1)
    return f"{shown:.1f} %"


def print_points(value: float | None) -> str:
    """``+1.2 points``, with a true minus; "unchanged" for 0, "" for None."""
    if value is None:
        return ""
    if round(value, 1) == 0:
        return "unchanged"
    return f"{'+' if value > 0 else '−'}{abs(value):.1f} points"


def print_effect(value: float) -> str:
    """``+1.25``, with a true minus."""
    return f"{'+' if value > 0 else '−'}{abs(value):.2f}"


def print_local(value: str) -> str:
    """``31 Oct 2026, 14:05`` of a time as it is written, in its own zone."""
    moment = datetime.fromisoformat(value)
    return f"{moment.day} {moment:%b %Y, %H:%M}"


def print_provider(value: str) -> str:
    """``AWS``, ``Azure``, ``Kubernetes``."""
    return value.upper() if len(value) < 4 else value.capitalize()


def print_word(value: str) -> str:
    """``not_assessed`` as ``Not assessed``."""
    return value.replace("_", " ").capitalize()


def print_breakable(value: str) -> Markup:
    """An identifier that breaks after its separators, and not inside a word."""
    return Markup("").join(Markup("{}<wbr>").format(part) for part in _SEPARATED.findall(value))


def _moment(value: str | datetime | None) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value).astimezone(UTC)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates_folder() / "console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "moment": print_moment,
        "day": print_day,
        "days": print_days,
        "last_day": print_last_day,
        "size": print_size,
        "count": print_count,
        "score": print_score,
        "points": print_points,
        "effect": print_effect,
        "local": print_local,
        "provider": print_provider,
        "word": print_word,
        "breakable": print_breakable,
    }
    return environment
