"""Recognising JSON formats by the keys in the first bytes of a file."""

import re
from collections.abc import Callable
from typing import Final

_JSON_START: Final = re.compile(rb"[\s\x1e]*(?:\{|\[\s*(?:[\[{\]\"\d-]|null|true|false|\Z))")
"""0x1e is the separator of JSON text sequences. A log line such as ``[INFO] ...`` is no array."""
_EMPTY_ARRAY: Final = re.compile(rb"\s*(?:\[\s*\]\s*)+")
_MIN_KEYS: Final = 2
"""One key alone may be part of any JSON file."""


def json_keys(*keys: str) -> Callable[[bytes], int]:
    """A recogniser: how many of ``keys`` occur in a head of JSON, at any depth; 0 for fewer than two."""
    patterns = [re.compile(rb'"%b"\s*:' % re.escape(key).encode()) for key in keys]

    def count_keys(head: bytes) -> int:
        if not is_json(head):
            return 0
        count = sum(pattern.search(head) is not None for pattern in patterns)
        return count if count >= _MIN_KEYS else 0

    return count_keys


def has_json_keys(head: bytes, *keys: str) -> bool:
    """True if each of ``keys`` occurs in a head of JSON, at any depth."""
    return all(re.search(rb'"%b"\s*:' % re.escape(key).encode(), head) for key in keys)


def is_empty_array(head: bytes) -> bool:
    """True if the file is a JSON array without elements, or several of them."""
    return _EMPTY_ARRAY.fullmatch(head) is not None


def is_json(head: bytes) -> bool:
    """True if the head starts with an object or an array."""
    return _JSON_START.match(head) is not None
