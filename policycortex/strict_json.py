"""Reads JSON and refuses what ``json.loads`` accepts: a key given twice in one object, and NaN and Infinity.

The standard library keeps the last of two equal keys, so a value would be lost without notice. Readers of JSON from
outside that must not lose one use this module. Time is linear in the length of the text.
"""

import json
from collections import Counter
from typing import Any, NoReturn


class DuplicateKeyError(ValueError):
    """Keys given more than once in one object. ``keys`` has each of them once: inner objects first, then file order."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        super().__init__(f"the field {keys[0]!r} is given twice in one object")
        self.keys = keys


def read_json(content: str | bytes) -> Any:  # noqa: ANN401 - a JSON value
    """The value of a JSON text.

    Raises DuplicateKeyError, json.JSONDecodeError (a ValueError with line and column), ValueError for NaN, Infinity and
    integers of more than 4,300 digits, UnicodeDecodeError for bytes that are no text, RecursionError for deep nesting.
    """
    duplicates: list[str] = []

    def read_object(members: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(members)
        if len(value) < len(members):
            duplicates.extend(repeated_keys(members))
        return value

    value = json.loads(content, object_pairs_hook=read_object, parse_constant=_refuse_constant)
    if duplicates:
        raise DuplicateKeyError(tuple(dict.fromkeys(duplicates)))
    return value


def repeated_keys(members: list[tuple[str, Any]]) -> list[str]:
    """Keys that occur more than once among the members of an object, each once, in order of first occurrence."""
    return [key for key, count in Counter(key for key, _ in members).items() if count > 1]


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON number")
