"""What a section computes its rows from: everything that was read for the report, at one snapshot of the lake."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from policycortex.documents.evidence import Evidence
from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportHeader, Summary
from policycortex.scoring.model import Posture
from policycortex.scoring.risk_model import Risk


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionInputs:
    """The inputs of one report. The reporting period is ``header.period``."""

    header: ReportHeader
    locale: Locale
    summary: Summary
    previous_summary: Summary | None
    """The period before, same length and scope; None when it holds no findings."""
    posture: Posture
    previous_posture: Posture | None
    daily: Mapping[date, Posture]
    """The posture as last known on each day of the period; days for which no scan counts are absent."""
    evidence: Evidence
    """Tables read from the lake: findings, checks, risk items, waivers, coverage and more."""
    risk: Risk | None
    """Computed from ``evidence.risk_items``; None where these were not read."""

    @property
    def change_points(self) -> float | None:
        """Percentage points the score moved since the period before; None where either has no score."""
        return self.summary.change_since(self.previous_summary)
