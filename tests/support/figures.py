"""Names of the figures for monitoring; tests/workflow/test_operations.py compares them with those that are loaded."""

from typing import Final

WORK_FIGURES: Final = frozenset(
    {
        "reports", "report_wait_seconds", "open_deliveries", "delivery_wait_seconds", "lost_deliveries",
        "overdue_schedules", "expiring_keys",
    }
)  # fmt: skip
IMPORT_FIGURES: Final = frozenset({"quarantined_share", "silent_accounts", "newest_import_timestamp_seconds"})
DISTRIBUTIONS: Final = frozenset({"report_queue_seconds", "report_duration_seconds"})
