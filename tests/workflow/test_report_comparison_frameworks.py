"""Two reports over a real lake, against Python's own sets."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from policycortex.errors import ConflictError
from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.names import ReportFormat, ReportStatus, ReportType, RequirementResult
from policycortex.period import Period
from policycortex.requests.model import ReportRequest, request_to_json
from policycortex.scope import Scope
from policycortex.scoring.changes_model import Cause
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import ReportRow
from policycortex.workflow.posture import rebuild_days
from policycortex.workflow.report_comparison import ReportComparison, compare_reports
from tests.support.samples.lake import ORGANIZATION, finding, import_findings

MAY, JUNE = date(2026, 5, 4), date(2026, 6, 8)
TINY, OTHER = (
    Framework(
        id=id_,
        name=id_,
        version="1",
        requirements=(Requirement(id="R1", title="One", section="All"),),
        crosswalk=Crosswalk(version="1", relations={("aws", check): ("R1",) for check in checks}),
    )
    for id_, checks in (("tiny", ("c1", "c2")), ("other", ("c1",)))
)
BEFORE = {("c1", "a"): "FAIL", ("c1", "b"): "FAIL", ("c1", "c"): "PASS", ("c2", "a"): "FAIL", ("c9", "z"): "FAIL"}
AFTER = {("c1", "a"): "FAIL", ("c1", "b"): "PASS", ("c1", "c"): "FAIL", ("c1", "d"): "FAIL", ("c9", "z"): "FAIL"}


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, dict[date, str]]:
    """Two scans, the second without c2; the snapshot after each."""
    settings, snapshots = Settings(home=tmp_path_factory.mktemp("pair") / "home"), {}
    for day, found in ((MAY, BEFORE), (JUNE, AFTER)):
        with open_lake(settings) as lake:
            import_findings(
                lake, [finding(day, check, resource, status) for (check, resource), status in found.items()]
            )
        rebuild_days(settings, [day])
        with open_lake(settings) as lake:
            snapshots[day] = lake.snapshot()
    return settings, snapshots


def report(day: date, snapshot: str, framework: str | None, environments: tuple[str, ...] = ()) -> ReportRow:
    """A completed report of one day."""
    order = ReportRequest(
        name="n",
        type=ReportType.COMPLIANCE,
        framework=framework,
        description="",
        scope=Scope(organization=ORGANIZATION, environments=environments),
        period=Period.of_days(day, day),
        scope_as_given={},
        formats=(ReportFormat.JSON,),
    )
    at = datetime.combine(day, datetime.min.time(), UTC) + timedelta(days=1)
    return ReportRow(
        id=f"rpt_{day}",
        organization=ORGANIZATION,
        name="n",
        type=ReportType.COMPLIANCE,
        description="",
        framework=framework,
        status=ReportStatus.COMPLETED,
        order=request_to_json(order),
        created_at=at,
        created_by=None,
        due_at=at,
        started_at=at,
        snapshot=snapshot,
    )


def compared(
    installation: tuple[Settings, dict[date, str]],
    before: str | None,
    after: str | None,
    environments: tuple[str, ...] = (),
) -> ReportComparison:
    """May against June, by framework ids."""
    settings, snapshots = installation
    reports = [report(MAY, snapshots[MAY], before), report(JUNE, snapshots[JUNE], after, environments=environments)]
    return compare_reports(settings, *reports, frameworks={"tiny": TINY, "other": OTHER}, waivers=())


def keys(comparison: ReportComparison, change: str) -> set[tuple[str, str]]:
    """(check, resource) of one kind of change."""
    rows = comparison.findings.rows
    return set(rows.filter(rows["change"] == change).select("check_id", "resource_uid").rows())


@pytest.mark.parametrize("framework", [None, "tiny"])
def test_a_comparison_is_a_plain_set_difference(
    installation: tuple[Settings, dict[date, str]], framework: str | None
) -> None:
    """Of failing keys; c2 was not looked at again, and c9 belongs to no requirement."""
    wanted = {"c1", "c2"} | ({"c9"} if framework is None else set())
    old, new = ({k for k, s in found.items() if s == "FAIL" and k[0] in wanted} for found in (BEFORE, AFTER))
    comparison = compared(installation, framework, framework)
    assert keys(comparison, "new") == new - old
    assert keys(comparison, "resolved") | keys(comparison, "not_looked_at") == old - new
    assert keys(comparison, "not_looked_at") == {("c2", "a")}
    assert comparison.findings.persisting == len(old & new)
    assert (comparison.findings.new, comparison.findings.resolved) == (2, 1)


def test_the_change_speaks_of_the_scores_both_reports_show(installation: tuple[Settings, dict[date, str]]) -> None:
    """1 of 4, then 1 of 4: a fix and a regression even out; the new resource and what was left out do so too."""
    comparison = compared(installation, "tiny", "tiny")
    assert comparison.change.before == comparison.before.score.value_pct == 25
    assert comparison.change.after == comparison.after.score.value_pct == 25
    counts = {share.cause: share.findings for share in comparison.change.shares if share.findings}
    assert counts == {Cause.FIXED: 1, Cause.REGRESSED: 1, Cause.NEW_RESOURCES: 1, Cause.SCOPE_AND_COVERAGE: 1}
    assert comparison.requirements == ()


def test_another_framework_is_a_cause_and_its_keys_are_not_resolved(
    installation: tuple[Settings, dict[date, str]],
) -> None:
    """All findings against those of ``other``: c9 fails on both dates, and is not wanted for on the second."""
    comparison = compared(installation, None, "other")
    assert ("c9", "z") in keys(comparison, "not_looked_at")
    counts = {share.cause: share.findings for share in comparison.change.shares if share.findings}
    assert counts[Cause.FRAMEWORK_VERSION] == 1
    assert comparison.change.points == sum(share.points or 0 for share in comparison.change.shares)
    assert [(r.id, r.before, r.after) for r in comparison.requirements] == [
        ("R1", None, RequirementResult.NON_COMPLIANT)
    ]


def test_another_scope_is_a_cause(installation: tuple[Settings, dict[date, str]]) -> None:
    """The second report asks for staging, where nothing is."""
    comparison = compared(installation, "tiny", "tiny", environments=("staging",))
    assert comparison.change.points is None
    assert comparison.findings.resolved == 0
    assert comparison.findings.not_looked_at == 3


def test_a_report_that_is_not_there_yet_is_refused(installation: tuple[Settings, dict[date, str]]) -> None:
    """With its state."""
    settings, snapshots = installation
    done = report(MAY, snapshots[MAY], None)
    waiting = replace(done, status=ReportStatus.RUNNING)
    with pytest.raises(ConflictError, match="is running; only completed reports"):
        compare_reports(settings, done, waiting, frameworks={}, waivers=())
    gone = report(MAY, snapshots[MAY], "gone")
    with pytest.raises(ConflictError, match="framework gone, which no longer exists"):
        compare_reports(settings, gone, done, frameworks={}, waivers=())
