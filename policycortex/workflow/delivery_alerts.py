"""Alerts owners of deliveries that failed, are uncertain, or have no report, over the alert connection."""

from datetime import datetime

from policycortex.channels.connections import Alert, Connections
from policycortex.channels.model import Notice
from policycortex.channels.sending import send_notice
from policycortex.errors import PolicyCortexError
from policycortex.settings import Settings
from policycortex.storage.registry import Registry
from policycortex.storage.registry.schedule_rows import DeliveryRow


def alert_owners(settings: Settings, registry: Registry, connections: Connections, *, now: datetime) -> int:
    """Send the alerts that are due; the number sent. A failed alert is tried again for half a day."""
    sent_count = 0
    for row in registry.deliveries.list_unreported_failures(now=now):
        alert = connections.alerts.get(row.organization) or connections.alerts.get("*")
        is_sent = alert is not None and _send(connections, alert, _notice(settings, registry, row), now)
        registry.deliveries.note_alert(row, is_told=is_sent, now=now)
        sent_count += is_sent
    return sent_count


def _send(connections: Connections, alert: Alert, notice: Notice, now: datetime) -> bool:
    try:
        send_notice(connections, alert.connection, alert.target, notice, now=now)
    except PolicyCortexError:
        return False
    return True


def _notice(settings: Settings, registry: Registry, row: DeliveryRow) -> Notice:
    report = registry.reports.find_report(row.report_id)
    reason = report.failure.message if report.failure is not None and row.status == "abandoned" else row.reason
    facts = {
        "Report": f"{report.name} ({report.id})",
        "Destination": f"{row.channel} {row.target or row.connection}",
        "State": row.status.value,
        "Reason": reason,
        "Delivery": row.id,
    }
    if row.schedule_id is not None:
        facts["Schedule"] = row.schedule_id
    if settings.public_url is not None:
        facts["See"] = f"{settings.public_url}/v1/deliveries/{row.id}"
    text = (
        "A report did not reach its destination."
        if row.status != "uncertain"
        else "It is not known whether a report reached its destination."
    )
    return Notice(id=row.id, subject=f"Not delivered: {report.name}", text=text, facts=facts)
