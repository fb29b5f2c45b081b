"""The scope of a report in one line, as every format prints it."""

from collections.abc import Mapping
from typing import Any


def write_scope(given: Mapping[str, Any]) -> str:
    """``environments: production; tags: team=red or blue`` of the scope as requested; empty where it has none."""
    return "; ".join(f"{name}: {_words(name, value)}" for name, value in given.items() if value)


def _words(name: str, value: object) -> str:
    if isinstance(value, Mapping):
        if name == "tags":
            return ", ".join(f"{key}={' or '.join(_listed(each))}" for key, each in value.items())
        return " – ".join(str(each) for each in value.values())
    return ", ".join(_listed(value))


def _listed(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]
