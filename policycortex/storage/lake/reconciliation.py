"""Compares counts between the layers, for asset checks, and lists quarantined records. Reads only."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

import polars as pl

from policycortex.storage.lake.session import LakeSession

QUARANTINED_SCHEMA: Final = pl.Schema(
    [
        ("file_name", pl.String()),
        ("imported_at", pl.Datetime("us", "UTC")),
        ("byte_offset", pl.Int64()),
        ("byte_length", pl.Int64()),
        ("reason", pl.String()),
        ("raw_text", pl.String()),
        ("total", pl.Int64()),
    ]
)
"""Grain: one record that could not be imported; ``total`` is the number of all that match, also beyond the limit."""


_ALL: Final = 2**40


class LakeReconciliation:
    """Compares the layers of one lake."""

    def __init__(self, session: LakeSession) -> None:
        self._session = session

    def load_quarantined(
        self,
        organization: str,
        *,
        file_name: str = "",
        import_ids: Sequence[str] | None = None,
        row_limit: int = 1000,
        row_offset: int = 0,
        text_length: int = 200,
    ) -> pl.DataFrame:
        """Records that could not be imported (QUARANTINED_SCHEMA), newest import first, in the file's order.

        Of all files, of those called ``file_name``, or of these imports; at most ``row_limit`` after ``row_offset``,
        texts cut to ``text_length``.
        """
        parameters = {
            "organization": organization,
            "file_name": file_name,
            "is_any_import": import_ids is None,
            "import_ids": list(import_ids or ()),
            "row_limit": row_limit,
            "row_offset": row_offset,
            "text_length": text_length,
        }
        return self._session.fetch("quarantined", parameters).cast(QUARANTINED_SCHEMA)

    def load_import_totals(self, *, newest: int | None = None) -> pl.DataFrame:
        """Per import: the receipt's counts, the stored rows, and ``is_reconciled``; of the ``newest`` ones, or of all.

        Only files of the days of these imports are read.
        """
        limit = {"row_limit": _ALL if newest is None else newest}
        span = self._session.fetch("import_span", limit).row(0, named=True)
        return self._session.fetch("import_totals", limit | span)

    def load_reconciliation(self, days: Iterable[date]) -> pl.DataFrame:
        """Per organisation and day: findings in core, state, coverage and tallies, and ``is_reconciled``."""
        wanted = sorted(set(days)) or [date.min]
        return self._session.fetch("reconciliation", {"days": wanted, "first_date": wanted[0], "last_date": wanted[-1]})
