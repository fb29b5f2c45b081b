"""Builder of report documents for tests and pictures: plausible, deterministic, any size; no storage needed.

The numbers are consistent with each other: every count of the document is counted from the findings it holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from policycortex.documents.model import (
    AgeRow,
    Breakdown,
    ChangeCause,
    CheckResult,
    Completeness,
    ExposureRow,
    FindingsTable,
    ForecastRow,
    ForecastView,
    ReportDocument,
    ReportHeader,
    RequirementRow,
    RiskItemRow,
    RiskPart,
    RiskPlace,
    ScanCoverage,
    SectionRow,
    Summary,
    TopCheck,
    TrendPoint,
    WaiverRow,
)
from policycortex.documents.tables import FINDING_COLUMNS
from policycortex.names import ReportType, RequirementResult, Severity
from policycortex.period import Period
from policycortex.scoring.model import Counts, Coverage, Score
from policycortex.scoring.rounding import round_pct

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

_REQUIREMENTS: Final = (
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
_CHECKS: Final = (
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
_REGIONS: Final = ("eu-central-1", "eu-west-1", "us-east-1")
_PERIOD: Final = Period.of_days(date(2026, 11, 1), date(2026, 11, 30))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What to vary; the defaults make a report of ordinary size."""

    findings: int = 240
    requirements: int = len(_REQUIREMENTS)
    accounts: int = 4
    type: ReportType = ReportType.COMPLIANCE
    locale: str = "en"
    hostile: bool = False
    trend_days: int = 30
    name: str = "November 2026 SOC 2 compliance report"


def build_document(folder: Path, sample: Sample | None = None) -> ReportDocument:
    """A document whose findings are spooled to ``folder``/findings.parquet."""
    sample = sample or Sample()
    frame = _findings(sample)
    path = folder / "findings.parquet"
    frame.write_parquet(path)
    requirements = _requirements(frame, sample)
    summary = _summary(frame, requirements)
    return ReportDocument(
        header=_header(sample),
        summary=summary,
        previous=_previous(summary),
        requirements=requirements,
        sections=_sections(requirements),
        findings=FindingsTable(path=path, total=frame.height),
        trend=_trend(summary, sample.trend_days),
        top_checks=_top_checks(frame),
        breakdowns=_breakdowns(frame),
        coverage=_coverage(frame),
        completeness=Completeness(findings_total=frame.height, findings_included=frame.height),
        key_messages=_messages(summary, sample),
        checks=_check_results(frame),
        waivers=_waivers(frame),
        risk_parts=_RISK_PARTS if frame.height else (),
        change_causes=_CHANGE_CAUSES if frame.height else (),
        risk_places=_risk_places(frame),
        risk_items=_risk_items(frame),
        risk_items_total=len(_risk_items(frame)),
        exposure=_exposure(frame),
        ages=_ages(frame),
        forecast=_forecast(summary) if sample.type is ReportType.TREND else None,
    )


_RISK_PARTS: Final = (
    RiskPart(title="Severity", points=24.0, note="Four critical and seven high findings fail."),
    RiskPart(title="Exposure", points=11.5, note="Three of them stand open to the internet."),
    RiskPart(title="Age", points=6.0, note="The oldest has failed for 41 days."),
)
_CHANGE_CAUSES: Final = (
    ChangeCause(title="Fixed", findings=12, points=5.1),
    ChangeCause(title="New", findings=3, points=-1.3),
    ChangeCause(title="Change of scope", findings=1, points=-0.4),
)


def _risk_places(frame: pl.DataFrame) -> tuple[RiskPlace, ...]:
    return tuple(
        RiskPlace(
            dimension=row.dimension, label=row.label, risk_score=41.5, severity=24.0, exposure=11.5, age=6.0,
            environment=0.0, failed=row.failed, assessed=row.failed + row.passed,
        )
        for row in _breakdowns(frame)
        if row.failed + row.passed
    )  # fmt: skip


