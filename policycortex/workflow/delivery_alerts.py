"""Alerts owners of deliveries that failed, are uncertain, or have no report, over the alert connection."""

from collections.abc import Callable
from datetime import datetime

from policycortex.channels.connections import Alert, Connections, without_secrets
from policycortex.channels.model import Notice
from policycortex.channels.sending import send_notice
from policycortex.errors import PolicyCortexError
from policycortex.settings import Settings
from policycortex.storage.registry import Registry
from policycortex.storage.registry.schedule_rows import DeliveryRow


def alert_owners(
    settings: Settings,
    registry: Registry,
    connections: Connections,
    *,
    now: datetime,
    progress: Callable[[str], None],
) -> None:
    """Send the alerts that are due. A failed alert is reported to ``progress`` and tried again for half a day."""
    for row in registry.deliveries.list_unreported_failures(now=now):
        alert = connections.alerts.get(row.organization) or connections.alerts.get("*")
        problem = "" if alert is None else _send(connections, alert, _notice(settings, registry, row), now)
        if alert is not None and problem:
            progress(f"{row.id}: the alert over {alert.connection!r} failed: {problem}")
        registry.deliveries.note_alert(row, is_sent=alert is not None and not problem, now=now)


def _send(connections: Connections, alert: Alert, notice: Notice, now: datetime) -> str:
    """Send one alert; why it failed, without secrets, or "" if it was sent."""
    try:
        send_notice(connections, alert.connection, alert.target, notice, now=now)
    except PolicyCortexError as error:
        return without_secrets(connections.get(alert.connection), str(error))
    return ""


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
