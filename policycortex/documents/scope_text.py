"""The scope of a report in one line, as every format prints it."""

from collections.abc import Mapping
from typing import Any, Final

_DATES: Final = frozenset({"date_range", "date_range_type", "timezone"})


def write_scope(given: Mapping[str, Any]) -> str:
    """``environments: production; tags: team=red or blue`` of the scope as requested; empty where it has none.

    Without its dates: every format prints the period beside it.
    """
    filters = {name: value for name, value in given.items() if value and name not in _DATES}
    return "; ".join(f"{name}: {_words(value)}" for name, value in filters.items())


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={' or '.join(_listed(each))}" for key, each in value.items())
    return ", ".join(_listed(value))


def _listed(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]
