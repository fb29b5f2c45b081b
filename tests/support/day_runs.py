"""Runs over days in an instance that has no import of them."""

from datetime import date

import dagster as dg

from pipelines.partitions import KeyWindow, add_scan_days


def day_tags(instance: dg.DagsterInstance, *days: date) -> dict[str, str]:
    """Tags of one run for these consecutive days, which become partitions."""
    add_scan_days(instance, days)
    return KeyWindow(start=min(days).isoformat(), stop=max(days).isoformat()).tags
