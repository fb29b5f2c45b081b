"""The result of a check of stored data. What is checked is in the modules beside this one.

Each check reads a bounded number of days or rows, so that it costs the same after years of findings. The checks that
compare all layers of rebuilt days are in ``policycortex.storage.lake.reconciliation``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCheck:
    """The result of one check."""

    is_passed: bool
    is_error: bool
    """Whether a failure is wrong data, and not only worth a look."""
    message: str
    numbers: Mapping[str, int | float | str]
    evidence: pl.DataFrame
    """What does not hold, one row each; empty when all does."""


def evidence_of(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> pl.DataFrame:
    """The rows as evidence; a column may hold values of several types."""
    return pl.DataFrame([list(row) for row in rows], schema=list(columns), orient="row", infer_schema_length=None)
