"""Events that time or the daily evaluation brings: what ends soon, what is no longer scanned, what became worse.

Looked for once an hour. An event is added once for what it is about, however often it is looked for.
"""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any, Final

from policycortex.names import EventKind
from policycortex.scoring.models import DEFAULT_MODEL
from policycortex.scoring.scan_rhythm import silent_accounts
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake_if_any
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.approvals import ApprovalRepository
from policycortex.workflow.scan_checks import account_days, window_of

_SOON: Final = timedelta(days=14)
_DROP_POINTS: Final = 1.0
_KEPT: Final = timedelta(days=90)
"""Ended events are kept so long for their list."""

_ByOrganization = Mapping[str, dict[str, dict[str, Any]]]
"""Data of events by organisation and key."""


_LOOKED_FOR: Final = (
    EventKind.WAIVER_EXPIRING,
    EventKind.ATTESTATION_EXPIRING,
    EventKind.DATA_STALE,
    EventKind.SCORE_DROPPED,
    EventKind.FINDING_CRITICAL_NEW,
)


def wants_periodic_events(settings: Settings) -> bool:
    """Whether somebody subscribed to an event that ``note_periodic_events`` looks for."""
    with closing(open_registry(settings)) as registry:
        return any(registry.subscriptions.list_wanted(kind) for kind in _LOOKED_FOR)


def note_periodic_events(settings: Settings, *, now: datetime) -> int:
    """Add the events of now for those who subscribed; how many are new. Ended events of long ago are deleted.

    The lake is read only where somebody subscribed to what it is needed for.
    """
    with closing(open_registry(settings)) as registry:
        registry.subscriptions.remove_ended_events(before=now - _KEPT)
        added = _note(registry, EventKind.WAIVER_EXPIRING, _expiring(registry.waivers, now), now)
        added += _note(registry, EventKind.ATTESTATION_EXPIRING, _expiring(registry.attestations, now), now)
        readers = {
            EventKind.DATA_STALE: _stale,
            EventKind.SCORE_DROPPED: _dropped,
            EventKind.FINDING_CRITICAL_NEW: _new_criticals,
        }
        wanted = {kind: read for kind, read in readers.items() if registry.subscriptions.list_wanted(kind)}
        if not wanted:
            return added
        with open_lake_if_any(settings) as lake:
            if lake is not None:
                added += sum(_note(registry, kind, read(lake), now) for kind, read in wanted.items())
        return added


def _note(registry: Registry, kind: EventKind, found: _ByOrganization, now: datetime) -> int:
    return sum(
        registry.subscriptions.note_events(organization, kind, found[organization], now=now)
        for organization in registry.subscriptions.list_wanted(kind)
        if organization in found
    )


def _expiring(records: ApprovalRepository[Any], now: datetime) -> _ByOrganization:
    found: defaultdict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for record in records.list_ending(before=_SOON, now=now):
        data = {"id": record.id, "reason": record.reason, "until": _text(record.valid_until)}
        found[record.organization][f"{record.id}:{_text(record.valid_until)}"] = data
    return found


def _stale(lake: Lake) -> _ByOrganization:
    found: defaultdict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for each in silent_accounts(account_days(lake)):
        last = each.last_day.isoformat()
        data = {"source": each.source, "provider": each.provider, "account_id": each.account_id, "last_scan_on": last}
        found[each.organization][f"{each.source}:{each.account_id}:{last}"] = data
    return found


def _dropped(lake: Lake) -> _ByOrganization:
    """Of each framework, the newest change of its score."""
    found: defaultdict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    window = window_of(lake.data_checks.load_newest_day())
    for row in lake.data_checks.load_score_changes(*window, model=DEFAULT_MODEL).iter_rows(named=True):
        before, after = row["before_pct"], row["after_pct"]
        if before is None or after is None or before - after < _DROP_POINTS:
            continue
        day = row["observed_date"].isoformat()
        data = {
            "framework": row["framework_id"],
            "date": day,
            "previous_date": row["previous_date"].isoformat(),
            "score_before": round(before, 2),
            "score_after": round(after, 2),
        }
        found[row["organization"]][f"{row['framework_id']}:{day}"] = data
    return found


def _new_criticals(lake: Lake) -> _ByOrganization:
    """Of each organisation, the critical findings that fail since its newest evaluated day, by check and account."""
    found: defaultdict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    window = window_of(lake.data_checks.load_newest_day())
    for row in lake.data_checks.load_new_criticals(*window).iter_rows(named=True):
        day = row["observed_date"].isoformat()
        names = ("provider", "account_id", "check_id", "findings")
        key = f"{row['provider']}:{row['account_id']}:{row['check_id']}:{day}"
        found[row["organization"]][key] = {**{name: row[name] for name in names}, "date": day}
    return found


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
