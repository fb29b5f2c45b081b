"""One analytics query: the scope, period and framework that trends, risk and forecasts are computed for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from policycortex.frameworks.model import Framework
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.waivers import Waiver
from policycortex.storage.lake.scan_selection import LastKnown


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
    since: date | None = None
    """Checks and targets without a scan from this day on do not count, as in a report whose period begins then.

    None: each day is as last known, whatever is scanned later."""

    def last_known(self, day: date) -> LastKnown:
        """The posture as last known on a day of the period, in its zone."""
        return LastKnown(day=day, zone=self.period.zone, before=self.period.end, since=self.since)
