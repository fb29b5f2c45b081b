"""Brings tickets up to date with the weaknesses: reads the plan of action as it is now, and adds steps to the queue.

Nothing is sent here; that goes to ``ticket_sending``. Running again changes nothing.
"""

import hmac
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from policycortex.channels.connections import load_connections
from policycortex.channels.registry import ChannelRegistry
from policycortex.documents.poam import PoamItem
from policycortex.names import FindingStatus
from policycortex.period import Period
from policycortex.reports.poam_items import PlanDates, plan_items
from policycortex.scope import Scope
from policycortex.scoring.waivers import Waiver, waivers_in_force
from policycortex.security.key_store import open_key_store
from policycortex.settings import Settings
from policycortex.storage.lake.finding_filter import FindingFilter
from policycortex.storage.lake.lake import Lake, open_lake_if_any
from policycortex.storage.private_folders import private_folder
from policycortex.storage.registry import open_registry
from policycortex.workflow.analytics_days import risk_weights
from policycortex.workflow.report_poam import read_weaknesses
from policycortex.workflow.ticket_plan import TicketInputs, plan_tickets

RECENT_DAYS: Final = 35
"""A weakness that no scan of these days saw fail gets no new ticket."""
_FAILING: Final = FindingFilter(statuses=(FindingStatus.FAIL,))


def has_ticket_rules(settings: Settings) -> bool:
    """Whether an organisation has tickets."""
    return any(load_connections(settings).tickets.values())


def note_tickets(settings: Settings, *, now: datetime, channels: ChannelRegistry | None = None) -> int:
    """Add the steps that tickets need now, for every organisation with rules; to how many tickets.

    Raises ConfigurationError, UnavailableError.
    """
    rules = {name: given for name, given in load_connections(settings, channels).tickets.items() if given}
    if not rules:
        return 0
    changed = 0
    with open_lake_if_any(settings) as lake, closing(open_registry(settings)) as registry:
        known = set() if lake is None else set(lake.imports.load_organizations())
        for organization in sorted(known & rules.keys()):
            assert lake is not None  # noqa: S101 - it knows an organisation
            waivers = registry.waivers.list_records(organization)
            items = read_items(settings, lake, organization, waivers, now=now)
            for rule in rules[organization]:
                inputs = TicketInputs(
                    items=items,
                    known=registry.tickets.list_by_number(organization, rule.connection),
                    waivers={waiver.id: waiver for waiver in waivers},
                    marker_of=marker_source(settings, organization),
                )
                for change in plan_tickets(inputs, rule):
                    before = inputs.known.get(change.number)
                    changed += registry.tickets.apply_change(organization, rule.connection, change, before, now=now)
    return changed


def read_items(
    settings: Settings, lake: Lake, organization: str, waivers: Sequence[Waiver], *, now: datetime
) -> tuple[PoamItem, ...]:
    """All weaknesses of the organisation as known now, one item each, with the waivers of any framework."""
    scope, today = Scope(organization=organization), now.astimezone(UTC).date()
    period = Period.of_days(today - timedelta(days=RECENT_DAYS - 1), today)
    # a waiver for one framework or requirement counts as well: a ticket is for all of them
    of_any = {"framework": pl.lit(None, pl.String()), "requirement_id": pl.lit(None, pl.String())}
    in_force = waivers_in_force(waivers, now).with_columns(**of_any)
    with private_folder(settings) as folder:
        exported = folder / "failing.parquet"
        lake.findings_export.write_findings(scope, period, path=exported, waivers=in_force, wanted=_FAILING)
        evidence = read_weaknesses(
            lake, scope, period, framework_id=None, in_force=in_force, waivers=waivers, exported=exported, now=now
        )
    return plan_items(evidence, {}, PlanDates(as_of=now, today=today, sla_days=risk_weights(settings).sla_days))


def marker_source(settings: Settings, organization: str) -> Callable[[PoamItem], str]:
    """Makes the marker of an item's ticket: the same each time, and no other installation's or organisation's.

    So a registry that was restored from an older backup finds the tickets that it does not know.
    """
    key = open_key_store(settings).derive(f"tickets/{organization}")

    def marker_of(item: PoamItem) -> str:
        named = f"{item.weakness}\n{item.source}\n{item.provider}\n{item.account_id}\n{item.check_id}"
        return f"policycortex-{hmac.digest(key, named.encode(), 'sha256').hex()[:24]}"

    return marker_of
