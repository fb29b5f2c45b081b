"""``{{date}} {{name}} {{framework}} {{score}} {{period}}`` in subjects, messages and object names, by replacement.

No template language ever sees a user's text: Jinja's own sandbox still ran ``{{ 'a' * 10**9 }}``.
"""

import re
import unicodedata
from typing import Final

from policycortex.channels.model import DeliveryContent

WORDS: Final = ("date", "name", "framework", "score", "period")

_PATTERN: Final = re.compile(r"\{\{\s*([a-z_]{1,32})\s*\}\}")
_UNSAFE_IN_NAMES: Final = re.compile(r"[^\w.() +-]+")
_LONGEST_NAME: Final = 120


def pattern_problem(text: str, *, is_one_line: bool = True) -> str | None:
    """What is wrong with a pattern, in plain words; None when it can be used."""
    if is_one_line and any(unicodedata.category(sign) in {"Cc", "Zl", "Zp"} for sign in text):
        return "Must be one line, without line breaks or control characters"
    unknown = [word for word in _PATTERN.findall(text) if word not in WORDS]
    if unknown:
        return f"Unknown pattern {{{{{unknown[0]}}}}}; known are {', '.join(f'{{{{{word}}}}}' for word in WORDS)}"
    if "{{" in _PATTERN.sub("", text) or "{%" in text:
        return "Only the patterns {{date}}, {{name}}, {{framework}}, {{score}} and {{period}} are replaced"
    return None


def fill_line(pattern: str, content: DeliveryContent) -> str:
    """The pattern with its words replaced, in one line: nothing that a report's name holds can start a new header."""
    return " ".join(fill_text(pattern, content).split())


def fill_text(pattern: str, content: DeliveryContent) -> str:
    """The pattern with its words replaced once; what they are replaced by is not read again."""
    words = _words_of(content)
    return _PATTERN.sub(lambda match: words.get(match.group(1), match.group(0)), pattern)


def fill_object_name(pattern: str, content: DeliveryContent) -> str:
    """A relative object name with ``/`` between folders; a replaced word never makes a folder or leaves one."""
    words = {word: safe_name(value) for word, value in _words_of(content).items()}
    parts = _PATTERN.sub(lambda match: words.get(match.group(1), match.group(0)), pattern).split("/")
    return "/".join(part for part in parts if part not in {"", ".", ".."})


def safe_name(text: str) -> str:
    """A file name for every system: letters and digits of any script, ``-_.() +``; never empty, hidden or a path."""
    plain = _UNSAFE_IN_NAMES.sub("-", unicodedata.normalize("NFC", text)).strip(" .-")
    return plain[:_LONGEST_NAME].rstrip(" .-") or "report"


def _words_of(content: DeliveryContent) -> dict[str, str]:
    return {
        "date": content.dated.isoformat(),
        "name": content.name,
        "framework": content.framework_name,
        "score": content.score_text,
        "period": content.period_text,
    }
