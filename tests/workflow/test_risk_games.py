"""Games with the risk score, through the lake into reports: each test names the report and the place that shows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from policycortex.documents.locales import open_locale
from policycortex.documents.model import ReportDocument
from policycortex.findings.model import Finding
from policycortex.names import ReportFormat, ReportType, Severity
from policycortex.period import Period
from policycortex.reports.sections.comparison import COMPARISON
from policycortex.reports.sections.trend import CAUSES, RECLASSIFIED
from policycortex.requests.model import ReportRequest
from policycortex.scope import Scope
from policycortex.scoring.risk_model import RiskWeights
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.posture import rebuild_days
from policycortex.workflow.reports import compose_from_lake
from tests.support.empty_homes import copy_home
from tests.support.samples.lake import ORGANIZATION, finding, import_findings

MAY, JUNE = date(2026, 5, 20), date(2026, 6, 20)


@dataclass(frozen=True, slots=True)
class JuneReports:
    """What two reports of June say."""

    risk: ReportDocument
    compliance: ReportDocument

    @property
    def score(self) -> tuple[float | None, str, float | None]:
        """Risk score, band and share at stake, of the risk report."""
        summary = self.risk.summary
        assert summary.risk is not None
        assert summary.shown_risk is not None
        return summary.risk_score, str(summary.risk.total.band), summary.shown_risk.share_pct


def scan(day: date) -> list[Finding]:
    """Three exposed critical findings that fail, 30 of another check that fail, and 30 that pass."""
    critical = [finding(day, "public", f"p{n}", severity="critical") for n in range(3)]
    failing = [finding(day, "c1", f"f{n}") for n in range(30)]
    passing = [finding(day, "c1", f"g{n}", "PASS") for n in range(30)]
    return [*(msgspec.structs.replace(each, is_exposed=True) for each in critical), *failing, *passing]


@pytest.fixture(scope="module")
def home_of_may(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the scan of May."""
    settings = Settings(home=tmp_path_factory.mktemp("may") / "home")
    with open_lake(settings) as lake:
        import_findings(lake, scan(MAY))
    rebuild_days(settings, (MAY,))
    with open_lake(settings) as lake:
        lake.analytics.rebuild_ages((MAY,))
    return settings.home


def reports_of_june(
    home_of_may: Path, folder: Path, *later: Iterable[Finding], first: date = date(2026, 6, 1)
) -> JuneReports:
    """The reports of June, or from ``first`` to its end, after the scan of May and these further files."""
    settings = Settings(home=copy_home(home_of_may, folder / "home"))
    files = [list(found) for found in later]
    days = sorted({each.observed_at.date() for found in files for each in found})
    with open_lake(settings) as lake:
        for found in files:
            import_findings(lake, found)
    rebuild_days(settings, days)
    documents = {}
    with open_lake(settings) as lake:
        lake.analytics.rebuild_ages(days)
        for type_ in (ReportType.RISK, ReportType.COMPLIANCE):
            order = ReportRequest(
                name="June",
                type=type_,
                framework=None,
                description="",
                scope=Scope(organization=ORGANIZATION),
                period=Period.of_days(first, date(2026, 6, 30)),
                scope_as_given={},
                formats=(ReportFormat.HTML,),
            )
            documents[type_] = compose_from_lake(
                lake,
                order,
                None,
                waivers=(),
                report_id="rpt_1",
                folder=folder,
                now=datetime(2026, 7, 1, tzinfo=UTC),
                weights=RiskWeights(),
                locale=open_locale("en"),
            )
    return JuneReports(risk=documents[ReportType.RISK], compliance=documents[ReportType.COMPLIANCE])


@pytest.fixture(scope="module")
def honest(home_of_may: Path, tmp_path_factory: pytest.TempPathFactory) -> JuneReports:
    """The same scan again in June."""
    return reports_of_june(home_of_may, tmp_path_factory.mktemp("honest"), scan(JUNE))


def test_the_risk_report_names_the_worst_finding(honest: JuneReports) -> None:
    """The critical ones fail since May, 41 days on 30 June, and are overdue: 80 and act now, whatever else is there.

    80 + 20 * (1 - e^(-L / 4000)) with L = 2 * 80 + 30 * 35 is 85.2.
    """
    messages = honest.risk.key_messages
    since = "Worst finding: 80.0 points (public; p0, acc, production; since 20 May 2026). All others add"
    assert messages[0] == "The risk score is 85.2 of 100: Act now (risk model, version 3)."
    assert messages[1].startswith(since)
    assert messages[2:4] == ("3 critical findings are exposed.", "33 failing findings are overdue.")


def test_dilute(honest: JuneReports, home_of_may: Path, tmp_path: Path) -> None:
    """3,000 clean buckets: the risk report's score is bit-equal; only the share at stake beside it falls."""
    clean = [finding(JUNE, "c1", f"clean{n}", "PASS") for n in range(3000)]
    found = reports_of_june(home_of_may, tmp_path, [*scan(JUNE), *clean])
    assert found.score[:2] == honest.score[:2]
    assert (found.score[2] or 0) < (honest.score[2] or 0)


