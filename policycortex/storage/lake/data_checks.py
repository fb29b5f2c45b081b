"""Reads of the asset checks. Each is bounded by days or rows: a check costs the same after years. Nothing is judged."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Final

import polars as pl

from policycortex.names import CrosswalkEdition
from policycortex.storage.lake.session import LakeSession

_IMPORTS_READ: Final = 50


class LakeDataChecks:
    """What the checks of one lake look at."""

    def __init__(self, session: LakeSession) -> None:
        self._session = session

    def load_newest_imports(self) -> pl.DataFrame:
        """Organisation, file, records read and quarantined of the newest 50 imports, newest first."""
        return self._session.fetch("check_imports", {"row_limit": _IMPORTS_READ})

    def load_newest_import(self) -> datetime | None:
        """When the newest import of any organisation was, UTC; None for none."""
        found: datetime | None = self._session.fetch("check_newest_import")["imported_at"].item()
        return found

    def load_newest_day(self) -> date | None:
        """The newest day with scores, of any organisation; None for none."""
        found: date | None = self._session.fetch("check_newest_day")["observed_date"].item()
        return found

    def load_account_days(self, first: date, last: date) -> pl.DataFrame:
        """Organisation, source, provider, account, day and number of checks, of the days with a scan of the account."""
        return self._session.fetch("check_account_days", {"first_date": first, "last_date": last})

    def load_account_names(self, accounts: Collection[str], days: Collection[date]) -> dict[tuple[str, str], str]:
        """Name by (organisation, account id), of accounts that their findings of these days name."""
        if not accounts or not days:
            return {}
        parameters = {
            "accounts": sorted(accounts),
            "days": sorted(days),
            "first_date": min(days),
            "last_date": max(days),
        }
        rows = self._session.fetch("check_account_names", parameters).iter_rows()
        return {(organization, account): name for organization, account, name in rows}

    def load_wrong_scores(self, first: date, last: date) -> pl.DataFrame:
        """At most 100 scores out of range or unlike the requirement results; ``found`` is the number of all."""
        return self._session.fetch("check_score_values", {"first_date": first, "last_date": last})

    def load_score_changes(self, first: date, last: date, *, model: str) -> pl.DataFrame:
        """The causes of each framework's newest change, with the scores before and after, of reviewed relations."""
        parameters = {
            "first_date": first,
            "last_date": last,
            "model": model,
            "edition": CrosswalkEdition.REVIEWED.value,
        }
        return self._session.fetch("check_score_changes", parameters)

    def load_new_criticals(self, first: date, last: date) -> pl.DataFrame:
        """Organisation, day, provider, account, check, and number of critical findings that fail since that day."""
        return self._session.fetch("check_new_criticals", {"first_date": first, "last_date": last})
