"""Replaces the patterns of ``PLACEHOLDERS``, such as ``{{date}}``, in subjects, messages, file and object names.

``{{date:MMMM yyyy}}`` is the time of the tick in a form of Unicode's date patterns (UTS 35), in the report's language.

User text is never rendered by a template language: even Jinja's sandbox evaluated ``{{ 'a' * 10**9 }}``.
"""

import hashlib
import re
import unicodedata
from datetime import UTC, datetime
from typing import Final

from babel.dates import format_datetime

from policycortex.channels.model import DeliveryContent

PLACEHOLDERS: Final = ("date", "time", "month", "name", "framework", "score", "period", "report")

_PATTERN: Final = re.compile(r"\{\{\s*([a-z_]{1,32})\s*(?::([^{}]{1,40}))?\}\}")
_DATE_LETTERS: Final = frozenset("yMLdEQwHm")
"""Of the date patterns. ``Y`` is the year of the week and ``D`` the day of the year, which nobody means."""
_LITERAL: Final = re.compile(r"'[^']*'")
_UNSAFE_IN_NAMES: Final = re.compile(r"[^\w.() +-]+")
_MAX_NAME_LENGTH: Final = 120
_MOST_PART_BYTES: Final = 230
_MOST_PLACEHOLDERS: Final = 20
"""A text of 2,000 characters could hold 220, and each is replaced by a whole name."""


def pattern_problem(text: str, *, is_one_line: bool = True) -> str | None:
    """The problem of a pattern, as a message; None if it can be used."""
    if is_one_line and any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in text):
        return "Must be one line, without line breaks or control characters"
    found = _PATTERN.findall(text)
    names = [name for name, _ in found]
    if len(names) > _MOST_PLACEHOLDERS:
        return f"At most {_MOST_PLACEHOLDERS} patterns such as {{{{name}}}} can be replaced in one text"
    unknown = [name for name in names if name not in PLACEHOLDERS]
    if unknown:
        return (
            f"Unknown pattern {{{{{unknown[0]}}}}}; known are {', '.join(f'{{{{{name}}}}}' for name in PLACEHOLDERS)}"
        )
    for name, form in found:
        problem = _form_problem(name, form.strip()) if form else None
        if problem is not None:
            return problem
    if "{{" in _PATTERN.sub("", text) or "{%" in text:
        return f"Only the patterns {', '.join(f'{{{{{name}}}}}' for name in PLACEHOLDERS)} are replaced"
    return None


def fill_line(pattern: str, content: DeliveryContent) -> str:
    """The pattern filled, in one line, so that nothing in a report's name can start a new header."""
    return " ".join(fill_text(pattern, content).split())


def fill_text(pattern: str, content: DeliveryContent) -> str:
    """The pattern filled once; placeholders within the values are not replaced."""
    values = _values_of(content)
    return _PATTERN.sub(lambda match: _value(match, values, content), pattern)


def default_object_name(pattern: str, content: DeliveryContent) -> str:
    """The channel's default, with the time of the tick if another report may be due on the same day."""
    return f"{pattern} {{{{time}}}}" if content.may_repeat_daily else pattern


def fill_object_name(pattern: str, content: DeliveryContent) -> str:
    """A relative object name with ``/`` between folders; a value never creates a folder or leaves one."""
    parts = _filled_safely(pattern, content).split("/")
    folder = [_folder_name(content.folder)] if content.folder else []
    return "/".join([*folder, *(_fitting(part) for part in parts if part not in {"", ".", ".."})])


def fill_file_name(pattern: str, content: DeliveryContent) -> str:
    """The name of an attached file, without extension."""
    return _fitting(safe_name(_filled_safely(pattern, content)))


def _filled_safely(pattern: str, content: DeliveryContent) -> str:
    values = _values_of(content)
    return _PATTERN.sub(lambda match: safe_name(_value(match, values, content)), pattern)


def _value(match: re.Match[str], values: dict[str, str], content: DeliveryContent) -> str:
    name, form = match.group(1), (match.group(2) or "").strip()
    if name == "date" and form:
        return format_datetime(content.due_at or content.generated_at, form, locale=content.locale.language)
    return values.get(name, match.group(0))


def _form_problem(name: str, form: str) -> str | None:
    """The problem of what stands after the colon, as a message."""
    if name != "date":
        return f"Only {{{{date}}}} takes a form after a colon, not {{{{{name}}}}}"
    unknown = sorted({letter for letter in _LITERAL.sub("", form) if letter.isalpha()} - _DATE_LETTERS)
    if not unknown:
        try:
            format_datetime(datetime(2000, 1, 1, tzinfo=UTC), form, locale="en")
        except (ValueError, KeyError, AttributeError):
            unknown = [form]
    if not unknown:
        return None
    return (
        f"{unknown[0]!r} is no part of a date's form; write yyyy, yy, MMMM, MMM, MM, dd, EEEE, QQQ, ww, HH or mm, and"
        " other letters in single quotes"
    )


def _fitting(part: str) -> str:
    """A part that leaves space for an extension and ``.part`` in the 255 bytes of file systems.

    A part that is cut ends with a digest, so that two names with the same beginning stay apart.
    """
    if len(part.encode()) <= _MOST_PART_BYTES:
        return part
    digest = hashlib.sha256(part.encode()).hexdigest()[:8]
    return f"{part.encode()[: _MOST_PART_BYTES - 9].decode(errors='ignore').rstrip(' .-')}-{digest}"


def _folder_name(organization: str) -> str:
    """A safe name; with a digest when characters were replaced, so that two organisations never get one folder."""
    plain = safe_name(organization)
    return plain if plain == organization else f"{plain}-{hashlib.sha256(organization.encode()).hexdigest()[:8]}"


def safe_name(text: str) -> str:
    """A file name valid on every system: letters, digits and ``-_.() +``; never empty, hidden or a path."""
    plain = _UNSAFE_IN_NAMES.sub("-", unicodedata.normalize("NFC", text)).strip(" .-")
    return plain[:_MAX_NAME_LENGTH].rstrip(" .-") or "report"


def _values_of(content: DeliveryContent) -> dict[str, str]:
    return {
        "date": content.dated.isoformat(),
        "time": content.time_text,
        "month": f"{content.period.last_date:%Y-%m}",
        "name": content.name,
        "framework": content.framework_name,
        "score": content.score_text,
        "period": content.period_text,
        "report": content.report_id,
    }