def test_filter(honest: JuneReports, home_of_may: Path, tmp_path: Path) -> None:
    """An export of failing rows: the risk score is bit-equal; the compliance report compares no score and says why."""
    found = reports_of_june(home_of_may, tmp_path, [each for each in scan(JUNE) if each.status == "FAIL"])
    assert found.score[:2] == honest.score[:2]
    assert found.compliance.change_points is None
    assert any("export of failing findings only" in message for message in found.compliance.key_messages)


def test_mute(honest: JuneReports, home_of_may: Path, tmp_path: Path) -> None:
    """Muted criticals leave the risk, and every report counts them: "3 muted"."""
    muted = [msgspec.structs.replace(each, is_muted=True) if each.check_id == "public" else each for each in scan(JUNE)]
    found = reports_of_june(home_of_may, tmp_path, muted)
    assert found.score[1] != honest.score[1]
    for document in (found.risk, found.compliance):
        assert any("3 muted" in message for message in document.key_messages)


@pytest.mark.parametrize("field", ["severity", "environment_tag"])
def test_relabel_severity_and_tag_as_test(honest: JuneReports, home_of_may: Path, tmp_path: Path, field: str) -> None:
    """The same three findings as low, or in test: the risk falls, and the compliance report says "reclassified: 3"."""
    value = {"severity": Severity.LOW, "environment_tag": "test"}[field]
    renamed = [
        msgspec.structs.replace(each, **{field: value}) if each.check_id == "public" else each for each in scan(JUNE)
    ]
    found = reports_of_june(home_of_may, tmp_path, renamed)
    assert (found.score[0] or 0) < (honest.score[0] or 0)
    comparison = COMPARISON.of(found.compliance)
    assert comparison is not None
    assert (comparison.reclassified, comparison.counts["persisting"]) == (3, 33)
    assert COMPARISON.of(honest.compliance).reclassified == 0  # type: ignore[union-attr]


def test_the_risk_report_counts_reclassified_findings(home_of_may: Path, tmp_path: Path) -> None:
    """Severity changed for three: the risk report's profile has the count, for its own period before."""
    renamed = [
        msgspec.structs.replace(each, severity=Severity.LOW) if each.check_id == "public" else each
        for each in scan(JUNE)
    ]
    found = reports_of_june(home_of_may, tmp_path, renamed)
    assert RECLASSIFIED.of(found.risk) == 3


def test_scan_fewer_checks(honest: JuneReports, home_of_may: Path, tmp_path: Path) -> None:
    """Without the critical check the score rises: the compliance report says "not looked at: 3" and none resolved.

    Its causes, which the risk report has too, name scope and coverage, and nothing is fixed or gone.
    """
    found = reports_of_june(home_of_may, tmp_path, [each for each in scan(JUNE) if each.check_id != "public"])
    assert (found.score[0] or 0) < (honest.score[0] or 0)
    comparison = COMPARISON.of(found.compliance)
    assert comparison is not None
    assert (comparison.counts["resolved"], comparison.counts["not_looked_at"]) == (0, 3)
    for document in (found.compliance, found.risk):
        assert [(row.title, row.findings) for row in CAUSES.of(document)] == [("Scope and coverage", 3)]


def test_split_and_stagger_accounts(home_of_may: Path, tmp_path: Path) -> None:
    """Two accounts in one scan or on two days: the same score, risk, comparison and trend, which stays constant.

    The compliance report's trend says from which day the older of the two scans is.
    """

    def both(day: date) -> tuple[list[Finding], list[Finding]]:
        """The scan of one account, and that of another without failing findings."""
        other = [finding(day, "c1", f"o{n}", "PASS", account="other") for n in range(40)]
        return scan(day), other

    def reports(name: str, *june: Iterable[Finding]) -> JuneReports:
        (tmp_path / name).mkdir()
        return reports_of_june(home_of_may, tmp_path / name, both(MAY)[1], *june)

    together = reports("one", [each for account in both(JUNE) for each in account])
    staggered = reports("two", both(JUNE - timedelta(days=2))[1], both(JUNE)[0])
    assert staggered.score == together.score
    assert staggered.compliance.summary.compliance_score == together.compliance.summary.compliance_score
    for found in (together, staggered):
        scores = {point.compliance_score for point in found.compliance.trend}
        assert scores == {found.compliance.summary.compliance_score}
        assert len(found.compliance.trend) == 30
    for one, two in zip(CAUSES.of(together.compliance), CAUSES.of(staggered.compliance), strict=True):
        assert one == two
    last = staggered.compliance.trend[-1]
    assert (last.carried_from, last.is_scanned) == (JUNE - timedelta(days=2), False)
