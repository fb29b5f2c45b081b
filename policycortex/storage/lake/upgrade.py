"""Upgrade of a lake. To version 6: derives the scan targets of stored findings and builds all days again.

To version 7: builds the ages of all days again, because neither muting nor a quarter between two scans restarts them.
To version 8: removes stored figures, which were of each day's own scans; days are judged anew as last known.
To version 9: adds the numbers of plans of action, and changes nothing else.
Before version 6 the newest scan of a check replaced all older ones of its account, also those of other regions,
repositories and clusters. Snapshots of reports stay as they were. Each step can be repeated, so an interrupted upgrade
is continued by the next program that opens the lake.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import polars as pl

from policycortex.errors import ConfigurationError
from policycortex.findings.accounts import ACCOUNT_TABLE, load_account_environments
from policycortex.findings.formats.registry import find_format
from policycortex.findings.model import Listing
from policycortex.findings.scan_targets import ScanFacts, TargetHints, TargetRule, limits_text
from policycortex.findings.series_names import series_of_file
from policycortex.storage.lake.analytics import LakeAnalytics
from policycortex.storage.lake.partition_spans import spans
from policycortex.storage.lake.schema import CARRIES_SCANS
from policycortex.storage.lake.session import Cursor, LakeSession, fetch_frame, run
from policycortex.storage.lake.state import LakeState

logger = logging.getLogger(__name__)

_WITH_SCAN_TARGETS: Final = 6
_FIGURES: Final = ("upgrade_scores_delete", "upgrade_results_delete", "upgrade_changes_delete", "upgrade_risk_delete")
"""Removes what was computed from the former selection of scans."""
_WITH_AGES: Final = 7
_CHECKOV: Final = "checkov"
_ASFF: Final = "asff"
_TARGET_SCHEMA: Final = pl.Schema(
    dict.fromkeys(
        (
            "import_id", "organization", "source", "provider", "account_id", "region", "service", "scan_target",
            "target_origin", "listing",
        ),
        pl.String,
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Findings of one organisation's newest scans over all days."""

    passed: int
    failed: int


def upgrade(session: LakeSession, version: int) -> None:
    """Bring a lake whose tables were made by the earlier ``version`` up to date, and log what changed."""
    if version >= CARRIES_SCANS:  # a table was added; nothing stored changes
        return
    if version >= _WITH_AGES:
        logger.warning("upgrading the lake in %s: its days are judged anew, as last known", session.settings.home)
        session.write("remove the figures of the days to be judged anew", _delete_figures)
        _tell_missing(_days(session))
        return
    if version >= _WITH_SCAN_TARGETS:
        days = _days(session)
        logger.warning("upgrading the lake in %s: building the ages of %s days again", session.settings.home, len(days))
        LakeAnalytics(session).rebuild_ages(days)
        session.write("remove the figures of the days to be judged anew", _delete_figures)
        _tell_missing(days)
        return
    logger.warning("upgrading the lake in %s to version 6; a large one takes minutes", session.settings.home)
    before = _count_newest(session)
    findings = _derive_scan_targets(session)
    _build_again(session)
    _tell_changes(before, _count_newest(session), findings)


def _derive_scan_targets(session: LakeSession) -> int:
    """Store the targets of all findings and clean scans that have none. Returns the number of findings that changed."""
    with session.cursor() as cursor:
        stored = fetch_frame(cursor, "upgrade_scans")
        clean = fetch_frame(cursor, "upgrade_clean_scans")
        imports: list[tuple[date, list[str]]] = fetch_frame(cursor, "upgrade_imports").rows()
    frames = {"new_targets": _targets(stored), "new_clean_scans": _clean_scans(clean)}

    def work(cursor: Cursor) -> int:
        changed = sum(_derive(cursor, day, of_day) for day, of_day in imports)
        for name in ("upgrade_dates", "upgrade_clean_scans_update", "upgrade_scan_targets"):
            run(cursor, name)
        return changed

    return session.write("derive the scan targets of stored findings", work, frames)


def _derive(cursor: Cursor, day: date, imports: Sequence[str]) -> int:
    """For some imports at a time: each writes into the day of its own, or into that of its export."""
    return sum(
        run(cursor, "upgrade_findings", {"day": day, "first_import": first, "end_import": end})
        for first, end in spans(imports)
    )


