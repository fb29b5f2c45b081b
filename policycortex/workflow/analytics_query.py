"""One analytics query: the scope, period and framework that trends, risk and forecasts are computed for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from policycortex.frameworks.model import Framework
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.waivers import Waiver


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticsQuery:
    """What is asked for, with the organisation's waivers."""

    scope: Scope
    period: Period
    framework: Framework | None
    """None: all findings, whatever they are mapped to."""
    waivers: Sequence[Waiver]
    """All waivers of the organisation, in force or not."""
    now: datetime
    """Bounds what is known of waivers on a day that has not ended."""
