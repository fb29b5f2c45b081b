"""Normalises environments, tags, times and relations of all formats. Pure functions."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from policycortex.findings.reading.strict import RejectedRecordError
from policycortex.names import Severity

ENVIRONMENT_KEYS: Final = ("environment", "env", "stage")
"""Tag keys that give the environment, compared without case; the first that is present decides."""

ENVIRONMENTS: Final = {
    "production": "production", "prod": "production", "prd": "production", "live": "production",
    "staging": "staging", "stage": "staging", "stg": "staging",
    "development": "development", "dev": "development", "devel": "development",
    "test": "test", "testing": "test", "tst": "test", "qa": "test",
}  # fmt: skip
"""Known spellings of an environment; any other is kept in lower case."""

SEVERITY_WORDS: Final = {
    "critical": Severity.CRITICAL, "fatal": Severity.CRITICAL, "blocker": Severity.CRITICAL,
    "very high": Severity.CRITICAL,
    "high": Severity.HIGH, "important": Severity.HIGH, "major": Severity.HIGH, "error": Severity.HIGH,
    "severe": Severity.HIGH,
    "medium": Severity.MEDIUM, "moderate": Severity.MEDIUM, "warning": Severity.MEDIUM, "warn": Severity.MEDIUM,
    "low": Severity.LOW, "minor": Severity.LOW, "note": Severity.LOW, "very low": Severity.LOW,
    "informational": Severity.INFORMATIONAL, "info": Severity.INFORMATIONAL, "information": Severity.INFORMATIONAL,
    "none": Severity.INFORMATIONAL, "off": Severity.INFORMATIONAL, "negligible": Severity.INFORMATIONAL,
    "trace": Severity.INFORMATIONAL, "unknown": Severity.INFORMATIONAL, "other": Severity.INFORMATIONAL,
    "undefined": Severity.INFORMATIONAL,
}  # fmt: skip
"""Words that scanners use for severities, without case. A format has its own table first where a word differs."""

EXPOSED_CATEGORIES: Final = frozenset(("internet-exposed",))
"""Categories by which a scanner says that a check is about something publicly reachable."""

DEFAULT_SEVERITY: Final = Severity.MEDIUM
"""Of a finding whose severity is missing or cannot be read; a note tells of it."""

_OWN_PARTS: Final = re.compile(
    r"arn:[\w-]+:[\w-]*:[\w-]*:\d{12}:[^\s,;'\"]*|\b\d{12}\b"
    r"|\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"
)
"""Amazon resource names with an account, account numbers, and UUIDs."""

_COLOURS: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_BETWEEN_WORDS: Final = re.compile(r"[\s_-]+")
_PAIR_KEYS: Final = ("TagKey", "Key")
_PAIR_VALUES: Final = ("TagValue", "Value")
_FIRST_YEAR: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
_LAST_YEAR: Final = datetime(2100, 1, 1, tzinfo=UTC).timestamp()

_encode_sorted: Final = msgspec.json.Encoder(order="sorted").encode


def is_exposed_by(categories: Iterable[object]) -> bool:
    """Whether one of the scanner's ``categories``, in any case, says that the resource is publicly reachable."""
    return any(isinstance(each, str) and each.strip().casefold() in EXPOSED_CATEGORIES for each in categories)


def tags_text(tags: Mapping[str, str]) -> str:
    """Tags as canonical JSON object text."""
    return _encode_sorted(dict(tags)).decode() if tags else "{}"


def relations_text(relations: Mapping[str, Iterable[str]]) -> str:
    """Requirements named by a finding, as canonical JSON: keys sorted, no duplicates, no empty list."""
    plain = {key: list(dict.fromkeys(ids)) for key, ids in relations.items()}
    return _encode_sorted({key: ids for key, ids in plain.items() if ids}).decode()


@lru_cache(maxsize=1024)
def status_word(text: str) -> str:
    """A status as the tables of the formats name it: lower case, without colour codes, ``not_applicable`` for
    ``Not Applicable``.
    """
    return _BETWEEN_WORDS.sub("_", _COLOURS.sub("", text).strip()).casefold()


def severity_of_word(word: object) -> Severity | None:
    """The severity of a word; None if it is no text or not known."""
    return SEVERITY_WORDS.get(status_word(word).replace("_", " ")) if isinstance(word, str) else None


def stable_check_id(candidates: Iterable[str | None]) -> str:
    """The first candidate that names no account and no object, so that it is equal in all accounts and runs; else the
    first one, with these parts replaced by ``*``. "" where there is no candidate.
    """
    usable = [text.strip() for text in candidates if text and text.strip()]
    for text in usable:
        if not _OWN_PARTS.search(text):
            return text
    return _OWN_PARTS.sub("*", usable[0]) if usable else ""


