"""Alerts owners of deliveries that failed, are uncertain, or have no report, over the alert connection."""

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from time import monotonic
from typing import Final

from policycortex.channels.connections import Alert, Connections, without_secrets
from policycortex.channels.model import Notice
from policycortex.channels.sending import send_notice
from policycortex.errors import PolicyCortexError
from policycortex.settings import Settings
from policycortex.storage.registry import Registry
from policycortex.storage.registry.schedule_rows import DeliveryRow

_MOST_AT_ONCE: Final = 16
_SECONDS_PER_ORGANIZATION: Final = 60.0
"""After this time the organisation's other alerts wait for the next round."""


def alert_owners(
    settings: Settings,
    registry: Registry,
    connections: Connections,
    *,
    now: datetime,
    progress: Callable[[str], None],
) -> None:
    """Send the alerts that are due. A failed alert is reported to ``progress`` and tried again for half a day.

    Organisations are alerted at the same time. After a failed alert, the organisation's others wait for the next
    round: an alert receiver that is slow for as long as it may be delays nobody else's alerts and no later round.
    """
    rows = registry.deliveries.list_unreported_failures(now=now)
    by_organization = {row.organization: [r for r in rows if r.organization == row.organization] for row in rows}

    def alert(organization: str) -> None:
        end = monotonic() + _SECONDS_PER_ORGANIZATION
        for row in by_organization[organization]:
            if monotonic() > end or not _alert_owner(settings, registry, connections, row, now=now, progress=progress):
                return

    with ThreadPoolExecutor(max_workers=_MOST_AT_ONCE, thread_name_prefix="alerts") as pool:
        for future in [pool.submit(alert, organization) for organization in by_organization]:
            future.result()


def _alert_owner(
    settings: Settings,
    registry: Registry,
    connections: Connections,
    row: DeliveryRow,
    *,
    now: datetime,
    progress: Callable[[str], None],
) -> bool:
    """Send the alert for one delivery unless another sender does; False if sending failed."""
    alert = connections.alerts.get(row.organization) or connections.alerts.get("*")
    if not registry.deliveries.claim_alert(row) or alert is None:
        return True
    organizations = registry.reports.list_organizations()
    problem = _send(connections, alert, _notice(settings, registry, row), now, organizations)
    if problem:
        progress(f"{row.id}: the alert over {alert.connection!r} failed: {problem}")
        return False
    registry.deliveries.note_alert(row, now=now)
    return True


def _send(connections: Connections, alert: Alert, notice: Notice, now: datetime, organizations: Collection[str]) -> str:
    """Send one alert; why it failed, without secrets, or "" if it was sent."""
    try:
        send_notice(connections, alert.connection, alert.target, notice, now=now, organizations=organizations)
    except PolicyCortexError as error:
        return without_secrets(connections.get(alert.connection), str(error))
    return ""


def _notice(settings: Settings, registry: Registry, row: DeliveryRow) -> Notice:
    report = registry.reports.find_report(row.report_id)
    reason = report.failure.message if report.failure is not None and row.status == "abandoned" else row.reason
    facts = {
        "Report": f"{report.name} ({report.id})",
        "Organization": row.organization,
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
    return Notice(
        id=row.id, subject=f"Not delivered: {report.name}", text=text, facts=facts, organization=row.organization
    )
