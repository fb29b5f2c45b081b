"""Schemas of the tables that storage reads for a report. Storage imports only this module."""

from typing import Final

import polars as pl

FINDING_COLUMNS: Final = (
    "finding_uid", "check_id", "status", "severity", "muted", "waived", "title", "provider", "account_id", "region",
    "environment", "service", "resource_uid", "resource_type", "observed_at", "requirements", "remediation",
    "number", "status_detail", "resource_name", "account_name", "first_failed_on", "source", "source_version", "scan",
    "source_file", "source_file_sha256",
)  # fmt: skip
"""Columns of the findings table, in the order of CSV and JSON; new ones come last. ``requirements`` is a list of ids.

``number`` is ``F-001`` for the first row: unique in the report, with as many digits as the last row needs.
``status_detail``: what the scanner says of this resource. ``observed_at``: when it was last seen. ``scan``: the file's
name where the scan is one file, else its key. ``first_failed_on``: first day of the unbroken failing, None where it
does not fail.
"""

FINDING_NUMBER_DIGITS: Final = 3
"""Fewest digits of a finding's number."""

FAILING_CHECKS_SCHEMA: Final = pl.Schema(
    [
        ("provider", pl.String()),
        ("check_id", pl.String()),
        ("severity", pl.String()),
        ("service", pl.String()),
        ("title", pl.String()),
        ("remediation", pl.String()),
        ("remediation_url", pl.String()),
        ("risk", pl.String()),
        ("failed", pl.Int64()),
        ("accounts", pl.Int64()),
        ("resources", pl.Int64()),
        ("affected", pl.List(pl.String())),
    ]
)
"""Grain: provider, check and severity with at least one failing finding that is neither muted nor waived.

``affected``: the first AFFECTED_EXAMPLES of its resources by name.
"""

AFFECTED_EXAMPLES: Final = 10

CHECK_COUNTS_SCHEMA: Final = pl.Schema(
    [
        ("check_id", pl.String()),
        ("title", pl.String()),
        ("severity", pl.String()),
        ("service", pl.String()),
        ("passed", pl.Int64()),
        ("failed", pl.Int64()),
        ("manual", pl.Int64()),
        ("muted", pl.Int64()),
        ("waived", pl.Int64()),
        ("scanners", pl.List(pl.String())),
    ]
)
"""Grain: one check that the report has findings of, at its worst severity; each finding counts in one of the five.

``scanners``: name and version of each scanner whose findings these are, sorted.
"""

OWNER_TAGS: Final = ("owner", "owned-by", "owner-team", "team", "squad", "maintainer", "contact")
"""Keys of resource tags that name an owner. The first match counts; case, ``_`` and spaces do not matter."""

OWNERS_SCHEMA: Final = pl.Schema(
    {"provider": pl.String, "check_id": pl.String, "owner": pl.String, "resources": pl.Int64}
)
"""Grain: one owner of failing resources of one check; most resources first."""

DIMENSION_SCHEMA: Final = pl.Schema(
    {
        "dimension": pl.String,
        "label": pl.String,
        "passed": pl.Int64,
        "failed": pl.Int64,
        "critical": pl.Int64,
        "high": pl.Int64,
    }
)
"""Grain: one value of one dimension; findings that decide, failing ones of the two worst severities apart."""

COVERAGE_SCHEMA: Final = pl.Schema(
    [
        ("source", pl.String()),
        ("provider", pl.String()),
        ("account_id", pl.String()),
        ("checks", pl.Int64()),
        ("last_scan_at", pl.Datetime("us", "UTC")),
    ]
)
"""Grain: one source and account scanned in the period."""

FILTERED_FILES_SCHEMA: Final = pl.Schema({"file_name": pl.String, "kind": pl.String})
"""Grain: one file with findings in the report that looks filtered, and the ``NoteKind`` that tells how; by name."""

EARLIER_TARGETS_SCHEMA: Final = pl.Schema(
    {
        "source": pl.String(),
        "provider": pl.String(),
        "account_id": pl.String(),
        "scan_target": pl.String(),
        "last_scan_at": pl.Datetime("us", "UTC"),
    }
)
"""Grain: one scan target whose last scan was before the period: nothing of it counts."""

SCANS_SCHEMA: Final = pl.Schema(
    [
        ("source", pl.String()),
        ("provider", pl.String()),
        ("account_id", pl.String()),
        ("scan", pl.String()),
        ("targets", pl.List(pl.String())),
        ("scanned_at", pl.Datetime("us", "UTC")),
        ("checks", pl.Int64()),
        ("findings", pl.Int64()),
        ("findings_left_out", pl.Int64()),
        ("replaced_by", pl.List(pl.String())),
    ]
)
"""Grain: one scan of one account in the period. ``scan``: the file's name where the scan is one file, else its key.

``findings`` count in the report; ``findings_left_out`` do not, because the scans ``replaced_by`` replaced them.
"""
