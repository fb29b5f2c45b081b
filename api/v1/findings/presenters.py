"""Response bodies of findings, made from rows of the lake."""

from collections.abc import Iterator
from datetime import UTC
from typing import TYPE_CHECKING, Any

from api.v1.findings.schemas import FindingAnswer

if TYPE_CHECKING:
    import polars as pl


def present_findings(found: "pl.DataFrame") -> Iterator[FindingAnswer]:
    """Each row as the schema has it. An empty text that means "not given" is null."""
    for row in found.iter_rows(named=True):
        yield FindingAnswer.model_validate(_given(row))


def _given(row: dict[str, Any]) -> dict[str, Any]:
    observed = row["observed_at"]
    moment = observed if observed.tzinfo is not None else observed.replace(tzinfo=UTC)
    return {**row, "observed_at": moment.astimezone(UTC)}
