"""The composed document says what the posture says, and its sentences follow from its numbers."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from policycortex.documents.evidence import Evidence
from policycortex.documents.locales import Locale, open_locale
from policycortex.documents.model import FindingsTable, ReportDocument, ReportHeader
from policycortex.documents.tables import COVERAGE_SCHEMA, DIMENSION_SCHEMA, FAILING_CHECKS_SCHEMA
from policycortex.names import ReportType, RequirementResult, Severity
from policycortex.period import Period
from policycortex.reports.compose import compose_report
from policycortex.reports.sections.ages import AGES
from policycortex.reports.sections.section_results import SECTIONS
from policycortex.scoring.model import Counts, Posture, RequirementAssessment
from policycortex.scoring.models import DEFAULT_MODEL, score_all
from policycortex.scoring.risk_model import RISK_ITEM_SCHEMA

ENGLISH = open_locale("en")
HEADER = ReportHeader(
    id="rpt_0000000000000001",
    name="Q1",
    type=ReportType.COMPLIANCE,
    description="",
    framework_id="tiny",
    framework_name="Tiny",
    framework_version="1",
    period=Period.of_days(date(2024, 1, 1), date(2024, 3, 31)),
    scope={},
    generated_at=datetime(2024, 4, 1, tzinfo=UTC),
    snapshot="7",
    organization="default",
)
FAILING_ROWS = [
    ("aws", "low_many", "low", "s3", "Many low", "Mend", "", "", 90, 3, 90, ["a"]),
    ("aws", "crit_few", "critical", "iam", "Few critical", "Mend", "", "", 1, 1, 1, ["a"]),
    ("aws", "crit_more", "critical", "ec2", "More critical", "Mend", "", "", 4, 2, 4, ["a", "b"]),
]


def posture(*sections: tuple[str, int, int], muted: int = 0) -> Posture:
    """One requirement per (section, passed, failed), all findings of high severity."""
    requirements = tuple(
        RequirementAssessment(
            id=f"R{n}",
            title=f"Title {n}",
            section=section,
            result=RequirementResult.NON_COMPLIANT if failed else RequirementResult.COMPLIANT,
            counts=Counts(passed=passed, failed=failed),
            checks=("c",),
            by_severity={},
        )
        for n, (section, passed, failed) in enumerate(sections)
    )
    counts = Counts(passed=sum(s[1] for s in sections), failed=sum(s[2] for s in sections), muted=muted)
    return Posture(
        framework_id="tiny",
        framework_version="1",
        requirements=requirements,
        counts=counts,
        failed_by_severity={s.value: counts.failed if s is Severity.HIGH else 0 for s in Severity},
        scores=score_all(requirements, counts, {"high": counts}),
        default_model=DEFAULT_MODEL,
    )


def compose(now: Posture, before: Posture | None = None, locale: Locale = ENGLISH) -> ReportDocument:
    """A document of ``now``, with three failing checks as evidence."""
    evidence = Evidence(
        findings=FindingsTable(path=Path("unread.parquet"), total=8),
        findings_total=10,
        failing_checks=pl.DataFrame(FAILING_ROWS, schema=FAILING_CHECKS_SCHEMA, orient="row"),
        dimensions=pl.DataFrame([("account_id", "1", 3, 1, 0, 1)], schema=DIMENSION_SCHEMA, orient="row"),
        coverage=COVERAGE_SCHEMA.to_frame(),
    )
    daily = {date(2024, 2, 2): now, date(2024, 1, 1): now}
    return compose_report(header=HEADER, posture=now, previous=before, daily=daily, evidence=evidence, locale=locale)


def test_sections_keep_the_frameworks_order_and_add_up() -> None:
    """Z before A, as the framework has it; 6 of 8 pass in Z: 75 %."""
    document = compose(posture(("Z", 5, 1), ("A", 1, 0), ("Z", 1, 1)))
    assert [(s.title, s.passed, s.failed, s.score_pct) for s in SECTIONS.of(document)] == [
        ("Z", 6, 2, 75.0),
        ("A", 1, 0, 100.0),
    ]
    assert document.summary.result_counts["non_compliant"] == 2


def test_worst_severity_comes_before_many() -> None:
    """4 critical, then 1 critical, then 90 low."""
    assert [c.check_id for c in compose(posture(("Z", 1, 1))).top_checks] == ["crit_more", "crit_few", "low_many"]


def test_trend_is_oldest_first() -> None:
    """Whatever the order of the days given."""
    assert [p.date for p in compose(posture(("Z", 1, 1))).trend] == [date(2024, 1, 1), date(2024, 2, 2)]


def test_what_is_left_out_is_stated() -> None:
    """8 of 10 findings included."""
    completeness = compose(posture(("Z", 1, 1))).completeness
    assert (completeness.findings_included, completeness.findings_total) == (8, 10)


@pytest.mark.parametrize(
    ("before", "message"),
    [
        (posture(("Z", 1, 1)), "The score rose by 25.0 points from 50.0%."),
        (posture(("Z", 3, 1)), "The score is unchanged from the previous period (75.0%)."),
        (posture(("Z", 9, 1)), "The score fell by 15.0 points from 90.0%."),
    ],
)
def test_the_change_is_stated_in_points(before: Posture, message: str) -> None:
    """75 % now."""
    assert message in compose(posture(("Z", 3, 1)), before).key_messages


def test_an_empty_period_before_is_no_comparison() -> None:
    """Nothing then: no previous summary, no sentence of change."""
    document = compose(posture(("Z", 3, 1)), posture())
    assert document.previous is None
    assert not any("points" in message for message in document.key_messages)


def test_nothing_assessed_is_stated_first_and_alone() -> None:
    """No score: one sentence, and the risk is unknown too."""
    document = compose(posture(("Z", 0, 0), muted=3))
    assert document.summary.compliance_score is None
    assert document.summary.risk_score is None
    assert len(document.key_messages) == 1
    assert "missing evidence" in document.key_messages[0]


def test_sentences_are_in_the_language_of_the_report() -> None:
    """Every sentence comes from the catalogue, with the language's own numbers."""
    german = open_locale("de")
    messages = compose(posture(("Z", 3, 1)), posture(("Z", 9, 1)), locale=german).key_messages
    assert messages[0] == "0 von 1 bewerteten Anforderungen sind erfüllt."
    assert messages[1] == "75,0 % der Befunde, die Tiny betreffen, sind bestanden: 3 von 4."
    assert messages[2] == "Der Wert fiel um 15,0 Punkte von 90,0 %."
    assert not any(word in " ".join(messages) for word in (" the ", "finding", "score"))


