"""Counts waived findings: those excluded from one requirement, and those excluded from a whole framework."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, TypeAlias

import polars as pl

TallyKey: TypeAlias = tuple[str, ...]


def waived_of_framework(
    waived: pl.DataFrame, framework_id: str | None, requirement_sets: Mapping[TallyKey, set[str]]
) -> Mapping[str, int]:
    """Return findings waived for the framework as a whole, by severity.

    A finding is excluded from the framework's score only when it is waived for every requirement that it is related to.
    Without a framework (None) only waivers that name no framework count.
    """
    found: Counter[str] = Counter()
    for row in waived.iter_rows(named=True):
        if framework_id is None:
            covered = any(r["framework"] is None and r["requirement_id"] is None for r in row["reaches"])
        else:
            mapped = requirement_sets.get(_key(row), set())
            covered = bool(mapped) and mapped == _reached(row, framework_id, mapped)
        found[row["severity"]] += row["waived"] if covered else 0
    return found


def waived_by_requirement(
    waived: pl.DataFrame, framework_id: str, requirement_sets: Mapping[TallyKey, set[str]]
) -> Mapping[tuple[str, str], int]:
    """Return waived findings by (requirement_id, severity); a finding counts once per requirement it is waived for."""
    found: Counter[tuple[str, str]] = Counter()
    for row in waived.iter_rows(named=True):
        for requirement_id in _reached(row, framework_id, requirement_sets.get(_key(row), set())):
            found[requirement_id, row["severity"]] += row["waived"]
    return found


def _key(row: Mapping[str, Any]) -> TallyKey:
    return row["provider"], row["check_id"], row["mapping_id"]


def _reached(row: Mapping[str, Any], framework_id: str, mapped: set[str]) -> set[str]:
    reached: set[str] = set()
    for reach in row["reaches"]:
        if reach["framework"] in (None, framework_id):
            reached |= mapped if reach["requirement_id"] is None else mapped & {reach["requirement_id"]}
    return reached