def _build_again(session: LakeSession) -> None:
    """Build the state and ages of all days again; stored figures of these days are removed, to be computed anew."""
    days = _days(session)
    LakeState(session).rebuild_state(days, load_account_environments(session.settings.home / ACCOUNT_TABLE))
    LakeAnalytics(session).rebuild_ages(days)
    session.write("remove the figures of the days built again", _delete_figures)
    _tell_missing(days)


def _delete_figures(cursor: Cursor) -> None:
    for name in _FIGURES:
        run(cursor, name)


def _tell_missing(days: Sequence[date]) -> None:
    """Log how the figures that were removed come back."""
    if days:
        logger.warning(
            "scores, risk and causes of changes of %s days are computed again by the running service, or at once by:"
            " policycortex frameworks rescore",
            len(days),
        )


def _days(session: LakeSession) -> list[date]:
    with session.cursor() as cursor:
        return fetch_frame(cursor, "upgrade_days")["observed_date"].to_list()


def _count_newest(session: LakeSession) -> dict[str, Counted]:
    """Passed and failed findings by organisation that the newest scans over all days have."""
    with session.cursor() as cursor:
        days: list[date] = fetch_frame(cursor, "upgrade_days")["observed_date"].to_list()
        if not days:
            return {}
        span = {
            "first_date": days[0],
            "last_date": days[-1],
            "start_at": datetime.combine(days[0], time(), UTC),
            "end_at": datetime.combine(days[-1] + timedelta(days=1), time(), UTC),
        }
        organizations = fetch_frame(cursor, "organizations")["organization"].to_list()
        counts = {name: fetch_frame(cursor, "upgrade_counts", span | {"organization": name}) for name in organizations}
    return {name: Counted(**found.row(0, named=True)) for name, found in counts.items()}


def _tell_changes(before: dict[str, Counted], after: dict[str, Counted], findings: int) -> None:
    """Log what the upgrade changed."""
    logger.warning("the lake has version 6: %s findings have a scan target, and all days were built again", findings)
    for name, counted in after.items():
        old = before.get(name, Counted(passed=0, failed=0))
        change = (
            "as before"
            if counted == old
            else f"it was {old.failed} and {old.passed}: scans replaced findings of others"
        )
        logger.warning(
            "organization %s: the newest scans over all days have %s failing and %s passing findings; %s",
            name,
            counted.failed,
            counted.passed,
            change,
        )


def _targets(stored: pl.DataFrame) -> pl.DataFrame:
    """_TARGET_SCHEMA for each distinct scan of the stored findings."""
    return pl.DataFrame(list(_derived(stored.iter_rows(named=True))), schema=_TARGET_SCHEMA)


def _clean_scans(clean: pl.DataFrame) -> pl.DataFrame:
    """Key, target and listing of each stored clean scan."""
    names = ("import_id", "source", "account_id", "scan_key", "scan_target", "listing")
    rows = [
        derived | {"scan_key": find_format(row["format"]).file_key(row["content_sha256"])}
        for row, derived in zip(clean.iter_rows(named=True), _derived(clean.iter_rows(named=True)), strict=True)
    ]
    return pl.DataFrame([{name: row[name] for name in names} for row in rows], schema=dict.fromkeys(names, pl.String))


def _derived(rows: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Each row of _TARGET_SCHEMA. The file is known by its name only, and a report of Checkov by its framework."""
    for row in rows:
        try:
            format_ = find_format(row["format"])
        except ConfigurationError:  # a format of an extension that is no longer installed
            yield row | {"scan_target": "", "target_origin": "account", "listing": Listing.RESULTS.value}
            continue
        rule = TargetRule(format=format_, hints=TargetHints(series=series_of_file((), row["file_name"])))
        part = limits_text(framework=row["service"]) if row["format"] == _CHECKOV else ""
        if row["format"] == _ASFF:
            part = limits_text(region=row["region"])
        facts = ScanFacts(
            row["source"],
            row["provider"],
            row["account_id"],
            row["region"],
            limits_text(repository=row["account_id"]) if row["format"] == "sarif" else "",
            part,
            Listing.PART if row["has_problem"] and row["format"] == "sarif" else None,
        )
        target = rule.target_of(facts)
        listing = rule.listing_of(facts).value
        yield row | {"scan_target": target.text, "target_origin": target.origin.value, "listing": listing}
