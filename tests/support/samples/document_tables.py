"""Tables of sample documents, each counted from the findings of the same document."""

from datetime import UTC, datetime
from typing import Final

import polars as pl

from policycortex.documents.model import (
    CheckResult,
    TopCheck,
    WaiverRow,
)
from policycortex.names import Severity
from policycortex.reports.sections.exposure import Breakdown
from policycortex.reports.sections.methodology import ScanCoverage
from policycortex.reports.sections.trend import ChangeCause
from policycortex.scoring.ages import AgeSummary
from policycortex.scoring.risk import assess_risk
from policycortex.scoring.risk_model import RISK_ITEM_SCHEMA, ExposureCount, Risk, RiskWeights
from policycortex.scoring.rounding import round_pct
from policycortex.scoring.unrelated import UnrelatedCheck, UnrelatedFindings, UnrelatedProvider
from tests.support.samples.findings_table import HOSTILE, OUTCOME, PERIOD

CHANGE_CAUSES: Final = (
    ChangeCause(title="Fixed", findings=12, points=5.1),
    ChangeCause(title="New", findings=3, points=-1.3),
    ChangeCause(title="Change of scope", findings=1, points=-0.4),
)

UNRELATED: Final = UnrelatedFindings(
    findings=2322,
    total=2400,
    providers=(
        UnrelatedProvider(provider="azure", findings=2310, total=2310, is_outside=False),
        UnrelatedProvider(provider="aws", findings=12, total=90, is_outside=False),
    ),
    checks=(
        UnrelatedCheck(provider="azure", check_id="storage_secure_transfer_required", findings=2310, failed=41),
        UnrelatedCheck(provider="aws", check_id=HOSTILE[0], findings=12, failed=0),
    ),
)


def sample_risk(frame: pl.DataFrame) -> Risk:
    """The risk of the findings: those of a check in an account fail for up to 41 days."""
    deciding = frame.with_columns(outcome=OUTCOME).filter(pl.col("outcome").is_in(["passed", "failed"]))
    age = (pl.col("check_id").str.len_chars() * 7) % 42
    grouped = deciding.group_by("provider", "account_id", "environment", "service", "check_id", "severity").agg(
        pl.col("title").first(),
        resource_uid=pl.col("resource_uid").filter(pl.col("outcome") == "failed").min(),
        passed=(pl.col("outcome") == "passed").sum(),
        failed=(pl.col("outcome") == "failed").sum(),
    )
    items = grouped.with_columns(
        mapping_id=pl.lit("m"),
        failing_since=pl.lit(PERIOD.last_date) - pl.duration(days=age),
        is_exposed=pl.lit(value=None, dtype=pl.Boolean),
    )
    return assess_risk(
        items.select(RISK_ITEM_SCHEMA.names()).cast(RISK_ITEM_SCHEMA), as_of=PERIOD.last_date, weights=RiskWeights()
    )


def exposure(frame: pl.DataFrame) -> tuple[ExposureCount, ...]:
    failing = frame.filter(OUTCOME == "failed")
    if not frame.height:
        return ()
    counts = {
        (severity, exposed): failing.filter(
            (pl.col("severity") == severity) & (pl.col("check_id").str.contains("public") == exposed)
        ).height
        for severity in Severity
        for exposed in (True, False)
    }
    return tuple(ExposureCount(severity=s.value, exposed=counts[s, True], other=counts[s, False]) for s in Severity)


def ages(frame: pl.DataFrame) -> tuple[AgeSummary, ...]:
    return tuple(
        AgeSummary(
            severity=row.severity, failing=row.exposed + row.other, overdue=(row.exposed + row.other) // 3, sla_days=30,
            median_days=12 if row.exposed + row.other else None, p90_days=38 if row.exposed + row.other else None,
            oldest_days=41 if row.exposed + row.other else None,
        )
        for row in exposure(frame)
    )  # fmt: skip


def check_results(frame: pl.DataFrame) -> tuple[CheckResult, ...]:
    grouped = (
        frame.with_columns(outcome=OUTCOME)
        .group_by("check_id", "severity", "service")
        .agg(
            pl.col("title").first(),
            *(
                (pl.col("outcome") == name).sum().alias(name)
                for name in ("passed", "failed", "manual", "muted", "waived")
            ),
        )
    )
    rows = grouped.sort("check_id").iter_rows(named=True)
    return tuple(CheckResult(**row, scanners=("prowler 5.30.0",)) for row in rows)


def waivers(frame: pl.DataFrame) -> tuple[WaiverRow, ...]:
    waived = frame.filter(OUTCOME == "waived").height
    if not waived:
        return ()
    return (
        WaiverRow(
            id="wvr_0001", reason="Replaced in January; the old buckets hold public assets only.",
            approver="M. Okafor, CISO", scope="s3_bucket_public_access in account 100000000000",
            valid_from=datetime(2026, 10, 1, tzinfo=UTC), valid_until=datetime(2027, 1, 31, tzinfo=UTC),
            findings=waived,
        ),
    )  # fmt: skip


def top_checks(frame: pl.DataFrame) -> tuple[TopCheck, ...]:
    rank = {s.value: n for n, s in enumerate(Severity)}
    grouped = frame.filter(OUTCOME == "failed").group_by("check_id", "severity", "service").agg(
        pl.col("title").first(), pl.len().alias("failed"), pl.col("account_id").n_unique().alias("accounts"),
        pl.col("remediation").first(), pl.col("resource_uid").n_unique().alias("resources"),
        pl.col("resource_uid").sort().head(3).alias("affected"),
    )  # fmt: skip
    rows = sorted(grouped.iter_rows(named=True), key=lambda r: (rank[r["severity"]], -r["failed"], r["check_id"]))
    return tuple(
        TopCheck(
            **row | {"affected": tuple(row["affected"])},
            gain_points=round(100 * row["failed"] / frame.height, 1),
            owners=("platform",) if row["service"] == "ec2" else ("identity",) if row["service"] == "iam" else (),
            risk="Anyone on the internet could read or change it.",
            remediation_url=f"https://docs.example.com/{row['service']}",
        )
        for row in rows
    )


def breakdowns(frame: pl.DataFrame) -> tuple[Breakdown, ...]:
    rows: list[Breakdown] = []
    for dimension, column in (("account", "account_id"), ("service", "service"), ("environment", "environment")):
        grouped = frame.group_by(column).agg(
            (OUTCOME == "passed").sum().alias("passed"),
            (OUTCOME == "failed").sum().alias("failed"),
            ((OUTCOME == "failed") & (pl.col("severity") == "critical")).sum().alias("critical"),
            ((OUTCOME == "failed") & (pl.col("severity") == "high")).sum().alias("high"),
        )
        rows += [
            Breakdown(
                dimension=dimension, label=row[column], passed=row["passed"], failed=row["failed"],
                critical=row["critical"], high=row["high"],
                score_pct=round_pct(100 * row["passed"] / (row["passed"] + row["failed"]), 1)
                if row["passed"] + row["failed"] else None,
            )
            for row in grouped.sort(column).iter_rows(named=True)
        ]  # fmt: skip
    return tuple(rows)


def coverage(frame: pl.DataFrame) -> tuple[ScanCoverage, ...]:
    grouped = frame.group_by("account_id").agg(
        pl.col("check_id").n_unique().alias("checks"), pl.col("observed_at").max().alias("last")
    )
    return tuple(
        ScanCoverage(
            source="prowler", provider="aws", account_id=row["account_id"], checks=row["checks"],
            last_scan_at=row["last"],
        )
        for row in grouped.sort("account_id").iter_rows(named=True)
    )  # fmt: skip