def environment_of(tags: Mapping[str, str]) -> str | None:
    """The environment in a resource's tags, normalised; None where no tag gives one."""
    folded = {key.strip().casefold(): value for key, value in tags.items()}
    for key in ENVIRONMENT_KEYS:
        word = folded.get(key, "").strip().casefold()
        if word:
            return ENVIRONMENTS.get(word, word)
    return None


@lru_cache(maxsize=4096)
def tags_of_labels(labels: tuple[str, ...]) -> tuple[str, str | None]:
    """Tags text and environment of labels such as ``Environment:prod`` or ``env=dev``.

    Tags that were lists of key and value arrive as two labels (``TagKey:Environment``, ``TagValue:prod``).
    """
    tags: dict[str, str] = {}
    pending = ""
    for label in labels:
        key, value = _pair_of_label(label)
        if key in _PAIR_VALUES and pending:
            tags.pop(_PAIR_KEYS[_PAIR_VALUES.index(key)], None)
            tags[pending] = value
            pending = ""
            continue
        pending = value if key in _PAIR_KEYS else ""
        tags[key] = value
    return tags_text(tags), environment_of(tags)


def tags_of_value(value: object) -> dict[str, str]:
    """Tags given as an object, or as a list of labels or of objects with key/name and value. Other values give none."""
    if isinstance(value, dict):
        if value.keys() == {"TagKey", "TagValue"}:
            return _tag_of_object(value)
        return {str(key): _text(each) for key, each in value.items()}
    tags: dict[str, str] = {}
    for each in value if isinstance(value, list) else ():
        if isinstance(each, str):
            key, text = _pair_of_label(each)
            tags[key] = text
        elif isinstance(each, dict):
            tags |= _tag_of_object(each)
    return tags


@lru_cache(maxsize=4096)
def time_of_epoch(number: float) -> datetime:
    """UTC time of an epoch number. OCSF requires milliseconds, Prowler writes seconds; the magnitude decides.

    Below 10^11 are seconds (until the year 5138), below 10^14 milliseconds, then micro- and nanoseconds.
    Raises RejectedRecordError outside the years 2000 to 2099.
    """
    seconds = float(number)
    for limit in (1e11, 1e14, 1e17):
        if abs(number) >= limit:
            seconds /= 1000
    if not _FIRST_YEAR <= seconds < _LAST_YEAR:
        raise RejectedRecordError(f"time {number} is not within the years 2000 to 2099")
    return datetime.fromtimestamp(seconds, UTC)


@lru_cache(maxsize=4096)
def time_of_text(text: str, *, field: str) -> datetime:
    """UTC time of ISO 8601 text with an offset; without one the moment is unknown. Raises as above."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise RejectedRecordError(f"{field} {text!r} is not an ISO 8601 time") from None
    if moment.tzinfo is None:
        raise RejectedRecordError(f"{field} {text!r} has no offset from UTC")
    moment = moment.astimezone(UTC)
    if not _FIRST_YEAR <= moment.timestamp() < _LAST_YEAR:
        raise RejectedRecordError(f"{field} {text!r} is not within the years 2000 to 2099")
    return moment


def time_of_local_text(text: str, *, field: str) -> tuple[datetime, bool]:
    """As ``time_of_text``; a time without offset is read as UTC and True is returned with it."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        return time_of_text(text, field=field), False
    moment = moment.replace(tzinfo=UTC)
    if not _FIRST_YEAR <= moment.timestamp() < _LAST_YEAR:
        raise RejectedRecordError(f"{field} {text!r} is not within the years 2000 to 2099")
    return moment, True


def _pair_of_label(label: str) -> tuple[str, str]:
    """Key and value, split at the first ``:`` or ``=``; Amazon's own ``aws:...:...`` keys contain two colons."""
    if label.startswith("aws:"):
        parts = label.split(":", 3)
        return ":".join(parts[:3]), parts[3] if len(parts) > 3 else ""
    at = min((i for i in (label.find(":"), label.find("=")) if i >= 0), default=len(label))
    return label[:at].strip(), label[at + 1 :].strip()


def _tag_of_object(tag: Mapping[str, Any]) -> dict[str, str]:
    folded = {str(key).casefold(): each for key, each in tag.items()}
    key = next((folded[name] for name in ("key", "tagkey", "name") if isinstance(folded.get(name), str)), None)
    if key is None:
        return {str(name): each for name, each in tag.items() if isinstance(each, str)}
    value = next((folded[name] for name in ("value", "tagvalue", "values") if name in folded), "")
    return {key: _text(value[0] if isinstance(value, list) and value else value)}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or value == [] else msgspec.json.encode(value).decode()
