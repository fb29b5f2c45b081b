"""Alerts owners over the alert connection: of deliveries that failed or are uncertain, failed reports, ticks, tickets.

Alerts have a queue and a round of their own, so that a slow receiver of alerts delays no delivery.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from policycortex.channels.connections import Connections, load_connections, without_secrets
from policycortex.channels.model import Notice
from policycortex.channels.registry import ChannelRegistry
from policycortex.channels.sending import send_notice
from policycortex.errors import PolicyCortexError
from policycortex.names import DeliveryStatus, ReportStatus
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.alert_tables import CONTRADICTION, EXPIRY, TICKET
from policycortex.storage.registry.schedule_rows import AlertRow, DeliveryRow
from policycortex.workflow.sending_rounds import RoundOutcome, claim_lease, run_sending_round

_MOST_AT_ONCE: Final = 16

_OLDEST: Final = timedelta(days=3)
"""Alerts that waited longer, such as for a connection that did not exist, are dropped."""

_MOST_NAMED: Final = 10


def has_due_alerts(settings: Settings, *, now: datetime) -> bool:
    """Whether a round would find work. One small query; none without alert connections."""
    if not load_connections(settings).alerts:
        return False
    with closing(open_registry(settings)) as registry:
        return registry.alerts.has_due_alerts(now=now)


def send_due_alerts(
    settings: Settings,
    *,
    clock: Callable[[], datetime],
    progress: Callable[[str], None] = lambda _: None,
    channels: ChannelRegistry | None = None,
) -> int:
    """Send the alerts that are due; how many were sent.

    A failed alert is reported to ``progress`` and tried again for half a day. Organisations are alerted at the same
    time, each one alert after the other. After a failed one, the organisation's others wait for the next round.
    """
    with closing(open_registry(settings)) as registry:
        connections = load_connections(settings, channels)
        round_ = _Round(settings=settings, registry=registry, connections=connections, clock=clock, progress=progress)
        return round_.run()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    settings: Settings
    registry: Registry
    connections: Connections
    clock: Callable[[], datetime]
    progress: Callable[[str], None]

    def run(self) -> int:
        """Claim and send until nothing is due or the time limit is reached."""
        return run_sending_round(
            self._claim, self._alert, group_of=attrgetter("organization"), most_at_once=_MOST_AT_ONCE, name="alerts"
        )

    def _claim(self, except_organizations: set[str]) -> AlertRow | None:
        used = (self.connections.connections[alert.connection] for alert in self.connections.alerts.values())
        lease = claim_lease(used)
        return self.registry.alerts.claim_alert(
            now=self.clock(), lease=lease, except_organizations=except_organizations
        )

    def _alert(self, row: AlertRow) -> RoundOutcome:
        """Send and settle one claimed alert, or drop one that is not needed."""
        alert = self.connections.alerts.get(row.organization) or self.connections.alerts.get("*")
        notice = _notice(self.settings, self.registry, row)
        if alert is None or notice is None or row.created_at < self.clock() - _OLDEST:
            reason = "nothing to tell" if notice is None else "no alert connection in time"
            self.registry.alerts.settle_dropped(row, reason, now=self.clock())
            return RoundOutcome.ENDED
        organizations = self.registry.reports.list_organizations()
        try:
            send_notice(
                self.connections, alert.connection, alert.target, notice, now=self.clock(), organizations=organizations
            )
        except PolicyCortexError as error:
            problem = without_secrets(self.connections.get(alert.connection), str(error))
            self.progress(f"{row.id}: the alert over {alert.connection!r} failed: {problem}")
            self.registry.alerts.settle_failed(row, now=self.clock())
            return RoundOutcome.AGAIN
        self.registry.alerts.settle_sent(row, now=self.clock())
        return RoundOutcome.SENT


def _notice(settings: Settings, registry: Registry, row: AlertRow) -> Notice | None:
    """The alert's text; None if its report was deleted, or its deliveries were replayed."""
    if row.kind == CONTRADICTION:
        return _contradiction_notice(row)
    if row.kind == EXPIRY:
        return _expiry_notice(row)
    if row.kind == TICKET:
        return _ticket_notice(row)
    if row.report_id is None:
        return _tick_notice(registry, row)
    status = registry.reports.find_status(row.report_id)
    if status in {None, ReportStatus.CANCELLED}:
        return None
    if row.channel is None:
        return _report_notice(settings, registry, row, row.report_id)
    failed = registry.deliveries.list_alerted_deliveries(row.id)
    return _delivery_notice(settings, registry, row, failed) if failed else None


