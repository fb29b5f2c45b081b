"""Filters over single findings of the period-end posture, beside a report's scope."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from policycortex.names import FindingStatus, Severity

_STATUSES: Final = (FindingStatus.FAIL, FindingStatus.MANUAL, FindingStatus.PASS)
_SEVERITIES: Final = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFORMATIONAL)
"""In the order of the macro finding_rank; that of statuses is the alphabet's, too."""


def status_of(rank: int) -> FindingStatus:
    """The status of findings of this rank."""
    return _STATUSES[rank // 10 - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingFilter:
    """Which findings of a scope; an empty collection filters nothing."""

    statuses: Collection[FindingStatus] = ()
    severities: Collection[Severity] = ()
    check_ids: Collection[str] = ()

    def ranks(self) -> list[int]:
        """The ranks that it keeps, as the macro ``finding_rank`` has them; empty: all."""
        if not self.statuses and not self.severities:
            return []
        return [
            10 * place + severity_place
            for place, status in enumerate(_STATUSES, start=1)
            for severity_place, severity in enumerate(_SEVERITIES, start=1)
            if (not self.statuses or status in self.statuses) and (not self.severities or severity in self.severities)
        ]

    def parameters(self) -> dict[str, Any]:
        """Parameters of ``export_findings``."""
        return {"ranks": self.ranks(), "check_ids": list(self.check_ids)}

    def keep(self, plan: pl.DataFrame) -> pl.DataFrame:
        """The rows of ``export_plan`` that it keeps."""
        ranks = self.ranks()
        kept = plan.filter(pl.col("rank_").is_in(ranks)) if ranks else plan
        return kept.filter(pl.col("check_id").is_in(list(self.check_ids))) if self.check_ids else kept


EVERY_FINDING: Final = FindingFilter()
"""Filters nothing."""
