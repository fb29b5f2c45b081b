"""Findings of sample documents: deterministic, of any number, with hostile texts on request."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal

import polars as pl

from policycortex.documents.tables import FINDING_COLUMNS, FINDING_NUMBER_DIGITS
from policycortex.names import ReportType, Severity
from policycortex.period import Period

HOSTILE: Final = (
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "＝1+1",
    "\t=1",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<link rel=attachment href=file:///etc/passwd>",
    "http://example.invalid/pixel.png",
    "file:///etc/hostname",
    "a\u202egnp.exe",
    "nul\x00bell\x07esc\x1bend",
    "]]>--></script></style>",
    "{{ 7*7 }}{% raw %}",
    '#read("/etc/passwd") $x$ *b* _i_ `c` @ref <lab>',
    "W" * 10_000,
    '"quoted", comma; and\r\nline',
    "Ωμέγα Жизнь łódź שלום مرحبا 漢字",
)
"""Texts that must show as text, whatever the format."""


REQUIREMENTS: Final = (
    ("CC1.1", "Integrity and ethical values", "Control environment"),
    ("CC1.2", "Board oversight", "Control environment"),
    ("CC2.1", "Information for internal control", "Communication and information"),
    ("CC3.1", "Objectives for risk assessment", "Risk assessment"),
    ("CC6.1", "Logical access controls", "Logical and physical access"),
    ("CC6.2", "Registering and removing users", "Logical and physical access"),
    ("CC6.3", "Role based access", "Logical and physical access"),
    ("CC6.6", "Protection against outside threats", "Logical and physical access"),
    ("CC7.1", "Detecting changes and vulnerabilities", "System operations"),
    ("CC7.2", "Monitoring for anomalies", "System operations"),
    ("CC8.1", "Change management", "Change management"),
    ("A1.2", "Backup and recovery", "Availability"),
    ("C1.1", "Protecting confidential information", "Confidentiality"),
)


CHECKS: Final = (
    ("s3_bucket_public_access", "S3 buckets should block public access", "critical", "s3", ("CC6.1", "C1.1"), 8),
    ("iam_root_mfa_enabled", "The root user should use a second factor", "critical", "iam", ("CC6.1", "CC6.2"), 4),
    ("iam_policy_no_admin", "Policies should not grant full administration", "high", "iam", ("CC6.3",), 15),
    (
        "ec2_securitygroup_ssh_open",
        "Security groups should not open SSH to the internet",
        "high",
        "ec2",
        ("CC6.6",),
        12,
    ),
    ("cloudtrail_multi_region", "CloudTrail should record in all regions", "high", "cloudtrail", ("CC7.2", "CC2.1"), 0),
    ("rds_storage_encrypted", "RDS instances should be encrypted at rest", "medium", "rds", ("C1.1",), 20),
    ("backup_plans_exist", "Backup plans should exist", "medium", "backup", ("A1.2",), 25),
    (
        "config_recorder_all_regions",
        "AWS Config should record in all regions",
        "medium",
        "config",
        ("CC8.1", "CC7.1"),
        0,
    ),
    ("ec2_ebs_snapshots_tagged", "Snapshots should carry an owner tag", "low", "ec2", ("CC8.1",), 40),
    ("account_contact_set", "Accounts should name a security contact", "informational", "account", ("CC2.1",), 0),
)


_ENVIRONMENTS: Final = ("production", "staging", "development", "unknown")


_STATES: Final = {"PASS": "meets the check", "FAIL": "does not meet the check", "MANUAL": "must be reviewed"}


_REGIONS: Final = ("eu-central-1", "eu-west-1", "us-east-1")


PERIOD: Final = Period.of_days(date(2026, 11, 1), date(2026, 11, 30))


OUTCOME: Final = (
    pl.when("muted").then(pl.lit("muted"))
    .when(pl.col("waived") & (pl.col("status") == "FAIL")).then(pl.lit("waived"))
    .otherwise(pl.col("status").replace_strict({"PASS": "passed", "FAIL": "failed", "MANUAL": "manual"}))
)  # fmt: skip


_FINDING_SCHEMA: Final = pl.Schema(
    {
        **dict.fromkeys(FINDING_COLUMNS, pl.String()),
        "muted": pl.Boolean(),
        "waived": pl.Boolean(),
        "observed_at": pl.Datetime("us", "UTC"),
        "requirements": pl.List(pl.String()),
        "first_failed_on": pl.Date(),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What to vary; the defaults make a report of ordinary size."""

    findings: int = 240
    requirements: int = len(REQUIREMENTS)
    accounts: int = 4
    type: ReportType = ReportType.COMPLIANCE
    locale: str = "en"
    hostile: bool = False
    trend_days: int = 30
    name: str = "November 2026 SOC 2 compliance report"
    outcome: Literal["mixed", "failing", "muted", "waived"] = "mixed"
    """Of all findings."""