def _risk_items(frame: pl.DataFrame) -> tuple[RiskItemRow, ...]:
    grouped = frame.filter(_OUTCOME == "failed").group_by("account_id", "check_id", "severity", "service").agg(
        pl.col("title").first(), pl.len().alias("failed")
    )  # fmt: skip
    rows = grouped.sort("failed", "account_id", "check_id", descending=[True, False, False]).iter_rows(named=True)
    return tuple(
        RiskItemRow(
            **row, provider="aws", is_exposed="public" in row["check_id"], oldest_days=41,
            lowers_by=round(24 * row["failed"] / frame.height, 2),
        )
        for row in rows
    )  # fmt: skip


def _exposure(frame: pl.DataFrame) -> tuple[ExposureRow, ...]:
    failing = frame.filter(_OUTCOME == "failed")
    if not frame.height:
        return ()
    counts = {
        (severity, exposed): failing.filter(
            (pl.col("severity") == severity) & (pl.col("check_id").str.contains("public") == exposed)
        ).height
        for severity in Severity
        for exposed in (True, False)
    }
    return tuple(ExposureRow(severity=s.value, exposed=counts[s, True], other=counts[s, False]) for s in Severity)


def _ages(frame: pl.DataFrame) -> tuple[AgeRow, ...]:
    return tuple(
        AgeRow(
            severity=row.severity, failing=row.exposed + row.other, overdue=(row.exposed + row.other) // 3, sla_days=30,
            median_days=12 if row.exposed + row.other else None, p90_days=38 if row.exposed + row.other else None,
            oldest_days=41 if row.exposed + row.other else None,
        )
        for row in _exposure(frame)
    )  # fmt: skip


def _forecast(summary: Summary) -> ForecastView:
    if summary.compliance_score is None:
        return ForecastView(method=None, history_days=0, history_points=0)
    last = summary.compliance_score
    points = tuple(
        ForecastRow(
            date=_PERIOD.last_date + timedelta(days=n), compliance_score=round(last, 2), low_80=round(last * 0.97, 2),
            high_80=round(min(100.0, last * 1.03), 2), low_95=round(last * 0.95, 2),
            high_95=round(min(100.0, last * 1.05), 2),
        )
        for n in range(1, 31)
    )  # fmt: skip
    return ForecastView(
        method="damped_holt", origin=_PERIOD.last_date, points=points, error_points=1.4, error_against_naive=0.82,
        tested_days=10, known_steps=("2026-12-15: waivers of 3 failing findings end",),
    )  # fmt: skip


def _check_results(frame: pl.DataFrame) -> tuple[CheckResult, ...]:
    grouped = (
        frame.with_columns(outcome=_OUTCOME)
        .group_by("check_id", "severity", "service")
        .agg(
            pl.col("title").first(),
            *(
                (pl.col("outcome") == name).sum().alias(name)
                for name in ("passed", "failed", "manual", "muted", "waived")
            ),
        )
    )
    return tuple(CheckResult(**row) for row in grouped.sort("check_id").iter_rows(named=True))


def _waivers(frame: pl.DataFrame) -> tuple[WaiverRow, ...]:
    waived = frame.filter(_OUTCOME == "waived").height
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


def _header(sample: Sample) -> ReportHeader:
    return ReportHeader(
        id="rpt_0123456789abcdef",
        name=HOSTILE[6] + HOSTILE[11] if sample.hostile else sample.name,
        type=sample.type,
        description=HOSTILE[8] if sample.hostile else "Monthly summary for the security committee",
        framework_id="soc2",
        framework_name="SOC 2",
        framework_version="2017 (2022)",
        period=_PERIOD,
        scope={"environments": ["production", "staging"], "cloud_providers": ["aws"]},
        generated_at=datetime(2026, 12, 1, 9, 30, tzinfo=UTC),
        snapshot="lake@42",
        organization="=ACME <b>" if sample.hostile else "Acme Corporation",
        locale=sample.locale,
    )


def _findings(sample: Sample) -> pl.DataFrame:
    rows = [_finding(n, sample) for n in range(sample.findings)]
    frame = pl.DataFrame(rows, schema=_FINDING_SCHEMA, orient="row")
    rank = {"FAIL": 0, "MANUAL": 1, "PASS": 2}
    severity = {s.value: n for n, s in enumerate(Severity)}
    return frame.sort(
        pl.col("status").replace_strict(rank, return_dtype=pl.Int8),
        pl.col("severity").replace_strict(severity, return_dtype=pl.Int8),
        "check_id", "account_id", "region", "resource_uid", "finding_uid",
    )  # fmt: skip


