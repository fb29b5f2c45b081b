"""Checks of imports and scans: quarantined records, accounts that are no longer scanned, smaller scans."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

import polars as pl

from policycortex.scoring.scan_rhythm import AccountDay, SilentAccount, silent_accounts, smaller_scans
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.workflow.data_check import DataCheck, evidence_of

LOOK_BACK: Final = timedelta(days=35)
"""Days before the newest one that the checks of scans and scores read: as long as a scan counts by default."""

_WARN_QUARANTINED: Final = 0.01
_ERROR_QUARANTINED: Final = 0.10


def check_quarantine(settings: Settings) -> DataCheck:
    """Of the newest 50 imports, no file lost more than 1 % of its records to quarantine; 10 % is an error."""
    with open_lake(settings) as lake:
        imports = lake.data_checks.load_newest_imports()
    rated = imports.with_columns(
        quarantined_pct=(100 * pl.col("quarantined") / pl.max_horizontal(pl.col("read"), pl.lit(1))).round(2)
    )
    broken = rated.filter(pl.col("quarantined_pct") > 100 * _WARN_QUARANTINED)
    worst = float(rated["quarantined_pct"].max() or 0)  # type: ignore[arg-type] # a column of numbers
    read, quarantined = int(imports["read"].sum()), int(imports["quarantined"].sum())
    return DataCheck(
        is_passed=broken.is_empty(),
        is_error=worst > 100 * _ERROR_QUARANTINED,
        message=f"{quarantined} of {read} records of the newest {imports.height} imports are in quarantine",
        numbers={"imports": imports.height, "read": read, "quarantined": quarantined, "worst_file_pct": worst},
        evidence=broken,
    )


def check_silent_accounts(settings: Settings) -> DataCheck:
    """Every account that scans looked at before is in the newest scan, or was scanned within its usual time."""
    with open_lake(settings) as lake:
        days = account_days(lake)
        silent = silent_accounts(days)
        names = names_of(lake, silent)
    shown = [title_of(each, names) for each in silent]
    rows = [
        (
            each.organization,
            each.source,
            title_of(each, names),
            each.last_day,
            each.newest_day,
            each.is_missing_in_newest,
        )
        for each in silent
    ]
    columns = ("organization", "source", "account", "last_scan", "newest_scan_of_others", "was_in_scan_before")
    return DataCheck(
        is_passed=not silent,
        is_error=False,
        message=f"{len(silent)} accounts are no longer scanned: {listed(shown)}" if silent else "no account is silent",
        numbers={"accounts": len({(d.organization, d.account_id) for d in days}), "silent": len(silent)},
        evidence=evidence_of(columns, rows),
    )


def check_scan_coverage(settings: Settings) -> DataCheck:
    """The newest scan of each account ran at least nine tenths of the checks of the scan before."""
    with open_lake(settings) as lake:
        days = account_days(lake)
    smaller = smaller_scans(days)
    rows = [
        (
            each.organization,
            each.source,
            each.account_id,
            each.day,
            each.checks,
            each.previous_day,
            each.previous_checks,
        )
        for each in smaller
    ]
    columns = ("organization", "source", "account", "day", "checks", "scan_before", "checks_before")
    return DataCheck(
        is_passed=not smaller,
        is_error=False,
        message=f"{len(smaller)} accounts were scanned with fewer checks than before"
        if smaller
        else "no scan ran fewer checks than the one before",
        numbers={"accounts": len({(d.organization, d.account_id) for d in days}), "smaller": len(smaller)},
        evidence=evidence_of(columns, rows),
    )


def account_days(lake: Lake) -> tuple[AccountDay, ...]:
    """The days on which each account was scanned, of the last 35 days up to the newest one with scores."""
    newest = lake.data_checks.load_newest_day()
    rows = lake.data_checks.load_account_days(*window_of(newest))
    return tuple(
        AccountDay(
            organization=row["organization"],
            source=row["source"],
            provider=row["provider"] or "",
            account_id=row["account_id"],
            day=row["observed_date"],
            checks=row["checks"],
        )
        for row in rows.iter_rows(named=True)
    )


def names_of(lake: Lake, silent: Sequence[SilentAccount]) -> dict[tuple[str, str], str]:
    """Name by (organisation, account id), of those that have one."""
    days = {each.last_day for each in silent}
    return lake.data_checks.load_account_names({each.account_id for each in silent}, days)


def title_of(account: SilentAccount, names: Mapping[tuple[str, str], str]) -> str:
    """Name and id of the account."""
    name = names.get((account.organization, account.account_id))
    return f"{name} ({account.account_id})" if name else account.account_id


def listed(names: Sequence[str], most: int = 10) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def window_of(newest: date | None) -> tuple[date, date]:
    """The days that are read; an empty range where there is no score yet."""
    last = newest or date.min + LOOK_BACK
    return last - LOOK_BACK, last
