"""Owners are told of deliveries that failed, are uncertain, or never had a report, over the alert connection."""

from datetime import datetime

from policycortex.channels.connections import Alert, Connections
from policycortex.channels.notices import Notice, send_notice
from policycortex.errors import PolicyCortexError
from policycortex.settings import Settings
from policycortex.storage.registry import Registry
from policycortex.storage.registry.schedule_rows import DeliveryRow


def tell_owners(settings: Settings, registry: Registry, connections: Connections, *, now: datetime) -> int:
    """How many were told. What cannot be told now is tried later, for half a day; the ledger has it anyway."""
    told = 0
    for row in registry.deliveries.list_unreported_failures(now=now):
        alert = connections.alerts.get(row.organization) or connections.alerts.get("*")
        is_told = alert is not None and _tell(settings, registry, connections, alert, row)
        registry.deliveries.note_alert(row, is_told=is_told, now=now)
        told += is_told
    return told


def _tell(settings: Settings, registry: Registry, connections: Connections, alert: Alert, row: DeliveryRow) -> bool:
    try:
        send_notice(connections, alert.connection, alert.target, _notice(settings, registry, row))
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
        else ("Nobody knows whether a report reached its destination.")
    )
    return Notice(id=row.id, subject=f"Not delivered: {report.name}", text=text, facts=facts)