_FINDING_SCHEMA: Final = pl.Schema(
    {
        **dict.fromkeys(FINDING_COLUMNS, pl.String()),
        "muted": pl.Boolean(),
        "waived": pl.Boolean(),
        "observed_at": pl.Datetime("us", "UTC"),
        "requirements": pl.List(pl.String()),
    }
)


def _finding(n: int, sample: Sample) -> tuple[Any, ...]:
    check_id, title, severity, service, requirements, failing_pct = _CHECKS[n * 7 % len(_CHECKS)]
    account = f"{100000000000 + n * 13 % max(sample.accounts, 1) * 1111:012d}"
    region = _REGIONS[n % len(_REGIONS)]
    fails = n * 37 % 100 < failing_pct
    status = "MANUAL" if n % 41 == 40 else "FAIL" if fails else "PASS"
    hostile = HOSTILE[n % len(HOSTILE)] if sample.hostile else None
    return (
        hostile or f"prowler-aws-{check_id}-{account}-{region}-{n:06d}",
        check_id,
        status,
        severity,
        status == "FAIL" and n % 29 == 0,
        status == "FAIL" and n % 31 == 0 and n % 29 != 0,
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
    )


def _requirements(frame: pl.DataFrame, sample: Sample) -> tuple[RequirementRow, ...]:
    counted = _counts_by_requirement(frame)
    named = [*_REQUIREMENTS[: sample.requirements]]
    named += [
        (f"X{n:04d}", f"Custom requirement number {n}", f"Custom section {n // 40 + 1}")
        for n in range(sample.requirements - len(named))
    ]
    return tuple(_requirement(*row, counts=counted.get(row[0], {})) for row in named)


def _counts_by_requirement(frame: pl.DataFrame) -> dict[str, dict[str, Any]]:
    exploded = frame.explode("requirements").with_columns(outcome=_OUTCOME)
    grouped = exploded.group_by("requirements", maintain_order=True).agg(
        *((pl.col("outcome") == name).sum().alias(name) for name in ("passed", "failed", "manual", "muted", "waived")),
        pl.col("check_id").unique().sort().alias("checks"),
    )
    return {row["requirements"]: row for row in grouped.iter_rows(named=True)}


_OUTCOME: Final = (
    pl.when("muted").then(pl.lit("muted"))
    .when(pl.col("waived") & (pl.col("status") == "FAIL")).then(pl.lit("waived"))
    .otherwise(pl.col("status").replace_strict({"PASS": "passed", "FAIL": "failed", "MANUAL": "manual"}))
)  # fmt: skip


def _requirement(identifier: str, title: str, section: str, *, counts: Mapping[str, Any]) -> RequirementRow:
    passed, failed, manual = counts.get("passed", 0), counts.get("failed", 0), counts.get("manual", 0)
    result = RequirementResult.NOT_ASSESSED
    if failed:
        result = RequirementResult.NON_COMPLIANT
    elif passed:
        result = RequirementResult.COMPLIANT
    elif manual or identifier == "CC1.2":
        result = RequirementResult.MANUAL
    return RequirementRow(
        id=identifier, title=title, section=section, result=result, passed=passed, failed=failed, manual=manual,
        muted=counts.get("muted", 0), waived=counts.get("waived", 0), checks=tuple(counts.get("checks", ())),
    )  # fmt: skip