def _tick_notice(registry: Registry, row: AlertRow) -> Notice | None:
    schedule = registry.schedules.find_schedule_or_none(row.schedule_id or "")
    if schedule is None:
        return None
    facts = {
        "Schedule": f"{schedule.name} ({schedule.id})",
        "Organization": row.organization,
        "Due": row.tick.isoformat() if row.tick is not None else "",
        "Reason": row.reason,
    }
    text = "A schedule could not request its report."
    return Notice(
        id=row.id, subject=f"No report: {schedule.name}", text=text, facts=facts, organization=row.organization
    )


def _contradiction_notice(row: AlertRow) -> Notice:
    return Notice(
        id=row.id,
        subject=f"Stated as met, and failing: {row.reason.partition(' fails ')[0]}",
        text="A scanner finds that a requirement is not met which people state as met. The finding counts.",
        facts={"Organization": row.organization, "Reason": row.reason},
        organization=row.organization,
    )


def _expiry_notice(row: AlertRow) -> Notice:
    return Notice(
        id=row.id,
        subject=row.reason[:1].upper() + row.reason[1:].partition(" (")[0] + row.reason.rpartition(")")[2],
        text="What people state counts until then; after it, the requirements are open unless it is stated again.",
        facts={"Organization": row.organization, "Reason": row.reason},
        organization=row.organization,
    )


def _ticket_notice(row: AlertRow) -> Notice:
    tracker, _, reason = row.reason.partition(": ")
    return Notice(
        id=row.id,
        subject=f"A ticket failed in {tracker}",
        text="A step of a ticket was refused or given up; later steps of the ticket wait for it. See GET /v1/tickets.",
        facts={"Organization": row.organization, "Connection": tracker, "Reason": reason},
        organization=row.organization,
    )


def _report_notice(settings: Settings, registry: Registry, row: AlertRow, report_id: str) -> Notice:
    report = registry.reports.find_report(report_id)
    facts = {
        "Report": f"{report.name} ({report.id})",
        "Organization": row.organization,
        "Reason": report.failure.message if report.failure is not None else "",
    }
    text = "A report failed. Nothing was delivered."
    return Notice(
        id=row.id,
        subject=f"Report failed: {report.name}",
        text=text,
        facts=facts | _links(settings, row, f"/v1/reports/{report.id}"),
        organization=row.organization,
    )


def _delivery_notice(settings: Settings, registry: Registry, row: AlertRow, failed: Sequence[DeliveryRow]) -> Notice:
    report = registry.reports.find_report(failed[0].report_id)
    reasons = Counter(delivery.reason for delivery in failed).most_common()
    facts = {
        "Report": f"{report.name} ({report.id})",
        "Organization": row.organization,
        "Destination": f"{row.channel} {_listed([delivery.target or delivery.connection for delivery in failed])}",
        "State": ", ".join(sorted({delivery.status.value for delivery in failed})),
        "Reason": _listed([f"{reason} ({count} times)" if count > 1 else reason for reason, count in reasons]),
        "Delivery": _listed([delivery.id for delivery in failed]),
    }
    is_uncertain = all(delivery.status is DeliveryStatus.UNCERTAIN for delivery in failed)
    many = f" to {len(failed)} receivers" if len(failed) > 1 else ""
    text = (
        "It is not known whether a report reached its destination."
        if is_uncertain
        else "A report did not reach its destination."
    )
    see = f"/v1/deliveries/{failed[0].id}" if len(failed) == 1 else f"/v1/deliveries?report_id={report.id}"
    return Notice(
        id=row.id,
        subject=f"Not delivered{many}: {report.name}",
        text=text,
        facts=facts | _links(settings, row, see),
        organization=row.organization,
    )


def _links(settings: Settings, row: AlertRow, path: str) -> dict[str, str]:
    schedule = {"Schedule": row.schedule_id} if row.schedule_id is not None else {}
    return schedule | ({"See": f"{settings.public_url}{path}"} if settings.public_url is not None else {})


def _listed(texts: Sequence[str]) -> str:
    """The first texts, and how many more there are."""
    more = len(texts) - _MOST_NAMED
    named = ", ".join(texts[:_MOST_NAMED])
    return f"{named} and {more} more" if more > 0 else named
