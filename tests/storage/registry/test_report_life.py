"""A report's status changes in one direction only, also with concurrent changes."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policycortex.errors import ConflictError, NotFoundError
from policycortex.names import ReportFormat, ReportStatus, ReportType
from policycortex.storage.registry import Failure, NewArtifact, Registry, ReportFilter, ReportRow, open_registry
from tests.support.backends import Backend

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PDF = NewArtifact(format=ReportFormat.PDF, key="rpt/pdf-0.pdf", size_bytes=10, sha256="a" * 64)
WHY = Failure(code="RPT_500", message="its run was killed")


@pytest.fixture
def registry(backend: Backend, tmp_path: Path) -> Iterator[Registry]:
    """An empty registry."""
    opened = open_registry(backend.settings(tmp_path))
    yield opened
    opened.close()


def _create(
    registry: Registry, *, name: str = "A report", organization: str = "default", at: datetime = NOW
) -> ReportRow:
    return registry.reports.create_report(
        organization=organization,
        name=name,
        type=ReportType.AUDIT,
        framework="soc2",
        description="Über alles",
        order={"name": name},
        now=at,
    )


def _complete(registry: Registry, report: ReportRow) -> ReportRow:
    return registry.reports.complete_report(
        report.id, artifacts=[PDF], summary={"compliance_score": None}, content={}, snapshot="1", now=NOW
    )


def test_a_report_goes_from_order_to_files(registry: Registry) -> None:
    """pending, running under a run, completed with its artifact."""
    report = _create(registry)
    assert (report.status, report.due_at, report.run_id) == (ReportStatus.PENDING, NOW, None)
    assert registry.reports.mark_running(report.id, "run-1", now=NOW).status is ReportStatus.RUNNING
    done = _complete(registry, report)
    assert (done.status, done.size_bytes, done.completed_at) == (ReportStatus.COMPLETED, 10, NOW)
    assert registry.reports.get_report("default", report.id) == done
    assert done.artifact("pdf") is not None
    assert done.artifact("csv") is None


@pytest.mark.parametrize("end", ["complete", "fail", "cancel"])
def test_an_ended_report_does_not_change(registry: Registry, end: str) -> None:
    """After an end no method changes the report."""
    report = _create(registry)
    match end:
        case "complete":
            _complete(registry, report)
        case "fail":
            registry.reports.fail_report(report.id, WHY)
        case _:
            registry.reports.cancel_report("default", report.id)
    before = registry.reports.find_report(report.id)
    with pytest.raises(ConflictError):
        registry.reports.mark_running(report.id, "run-2")
    with pytest.raises(ConflictError):
        _complete(registry, report)
    with pytest.raises(ConflictError):
        registry.reports.fail_report(report.id, WHY)
    with pytest.raises(ConflictError):
        registry.reports.cancel_report("default", report.id)
    registry.reports.set_run(report.id, "run-2")
    assert registry.reports.find_report(report.id) == before


def test_of_concurrent_ends_one_succeeds(registry: Registry) -> None:
    """Eight threads end one report: exactly one succeeds, the others raise ConflictError."""
    report = _create(registry)
    outcomes: list[str] = []

    def end(number: int) -> None:
        try:
            registry.reports.fail_report(report.id, Failure(code="RPT_500", message=f"{number}"))
            outcomes.append("won")
        except ConflictError:
            outcomes.append("lost")

    threads = [threading.Thread(target=end, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost"] * 7 + ["won"]


def test_a_retried_run_takes_over(registry: Registry) -> None:
    """A second mark_running under another run is no conflict."""
    report = _create(registry)
    registry.reports.mark_running(report.id, "run-1")
    assert registry.reports.mark_running(report.id, "run-2").run_id == "run-2"


def test_progress_stays_below_100_until_completed(registry: Registry) -> None:
    """0 until the run starts, then 1; only completion sets 100."""
    report = _create(registry)
    assert registry.reports.find_report(report.id).progress_pct == 0
    assert registry.reports.mark_running(report.id, "run").progress_pct == 1
    assert _complete(registry, report).progress_pct == 100


def test_a_withdrawn_or_deleted_report_is_not_found(registry: Registry) -> None:
    """It is in no list; deleting twice is NotFoundError; deleting an open report returns its last state."""
    withdrawn, deleted = _create(registry), _create(registry)
    registry.reports.withdraw_report(withdrawn.id, WHY)
    assert registry.reports.delete_report("default", deleted.id).status is ReportStatus.PENDING
    with pytest.raises(NotFoundError):
        registry.reports.delete_report("default", deleted.id)
    for report in (withdrawn, deleted):
        with pytest.raises(NotFoundError):
            registry.reports.get_report("default", report.id)
        with pytest.raises(NotFoundError):
            registry.reports.mark_running(report.id, "late-run")
    assert registry.reports.list_reports("default").total == 0


def test_expired_reports_are_moved_once(registry: Registry) -> None:
    """Only completed ones past their time; a second call finds none."""
    kept, past = _create(registry), _create(registry)
    for report, days in ((kept, 2), (past, 1)):
        registry.reports.complete_report(
            report.id, artifacts=[], summary={}, content={}, snapshot="1", expires_at=NOW + timedelta(days=days)
        )
    swept = registry.reports.expire_reports(now=NOW + timedelta(days=1))
    assert [row.id for row in swept] == [past.id]
    assert registry.reports.find_report(past.id).status is ReportStatus.EXPIRED
    assert registry.reports.expire_reports(now=NOW + timedelta(days=1)) == ()


def test_totals_equal_counts_after_all_changes(registry: Registry) -> None:
    """The tally equals counted rows for each filter, after creations, changes and deletions."""
    rows = [_create(registry, name=f"Report {n}", at=NOW + timedelta(seconds=n)) for n in range(6)]
    _complete(registry, rows[0])
    registry.reports.fail_report(rows[1].id, WHY)
    registry.reports.cancel_report("default", rows[2].id)
    registry.reports.delete_report("default", rows[3].id)
    registry.reports.mark_running(rows[4].id, "run")
    for wanted in [ReportFilter(), *(ReportFilter(status=status) for status in ReportStatus)]:
        page = registry.reports.list_reports("default", wanted, limit=100)
        assert page.total == len(page.reports)
    assert registry.reports.list_reports("default", ReportFilter(framework="hipaa")).total == 0


def test_lists_filter_search_sort_and_page(registry: Registry) -> None:
    """Newest first; sorting reverses; search ignores case in any alphabet; percent signs are literal."""
    names = ["Beta 100%", "alpha", "Gamma"]
    made = [_create(registry, name=name, at=NOW + timedelta(seconds=n)) for n, name in enumerate(names)]
    _complete(registry, made[0])

    def listed(wanted: ReportFilter | None = None, **how: object) -> list[str]:
        return [row.name for row in registry.reports.list_reports("default", wanted, **how).reports]  # type: ignore[arg-type]

    assert listed() == ["Gamma", "alpha", "Beta 100%"]
    assert listed(sort="created_at", limit=1, offset=1) == ["alpha"]
    assert listed(ReportFilter(text="ALPHA")) == ["alpha"]
    assert listed(ReportFilter(text="ÜBER")) == ["Gamma", "alpha", "Beta 100%"]
    assert listed(ReportFilter(text="0%")) == ["Beta 100%"]
    assert listed(ReportFilter(text="_")) == []
    assert listed(ReportFilter(generated_after=NOW, generated_before=NOW + timedelta(seconds=1))) == ["Beta 100%"]
    assert listed(ReportFilter(generated_before=NOW)) == []


def test_the_queue_counts_the_own_organisation_by_due_time(registry: Registry) -> None:
    """Open reports due earlier count; another organisation's do not."""
    first = _create(registry)
    second = _create(registry, at=NOW + timedelta(seconds=1))
    _create(registry, organization="other")
    assert [registry.reports.load_queue(row)[0] for row in (first, second)] == [1, 2]
    _complete(registry, first)
    assert registry.reports.load_queue(second)[0] == 1