@pytest.mark.parametrize(
    ("failing", "message"),
    [
        (31, "31 failing findings are critical (0) or high (31)."),
        (1, "One failing finding is critical or high."),
    ],
)
def test_the_worst_findings_are_counted_in_one_sentence(failing: int, message: str) -> None:
    """All failing findings of the sample posture are of high severity."""
    assert message in compose(posture(("Z", 3, failing))).key_messages


def _ages_of(period: Period) -> tuple[dict[str, int | None], float | None]:
    """Oldest days per severity, and the risk score, of a report of 1 April 2024 on a finding failing since 22 March."""
    row = ("aws", "acc", "production", "s3", "c1", "m", "", "high", date(2024, 3, 22), None, None, 0, 1)
    evidence = Evidence(
        findings=FindingsTable(path=Path("unread.parquet"), total=1),
        findings_total=1,
        failing_checks=FAILING_CHECKS_SCHEMA.to_frame(),
        dimensions=DIMENSION_SCHEMA.to_frame(),
        coverage=COVERAGE_SCHEMA.to_frame(),
        risk_items=pl.DataFrame([row], schema=RISK_ITEM_SCHEMA, orient="row"),
    )
    document = compose_report(
        header=replace(HEADER, type=ReportType.RISK, period=period),
        posture=posture(("Z", 0, 1)),
        previous=None,
        daily={},
        evidence=evidence,
        locale=ENGLISH,
    )
    return {row.severity: row.oldest_days for row in AGES.of(document) if row.failing}, document.summary.risk_score


def test_ages_do_not_grow_beyond_the_day_of_the_report() -> None:
    """A period that ends in 2027 makes the finding 10 days old, not more than 1,000, and gives the same risk."""
    until_today = _ages_of(Period.of_days(date(2024, 1, 1), date(2024, 4, 1)))
    assert until_today[0] == {"high": 10}
    assert _ages_of(Period.of_days(date(2024, 1, 1), date(2027, 12, 31))) == until_today
    assert _ages_of(Period.of_days(date(2024, 1, 1), date(2024, 3, 31)))[0] == {"high": 9}
