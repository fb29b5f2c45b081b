"""Stored scores as the table holds them, for tests that count or compare them."""

from typing import Any

from policycortex.names import CrosswalkEdition
from policycortex.storage.lake.lake import Lake


def stored_scores(
    lake: Lake, framework_id: str, *, edition: CrosswalkEdition = CrosswalkEdition.REVIEWED
) -> list[tuple[Any, ...]]:
    """Rows of ``marts.framework_scores`` of one framework, by day and model, without run and time of the build."""
    with lake.session.cursor() as cursor:
        return cursor.execute(
            "FROM lake.marts.framework_scores WHERE framework_id = $framework_id AND edition = $edition ORDER BY ALL",
            {"framework_id": framework_id, "edition": edition.value},
        ).fetchall()
