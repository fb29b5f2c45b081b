"""Normalises environments, tags, times and relations of all formats. Pure functions."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from policycortex.findings.reading.strict import RejectedRecordError

ENVIRONMENT_KEYS: Final = ("environment", "env", "stage")
"""Tag keys that give the environment, compared without case; the first that is present decides."""

ENVIRONMENTS: Final = {
    "production": "production", "prod": "production", "prd": "production", "live": "production",
    "staging": "staging", "stage": "staging", "stg": "staging",
    "development": "development", "dev": "development", "devel": "development",
    "test": "test", "testing": "test", "tst": "test", "qa": "test",
}  # fmt: skip
"""Known spellings of an environment; any other is kept in lower case."""

_PAIR_KEYS: Final = ("TagKey", "Key")
_PAIR_VALUES: Final = ("TagValue", "Value")
_FIRST_YEAR: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
_LAST_YEAR: Final = datetime(2100, 1, 1, tzinfo=UTC).timestamp()

_encode_sorted: Final = msgspec.json.Encoder(order="sorted").encode


def tags_text(tags: Mapping[str, str]) -> str:
    """Tags as canonical JSON object text."""
    return _encode_sorted(dict(tags)).decode() if tags else "{}"


def relations_text(relations: Mapping[str, Iterable[str]]) -> str:
    """Requirements named by a finding, as canonical JSON: keys sorted, no duplicates, no empty list."""
    plain = {key: list(dict.fromkeys(ids)) for key, ids in relations.items()}
    return _encode_sorted({key: ids for key, ids in plain.items() if ids}).decode()


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
