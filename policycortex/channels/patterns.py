"""Replaces the patterns of ``PLACEHOLDERS``, such as ``{{date}}``, in subjects, messages and object names.

User text is never rendered by a template language: even Jinja's sandbox evaluated ``{{ 'a' * 10**9 }}``.
"""

import hashlib
import re
import unicodedata
from typing import Final

from policycortex.channels.model import DeliveryContent

PLACEHOLDERS: Final = ("date", "time", "month", "name", "framework", "score", "period", "report")

_PATTERN: Final = re.compile(r"\{\{\s*([a-z_]{1,32})\s*\}\}")
_UNSAFE_IN_NAMES: Final = re.compile(r"[^\w.() +-]+")
_MAX_NAME_LENGTH: Final = 120
_MOST_PART_BYTES: Final = 230
_MOST_PLACEHOLDERS: Final = 20
"""A text of 2,000 characters could hold 220, and each is replaced by a whole name."""


def pattern_problem(text: str, *, is_one_line: bool = True) -> str | None:
    """The problem of a pattern, as a message; None if it can be used."""
    if is_one_line and any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in text):
        return "Must be one line, without line breaks or control characters"
    names = _PATTERN.findall(text)
    if len(names) > _MOST_PLACEHOLDERS:
        return f"At most {_MOST_PLACEHOLDERS} patterns such as {{{{name}}}} can be replaced in one text"
    unknown = [name for name in names if name not in PLACEHOLDERS]
    if unknown:
        return (
            f"Unknown pattern {{{{{unknown[0]}}}}}; known are {', '.join(f'{{{{{name}}}}}' for name in PLACEHOLDERS)}"
        )
    if "{{" in _PATTERN.sub("", text) or "{%" in text:
        return f"Only the patterns {', '.join(f'{{{{{name}}}}}' for name in PLACEHOLDERS)} are replaced"
    return None


def fill_line(pattern: str, content: DeliveryContent) -> str:
    """The pattern filled, in one line, so that nothing in a report's name can start a new header."""
    return " ".join(fill_text(pattern, content).split())


def fill_text(pattern: str, content: DeliveryContent) -> str:
    """The pattern filled once; placeholders within the values are not replaced."""
    values = _values_of(content)
    return _PATTERN.sub(lambda match: values.get(match.group(1), match.group(0)), pattern)


def default_object_name(pattern: str, content: DeliveryContent) -> str:
    """The channel's default, with the time of the tick if another report may be due on the same day."""
    return f"{pattern} {{{{time}}}}" if content.may_repeat_daily else pattern


def fill_object_name(pattern: str, content: DeliveryContent) -> str:
    """A relative object name with ``/`` between folders; a value never creates a folder or leaves one."""
    values = {name: safe_name(value) for name, value in _values_of(content).items()}
    parts = _PATTERN.sub(lambda match: values.get(match.group(1), match.group(0)), pattern).split("/")
    folder = [_folder_name(content.folder)] if content.folder else []
    return "/".join([*folder, *(_fitting(part) for part in parts if part not in {"", ".", ".."})])


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