def make_findings(sample: Sample) -> pl.DataFrame:
    rows = [_finding(n, sample) for n in range(sample.findings)]
    frame = pl.DataFrame(rows, schema=_FINDING_SCHEMA, orient="row")
    rank = {"FAIL": 0, "MANUAL": 1, "PASS": 2}
    severity = {s.value: n for n, s in enumerate(Severity)}
    ordered = frame.sort(
        pl.col("status").replace_strict(rank, return_dtype=pl.Int8),
        pl.col("severity").replace_strict(severity, return_dtype=pl.Int8),
        "check_id", "account_id", "region", "resource_uid", "finding_uid",
    )  # fmt: skip
    digits = max(FINDING_NUMBER_DIGITS, len(str(frame.height)))
    numbers = pl.lit("F-") + pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(digits)
    return ordered.with_columns(numbers.alias("number"))


def _finding(n: int, sample: Sample) -> tuple[Any, ...]:
    check_id, title, severity, service, requirements, failing_pct = CHECKS[n * 7 % len(CHECKS)]
    account = f"{100000000000 + n * 13 % max(sample.accounts, 1) * 1111:012d}"
    region = _REGIONS[n % len(_REGIONS)]
    fails = n * 37 % 100 < failing_pct
    status = "MANUAL" if n % 41 == 40 else "FAIL" if fails else "PASS"
    status = status if sample.outcome == "mixed" else "FAIL"
    hostile = HOSTILE[n % len(HOSTILE)] if sample.hostile else None
    return (
        hostile or f"prowler-aws-{check_id}-{account}-{region}-{n:06d}",
        check_id,
        status,
        severity,
        sample.outcome == "muted" or (sample.outcome == "mixed" and status == "FAIL" and n % 29 == 0),
        sample.outcome == "waived" or (sample.outcome == "mixed" and status == "FAIL" and n % 31 == 0 and n % 29 != 0),
        hostile or title,
        "aws",
        account,
        region,
        _ENVIRONMENTS[n % 4],
        service,
        hostile or f"arn:aws:{service}:{region}:{account}:resource/{service}-{n:05d}-primary",
        f"Aws{service.title()}Resource",
        datetime(2026, 11, 30, 6, 0, tzinfo=UTC) - timedelta(minutes=n % 600),
        list(requirements),
        hostile or f"Change the setting of {service} so that “{title.lower()}” holds, then scan again.",
        "",
        hostile or f"{service.upper()} resource {service}-{n:05d}-primary {_STATES[status]}.",
        hostile or f"{service}-{n:05d}-primary",
        hostile or f"Acme account {n * 13 % max(sample.accounts, 1) + 1}",
        date(2026, 11, 29) - timedelta(days=n % 90) if status == "FAIL" else None,
        "prowler",
        "5.30.0",
        f"prowler-output-{account}-20261130.ocsf.json",
        f"prowler-output-{account}-20261130.ocsf.json",
        hashlib.sha256(account.encode()).hexdigest(),
    )