def test_durations_are_averaged_per_type(registry: Registry) -> None:
    """10 s and 20 s give 15 s; another type has none."""
    for seconds in (10, 20):
        report = _create(registry)
        registry.reports.mark_running(report.id, "run", now=NOW)
        end = NOW + timedelta(seconds=seconds)
        registry.reports.complete_report(report.id, artifacts=[], summary={}, content={}, snapshot="1", now=end)
    assert registry.reports.load_queue(_create(registry))[1] == pytest.approx(15)
    assert registry.reports.load_queue(replace(_create(registry), type=ReportType.RISK))[1] is None
    assert registry.reports.load_queue(_create(registry, organization="other"))[1] is None


def test_requests_at_the_same_time_are_all_counted(registry: Registry) -> None:
    """Eight threads create a report each: eight rows, and the tally of the list counts eight."""
    with ThreadPoolExecutor(max_workers=8) as threads:
        made = list(threads.map(lambda number: _create(registry, name=f"Report {number}"), range(8)))
    page = registry.reports.list_reports("default")
    assert {row.id for row in page.reports} == {row.id for row in made}
    assert page.total == 8


def test_the_row_returned_is_the_row_stored(registry: Registry) -> None:
    """It is not read back, so it must equal what a reader finds."""
    made = _create(registry)
    assert registry.reports.get_report("default", made.id) == made
