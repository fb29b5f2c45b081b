"""Reads of the overview of one organisation: stored daily results, and which accounts were scanned when."""

from collections.abc import Collection
from datetime import date
from typing import Any

import polars as pl

from policycortex.names import RequirementResult
from policycortex.storage.lake.session import LakeSession


class LakeOverview:
    """What the overview of one lake reads. Each read is bounded by days, and kept by a lake at a snapshot."""

    def __init__(self, session: LakeSession) -> None:
        self._session = session

    def load_newest_day(self, organization: str, last: date) -> date | None:
        """The organisation's newest day with scores up to ``last``; None for none."""
        parameters = {"organization": organization, "last_date": last}
        found: date | None = self._session.fetch_kept("overview_newest_day", parameters)["observed_date"].item()
        return found

    def load_scores(self, organization: str, first: date, last: date, *, model: str) -> pl.DataFrame:
        """``framework_id``, ``edition``, ``observed_date``, ``numerator``, ``denominator``; oldest first."""
        return self._session.fetch_kept("overview_scores", _days(organization, first, last) | {"model": model})

    def load_requirements(self, organization: str, days: Collection[date]) -> pl.DataFrame:
        """``framework_id``, ``edition``, ``observed_date``, ``met``, ``assessed``, of at least one day; oldest first.

        Counted by results, as a report's summary counts them.
        """
        results = {"compliant": RequirementResult.COMPLIANT, "non_compliant": RequirementResult.NON_COMPLIANT}
        parameters = _days(organization, min(days), max(days)) | {name: each.value for name, each in results.items()}
        return self._session.fetch_kept("overview_requirements", parameters | {"days": sorted(days)})

    def load_causes(self, organization: str, first: date, last: date) -> pl.DataFrame:
        """``framework_id``, ``edition``, ``observed_date``, ``cause``, ``findings``, ``points``; oldest first.

        ``points`` is an exact fraction, null where either day has no score.
        """
        return self._session.fetch_kept("overview_causes", _days(organization, first, last))

    def load_account_days(self, organization: str, first: date, last: date) -> pl.DataFrame:
        """``source``, ``provider``, ``account_id``, ``observed_date``, ``checks``: a row for each account and day."""
        return self._session.fetch_kept("overview_account_days", _days(organization, first, last))


def _days(organization: str, first: date, last: date) -> dict[str, Any]:
    return {"organization": organization, "first_date": first, "last_date": last}
