"""Converts a decoded record to its struct. A field of a wrong type that no judgement needs is dropped, not the record.

What is unambiguous is read: a number where a text is expected, a numeric text where a number is, one value for a list.
"""

import re
from collections.abc import Collection
from typing import Any, Final, TypeVar

import msgspec

from policycortex.findings.model import NoteKind, ScanNote
from policycortex.findings.reading.strict import failure_reason

T = TypeVar("T")

_PATH: Final = re.compile(r" - at `(?:key in )?\$([^`]*)`$")
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_EXPECTED: Final = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")
_MAX_REPAIRS: Final = 50
"""A record with more bad fields than this is rejected as a whole."""

_Step = str | int


def convert_record(value: Any, kind: type[T], *, strict: Collection[str]) -> tuple[T, tuple[ScanNote, ...]]:  # noqa: ANN401
    """The record as ``kind``, and a note for each field that was dropped. Changes ``value``.

    ``strict`` names, as dotted paths without list positions, the fields that decide identity, status or time.
    Raises ValidationError if one of these is wrong or missing.
    """
    try:
        return msgspec.convert(value, kind), ()
    except msgspec.ValidationError as error:
        return _repair(value, kind, error, strict)


def dropped_field(name: str, problem: str) -> ScanNote:
    """The note of a field that could not be read."""
    return ScanNote(kind=NoteKind.DROPPED_FIELD, text=f"{name} could not be read and was dropped: {problem}")


def assumed_value(text: str) -> ScanNote:
    """The note of a value that the file does not give."""
    return ScanNote(kind=NoteKind.ASSUMED_VALUE, text=text)


def _repair(
    value: Any,  # noqa: ANN401 - a JSON value
    kind: type[T],
    error: msgspec.ValidationError,
    strict: Collection[str],
) -> tuple[T, tuple[ScanNote, ...]]:
    notes: list[ScanNote] = []
    for _ in range(_MAX_REPAIRS):
        steps = _steps(str(error))
        if not steps or not _read_otherwise(value, steps, str(error)):
            name = ".".join(step for step in steps if isinstance(step, str))
            if not name or name in strict or not _drop(value, steps):
                raise error
            notes.append(dropped_field(name, re.sub(r"\[\d+\]", "", failure_reason(error))))
        try:
            return msgspec.convert(value, kind), tuple(notes)
        except msgspec.ValidationError as further:
            error = further
    raise error


def _steps(message: str) -> tuple[_Step, ...]:
    """Keys and positions that lead to the wrong value; the object itself where a value of a mapping is wrong."""
    found = _PATH.search(message)
    path = found.group(1).partition("[...]")[0] if found else ""
    return tuple(key or int(position) for key, position in _STEP.findall(path))


def _read_otherwise(value: Any, steps: tuple[_Step, ...], message: str) -> bool:  # noqa: ANN401 - a JSON value
    """Replace the wrong value where its meaning is clear; True if it was."""
    found = _EXPECTED.search(message)
    parent = _follow(value, steps[:-1])
    if found is None or parent is None:
        return False
    wrong = parent[steps[-1]]
    expected = found.group(1)
    if "str" in expected and isinstance(wrong, int | float) and not isinstance(wrong, bool):
        parent[steps[-1]] = str(wrong)
    elif ("int" in expected or "float" in expected) and isinstance(wrong, str) and wrong.strip().isdecimal():
        parent[steps[-1]] = int(wrong)
    elif "array" in expected and isinstance(wrong, str | dict):
        parent[steps[-1]] = [wrong]
    else:
        return False
    return True


def _drop(value: Any, steps: tuple[_Step, ...]) -> bool:  # noqa: ANN401 - a JSON value
    """Remove the wrong value from the object or list around it."""
    parent = _follow(value, steps[:-1])
    if parent is None:
        return False
    del parent[steps[-1]]
    return True


def _follow(value: Any, steps: tuple[_Step, ...]) -> Any:  # noqa: ANN401 - a JSON value
    for step in steps:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value if isinstance(value, dict | list) else None
