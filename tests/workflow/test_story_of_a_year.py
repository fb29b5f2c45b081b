"""One account over a year, by real files and real reports: what was waived then, and what a later scan looked at."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from policycortex.errors import ConflictError
from policycortex.period import Period
from policycortex.requests import Known, parse_request, request_to_json
from policycortex.scoring.changes_model import Cause
from policycortex.scoring.waivers import WaiverScope
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import frameworks_of
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.registry import Registry, ReportRow, open_registry
from policycortex.workflow.ingest import ingest_files
from policycortex.workflow.report_comparison import compare_reports
from policycortex.workflow.reports import produce_report
from tests.unit.findings.ocsf_records import array_text, ocsf_record

NOW = datetime(2026, 7, 1, tzinfo=UTC)
MARCH, JUNE = datetime(2026, 3, 20, 6, tzinfo=UTC), datetime(2026, 6, 20, 6, tzinfo=UTC)
OPEN, LOGGED = "s3_bucket_public_access", "s3_bucket_server_access_logging_enabled"


def scan(path: Path, at: datetime, outcomes: dict[tuple[str, str], str]) -> Path:
    """A Prowler file: (check, bucket) to outcome."""
    records = []
    for (check, bucket), outcome in outcomes.items():
        record = ocsf_record(time=int(at.timestamp()), status_code=outcome)
        record["metadata"]["event_code"] = check
        record["finding_info"]["uid"] = f"prowler-aws-{check}-{bucket}"
        record["resources"][0] |= {"uid": f"arn:aws:s3:::{bucket}", "name": bucket}
        record["unmapped"]["scan_id"] = f"scan of {at:%B}"
        records.append(record)
    path.write_bytes(array_text(records))
    return path


@dataclass(frozen=True)
class Story:
    """A home with both scans, twice: ``waiving`` has waivers, ``plain`` has none."""

    settings: Settings
    registry: Registry

    def report(self, organization: str, month: int, framework: str | None = "soc2") -> tuple[ReportRow, dict[str, Any]]:
        """The row and the JSON report of a month of 2026, made in July."""
        last = 31 if month == 3 else 30
        scope = {"date_range": {"start": f"2026-{month:02}-01T00:00:00Z", "end": f"2026-{month:02}-{last}T23:59:59Z"}}
        body = {"name": "Month", "type": "compliance", "scope": scope, "format_options": {"formats": ["json"]}}
        known = Known(frameworks=tuple(frameworks_of(self.settings, self.registry, organization)))
        # The scanner's own relations: the reviewed ones say that public access does not test CC6.1.
        request = body | ({"framework": framework, "crosswalk": "scanner"} if framework else {})
        order = parse_request(request, organization=organization, now=NOW, known=known)
        row = self.registry.reports.create_report(
            organization=organization,
            name=order.name,
            type=order.type,
            framework=order.framework,
            description="",
            order=request_to_json(order),
        )
        produce_report(self.settings, row.id, run_id="run", now=NOW)
        row = self.registry.reports.get_report(organization, row.id)
        with open_artifacts(self.settings).open_artifact(row.artifacts[0].key, sha256=row.artifacts[0].sha256) as file:
            return row, json.loads(file.read())


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """March: three buckets open, two of them without logs. June: the check of logs was left out of the scan."""
    folder = tmp_path_factory.mktemp("year")
    settings = Settings(home=folder / "home")
    march = {(OPEN, b): "FAIL" for b in "abc"} | {(OPEN, "z"): "PASS"} | {(LOGGED, b): "FAIL" for b in "ab"}
    june = {(OPEN, "a"): "PASS", (OPEN, "b"): "FAIL", (OPEN, "d"): "FAIL"}
    files = [scan(folder / "march.json", MARCH, march), scan(folder / "june.json", JUNE, june)]
    for organization in ("waiving", "plain"):
        ingest_files(settings, files, organization=organization, now=NOW)
    with closing(open_registry(settings)) as registry:
        yield Story(settings=settings, registry=registry)


def day(month: int, number: int) -> datetime:
    """Midnight UTC of a day of 2026."""
    return datetime(2026, month, number, tzinfo=UTC)


def waive(registry: Registry, scope: WaiverScope, *, valid: tuple[datetime, datetime], approved: datetime) -> str:
    """Asked for by one key and approved by another; its id."""
    period = Period(start=valid[0], end=valid[1])
    waiver = registry.waivers.request_waiver(
        "waiving", scope, reason="accepted", valid=period, by="key_asks", now=day(1, 2)
    )
    with pytest.raises(ConflictError):
        registry.waivers.approve_record("waiving", waiver.id, by="key_asks", now=approved)
    return registry.waivers.approve_record("waiving", waiver.id, by="key_approves", now=approved).id


@pytest.fixture(scope="module")
def waived(story: Story) -> Story:
    """Five waivers with histories of their own."""
    registry = story.registry
    year, bucket = (day(1, 1), datetime(2026, 12, 31, tzinfo=UTC)), "arn:aws:s3:::"
    waive(registry, WaiverScope(check=OPEN, resource=f"{bucket}a"), valid=(day(3, 1), day(6, 1)), approved=day(3, 2))
    waive(registry, WaiverScope(check=OPEN, resource=f"{bucket}b"), valid=year, approved=day(4, 5))
    waive(registry, WaiverScope(check=OPEN, resource=f"{bucket}c"), valid=(day(1, 1), day(3, 15)), approved=day(1, 3))
    taken_back = waive(registry, WaiverScope(check=LOGGED), valid=year, approved=day(3, 2))
    registry.waivers.revoke_record("waiving", taken_back, by="key_approves", now=day(4, 10))
    pending = WaiverScope(check=OPEN)
    registry.waivers.request_waiver(
        "waiving", pending, reason="not yet", valid=Period(start=year[0], end=year[1]), by="key_asks", now=day(1, 2)
    )
    return story


def test_a_report_of_last_march_uses_the_waivers_known_and_valid_then(waived: Story) -> None:
    """a was waived, b only in April, c no longer, logs until they were taken back in April; a request alone is nothing.

    Of six failing findings three are waived (a; logs of a and b), so 1 passed of 1 + 2.
    """
    _, report = waived.report("waiving", 3, None)
    found = {(f["check_id"], f["resource_uid"][-1]): f["waived"] for f in report["findings"] if f["status"] == "FAIL"}
    assert found == {
        (OPEN, "a"): True,
        (OPEN, "b"): False,
        (OPEN, "c"): False,
        (LOGGED, "a"): True,
        (LOGGED, "b"): True,
    }
    score = report["summary"]["score"]
    assert (score["numerator"], score["denominator"], score["excluded"]["waived"]) == (1, 3, 3)


def test_a_report_of_june_uses_those_of_june(waived: Story) -> None:
    """b is waived by now, d by nobody: 1 passed of 1 + 1."""
    _, report = waived.report("waiving", 6)
    assert {f["resource_uid"][-1] for f in report["findings"] if f["waived"]} == {"b"}
    score = report["summary"]["score"]
    assert (score["numerator"], score["denominator"], score["excluded"]["waived"]) == (1, 2, 1)


def test_fixed_counts_only_what_the_second_scan_looked_at(story: Story) -> None:
    """a was mended and z, c are gone from a check that was looked at; the logs were not looked at: not fixed."""
    pair = [story.report("plain", month)[0] for month in (3, 6)]
    frameworks = frameworks_of(story.settings, story.registry, "plain")
    compared = compare_reports(story.settings, *pair, frameworks=frameworks, waivers=())
    findings = compared.findings
    assert (findings.resolved, findings.persisting, findings.new, findings.not_looked_at) == (2, 1, 1, 2)
    causes = {share.cause: share.findings for share in compared.change.shares}
    assert {cause: count for cause, count in causes.items() if count} == {
        Cause.FIXED: 1,
        Cause.GONE_RESOURCES: 2,
        Cause.NEW_RESOURCES: 1,
        Cause.SCOPE_AND_COVERAGE: 2,
    }


def test_what_was_last_seen_before_the_period_does_not_count(story: Story) -> None:
    """June's report holds June's three findings alone, and says that one check was looked at."""
    _, report = story.report("plain", 6, None)
    assert {(f["check_id"], f["resource_uid"][-1]) for f in report["findings"]} == {(OPEN, b) for b in "abd"}
    assert date.fromisoformat(report["findings"][0]["observed_at"][:10]) == JUNE.date()
