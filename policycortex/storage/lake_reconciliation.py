"""Numbers that must agree between layers; asset checks compare them. Reads only."""

from collections.abc import Iterable
from datetime import date

import polars as pl

from policycortex.storage.lake_session import LakeSession


def load_import_totals(session: LakeSession) -> pl.DataFrame:
    """See ``Lake.load_import_totals``."""
    return session.fetch("import_totals")


def load_reconciliation(session: LakeSession, days: Iterable[date]) -> pl.DataFrame:
    """See ``Lake.load_reconciliation``."""
    wanted = sorted(set(days)) or [date.min]
    return session.fetch("reconciliation", {"days": wanted, "first_date": wanted[0], "last_date": wanted[-1]})
