"""Numbers that must agree between layers, which asset checks compare, and what was set aside. Reads only."""

from collections.abc import Iterable
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
"""Grain: one record that could not be kept; ``total`` counts all that were asked for, beyond the limit too."""


def load_quarantined(
    session: LakeSession, organization: str, *, file_name: str, row_limit: int, text_length: int
) -> pl.DataFrame:
    """See ``Lake.load_quarantined``."""
    asked = {"file_name": file_name, "row_limit": row_limit, "text_length": text_length}
    return session.fetch("quarantined", {"organization": organization, **asked}).cast(QUARANTINED_SCHEMA)


def load_import_totals(session: LakeSession) -> pl.DataFrame:
    """See ``Lake.load_import_totals``."""
    return session.fetch("import_totals")


def load_reconciliation(session: LakeSession, days: Iterable[date]) -> pl.DataFrame:
    """See ``Lake.load_reconciliation``."""
    wanted = sorted(set(days)) or [date.min]
    return session.fetch("reconciliation", {"days": wanted, "first_date": wanted[0], "last_date": wanted[-1]})
