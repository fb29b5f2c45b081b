"""Writes into partitioned tables, a limited number of partitions at a time.

DuckDB buffers the rows of each partition of a statement apart, with about 1 MB for each partition however few its rows
are: within the default memory limit a statement can write about 120 partitions.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from policycortex.storage.lake.session import Cursor, Parameters, run

PARTITIONS: Final = 32
"""Of one statement. Tables are partitioned by organisation and day."""

T = TypeVar("T")


def spans(values: Sequence[T]) -> tuple[tuple[T | None, T | None], ...]:
    """Half-open spans with at most PARTITIONS of ``values`` each; together they hold every value, also another one.

    ``values`` are sorted. A span starts at its first value and ends before its second one; None: it has no such bound.
    """
    starts = values[PARTITIONS::PARTITIONS]
    return tuple(zip((None, *starts), (*starts, None), strict=True))


def run_by_organization(cursor: Cursor, name: str, parameters: Parameters, organizations: Sequence[str]) -> int:
    """Execute ``sql/<name>.sql`` for spans of ``organizations``, sorted; the number of rows it changed."""
    return sum(run(cursor, name, _within(parameters, span)) for span in spans(organizations))


def _within(parameters: Parameters, span: tuple[str | None, str | None]) -> dict[str, Any]:
    return {**parameters, "first_organization": span[0], "end_organization": span[1]}