def _summary(frame: pl.DataFrame, requirements: Sequence[RequirementRow]) -> Summary:
    outcomes = dict(frame.select(_OUTCOME.alias("o")).group_by("o").len().iter_rows())
    passed, failed = outcomes.get("passed", 0), outcomes.get("failed", 0)
    value = 100 * passed / (passed + failed) if passed + failed else None
    results = [r.result for r in requirements]
    assessed = results.count(RequirementResult.COMPLIANT) + results.count(RequirementResult.NON_COMPLIANT)
    failing = frame.filter(_OUTCOME == "failed").group_by("severity").len()
    by_severity = dict(failing.iter_rows())
    score = Score(
        model="findings_pass_rate", model_version="1", value_pct=value, numerator=passed, denominator=passed + failed,
        excluded=Counts(
            muted=outcomes.get("muted", 0), waived=outcomes.get("waived", 0), manual=outcomes.get("manual", 0)
        ),
        coverage=Coverage(assessed=assessed, total=len(requirements)),
    )  # fmt: skip
    compliant = results.count(RequirementResult.COMPLIANT)
    by_requirement = round_pct(100 * compliant / assessed, 1) if assessed else None
    return Summary(
        compliance_score=round_pct(value, 1),
        score=score,
        models={"findings_pass_rate": round_pct(value, 1), "requirements_passed": by_requirement},
        total_violations=failed,
        failed_by_severity={s.value: by_severity.get(s.value, 0) for s in Severity},
        risk_score=None if value is None else 41.5,
        result_counts={r.value: results.count(r) for r in RequirementResult},
    )


def _previous(summary: Summary) -> Summary | None:
    if summary.compliance_score is None:
        return None
    return replace(summary, compliance_score=round(max(summary.compliance_score - 3.4, 0), 1), risk_score=44.8)


def _sections(requirements: Sequence[RequirementRow]) -> tuple[SectionRow, ...]:
    return tuple(
        _section(title, [r for r in requirements if r.section == title])
        for title in dict.fromkeys(r.section for r in requirements)
    )


def _section(title: str, members: Sequence[RequirementRow]) -> SectionRow:
    results = [r.result for r in members]
    passed, failed = sum(r.passed for r in members), sum(r.failed for r in members)
    return SectionRow(
        title=title,
        compliant=results.count(RequirementResult.COMPLIANT),
        non_compliant=results.count(RequirementResult.NON_COMPLIANT),
        not_assessed=results.count(RequirementResult.NOT_ASSESSED),
        manual=results.count(RequirementResult.MANUAL),
        passed=passed,
        failed=failed,
        score_pct=round_pct(100 * passed / (passed + failed), 1) if passed + failed else None,
    )


def _trend(summary: Summary, days: int) -> tuple[TrendPoint, ...]:
    if summary.compliance_score is None:
        return ()
    last, total = summary.compliance_score, int(summary.score.denominator)
    points = []
    for n in range(days):
        score = round(max(0.0, min(100.0, last - (days - 1 - n) * 0.25 + (n * 7 % 5 - 2) * 0.3 * (n < days - 1))), 1)
        passed = round(total * score / 100)
        points.append(
            TrendPoint(
                date=_PERIOD.last_date - timedelta(days=days - 1 - n),
                compliance_score=score,
                passed=passed,
                failed=total - passed,
            )
        )
    return tuple(points)


def _top_checks(frame: pl.DataFrame) -> tuple[TopCheck, ...]:
    rank = {s.value: n for n, s in enumerate(Severity)}
    grouped = frame.filter(_OUTCOME == "failed").group_by("check_id", "severity", "service").agg(
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


def _breakdowns(frame: pl.DataFrame) -> tuple[Breakdown, ...]:
    rows: list[Breakdown] = []
    for dimension, column in (("account", "account_id"), ("service", "service"), ("environment", "environment")):
        grouped = frame.group_by(column).agg(
            (_OUTCOME == "passed").sum().alias("passed"),
            (_OUTCOME == "failed").sum().alias("failed"),
            ((_OUTCOME == "failed") & (pl.col("severity") == "critical")).sum().alias("critical"),
            ((_OUTCOME == "failed") & (pl.col("severity") == "high")).sum().alias("high"),
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


def _coverage(frame: pl.DataFrame) -> tuple[ScanCoverage, ...]:
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


def _messages(summary: Summary, sample: Sample) -> tuple[str, ...]:
    if summary.compliance_score is None:
        return ("Nothing was assessed in this period.",)
    coverage = summary.score.coverage
    messages = (
        f"{summary.compliance_score} % of the findings mapped to SOC 2 pass, up from the period before.",
        f"{summary.failed_by_severity['critical']} critical findings fail; public buckets lead the list.",
        f"{coverage.assessed} of {coverage.total} requirements could be assessed from scans.",
    )
    return (*messages, *HOSTILE[6:9]) if sample.hostile else messages
