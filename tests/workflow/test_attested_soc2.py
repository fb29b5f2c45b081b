"""A real scan and the SOC 2 criteria that scanners leave open, stated by people: every number, day by day."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import openpyxl
import pytest

from policycortex.names import CrosswalkEdition, FindingsDetail, ReportFormat, ReportType
from policycortex.period import Period
from policycortex.requests.model import ReportRequest, request_to_json
from policycortex.scope import Scope
from policycortex.scoring.attestations import AttestationScope, Statement
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.registry import Registry, open_registry
from policycortex.verify.report_files import verify
from policycortex.verify.verdict import VerdictKind
from policycortex.workflow.evidence_files import GivenFile, attach_file
from policycortex.workflow.ingest import ingest_files
from policycortex.workflow.posture import rebuild_days, score_days
from policycortex.workflow.reports import produce_report
from tests.golden.readers import Page, read_pdf_text
from tests.support.samples.lake import finding, import_findings

ORGANIZATION: Final = "default"
SCAN: Final = "findings/prowler-aws-acme/prowler-acme.ocsf.json.gz"
EXPIRES, PLANTED = "CC1.2", "C1.1"
"""The criterion whose statement ends first, and the one for which a finding fails later."""
_CONTRADICTED: Final = "attestation_contradicted"
_FORMATS: Final = (
    ReportFormat.JSON, ReportFormat.CSV, ReportFormat.EXCEL, ReportFormat.HTML, ReportFormat.PDF, ReportFormat.OSCAL,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """An installation with the scan."""

    settings: Settings
    registry: Registry
    scanned: date

    def report(self, last: date, folder: Path, *formats: ReportFormat) -> Path:
        """The unpacked bundle of a report on the 30 days up to ``last``, made the day after."""
        request = ReportRequest(
            name="Attested",
            type=ReportType.COMPLIANCE,
            framework="soc2",
            description="",
            scope=Scope(organization=ORGANIZATION),
            period=Period.of_days(last - timedelta(days=29), last),
            scope_as_given={},
            formats=formats,
            detail=FindingsDetail.NONE,
            crosswalk=CrosswalkEdition.REVIEWED,
        )
        now = datetime(last.year, last.month, last.day, 12, tzinfo=UTC) + timedelta(days=1)
        row = self.registry.reports.create_report(
            organization=ORGANIZATION, name="Attested", type=ReportType.COMPLIANCE, framework="soc2", description="",
            order=request_to_json(request), now=now,
        )  # fmt: skip
        produce_report(self.settings, row.id, run_id="run", now=now)
        made, store = self.registry.reports.get_report(ORGANIZATION, row.id), open_artifacts(self.settings)
        files: dict[str, Any] = {f"report.{each.extension}": each for each in made.artifacts}
        files |= {file.name: file for file in self.registry.reports.list_files(row.id)}
        folder.mkdir()
        for name, file in files.items():
            with store.open_artifact(file.key, sha256=file.sha256) as stream:
                (folder / name).write_bytes(stream.read())
        return folder

    def state(self, requirements: tuple[str, ...], *, until: date, now: datetime, evidence: Path | None = None) -> None:
        """Two people state that these are met, from the scan's day on."""
        valid = Period.of_days(self.scanned, until)
        made = self.registry.attestations.request_attestation(
            ORGANIZATION,
            Statement.MET,
            AttestationScope(framework="soc2", requirements=requirements),
            reason="Reviewed in the internal audit",
            valid=valid,
            by="key_asks",
            now=now,
            role="Internal audit",
        )
        if evidence is not None:
            given = GivenFile(path=evidence, name=evidence.name)
            attach_file(self.settings, self.registry, ORGANIZATION, made.id, given, by="key_asks", now=now)
        self.registry.attestations.approve_record(
            ORGANIZATION, made.id, by="key_approves", now=now, role="Head of audit"
        )


@pytest.fixture(scope="module")
def home(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The real scan, ingested."""
    settings = Settings(home=tmp_path_factory.mktemp("attested") / "home")
    done = ingest_files(settings, [shared / SCAN], organization=ORGANIZATION, now=datetime.now(UTC))
    (scanned,) = {day for receipt in done.files for day in receipt.dates}
    rebuild_days(settings, [scanned])
    with closing(open_registry(settings)) as registry:
        yield Home(settings=settings, registry=registry, scanned=scanned)


def coverage(body: dict[str, Any]) -> tuple[int, int, int]:
    """By scanner, by people, open."""
    found = body["summary"]["score"]["coverage"]
    return found["by_scanner"], found["by_people"], found["open"]


def shown_scores(folder: Path) -> dict[str, str]:
    """The compliance score as each format has it."""
    body = json.loads((folder / "report.json").read_bytes())
    oscal = json.loads((folder / "report.oscal.json").read_bytes())["assessment-results"]["results"][0]["props"]
    book = openpyxl.load_workbook(folder / "report.xlsx", read_only=True)
    lines = [
        [str(cell) for cell in line if cell is not None] for line in book.worksheets[0].iter_rows(values_only=True)
    ]
    score = body["summary"]["score"]
    shown = f"{body['summary']['compliance_score']:.1f}"
    assert shown in Page((folder / "report.html").read_text(encoding="utf-8")).text
    assert shown in read_pdf_text(folder / "report.pdf")
    return {
        "json": repr(body["summary"]["compliance_score"]),
        "fraction": f"{score['numerator']} / {score['denominator']}",
        "oscal": next(prop["value"] for prop in oscal if prop["name"] == "compliance_score"),
        "excel": next(line[1] for line in lines if line and line[0] == "Compliance score"),
        "pages": shown,
        "findings": hashlib.sha256((folder / "report.csv").read_bytes().partition(b"\r\n")[0]).hexdigest(),
    }


def test_the_open_criteria_are_stated_and_two_revert_on_their_days(home: Home, tmp_path: Path) -> None:
    """All that scanners leave open is stated: 0 open, and the score keeps every digit in all formats.

    One statement ends with the third day, and a finding fails on the fifth: one criterion reverts on each.
    """
    day, expired, planted = (home.scanned + timedelta(days=n) for n in (1, 3, 5))
    before = home.report(day, tmp_path / "before", *_FORMATS)
    body = json.loads((before / "report.json").read_bytes())
    by_scanner, by_people, still_open = coverage(body)
    open_ids = [row["id"] for row in body["requirements"] if row["decided_by"] is None]
    assert (by_people, len(open_ids)) == (0, still_open)
    assert by_scanner + still_open == 61
    assert {EXPIRES, PLANTED} <= set(open_ids)
    minutes, now = tmp_path / "minutes.pdf", datetime(day.year, day.month, day.day, tzinfo=UTC)
    minutes.write_bytes(b"%PDF-1.7 minutes")
    home.state((EXPIRES,), until=expired - timedelta(days=1), now=now)
    home.state((PLANTED,), until=day + timedelta(days=300), now=now, evidence=minutes)
    rest = tuple(id_ for id_ in open_ids if id_ not in {EXPIRES, PLANTED})
    home.state(rest, until=day + timedelta(days=300), now=now)
    after = home.report(day, tmp_path / "after", *_FORMATS)
    assert shown_scores(after) == shown_scores(before)
    body = json.loads((after / "report.json").read_bytes())
    assert coverage(body) == (by_scanner, still_open, 0) == (21, 40, 0)
    words = f"{by_scanner} requirements by scanner, {still_open} by people, 0 open"
    assert words in Page((after / "report.html").read_text(encoding="utf-8")).text
    assert words in read_pdf_text(after / "report.pdf")
    verdict = verify(after)
    assert not verdict.of(VerdictKind.BROKEN), verdict.lines
    (evidence,) = after.glob("evidence-*.pdf")
    assert evidence.read_bytes() == minutes.read_bytes()
    evidence.write_bytes(b"%PDF-1.7 minutEs")
    assert [line.subject for line in verify(after).of(VerdictKind.BROKEN)] == [evidence.name]

    kept = coverage(posture(home, expired - timedelta(days=1), tmp_path / "kept"))
    ended = coverage(posture(home, expired, tmp_path / "ended"))
    assert (kept, ended) == ((by_scanner, still_open, 0), (by_scanner, still_open - 1, 1))
    with open_lake(home.settings) as lake:
        failing = finding(planted, "planted", "r9", "FAIL", relations=json.dumps({"SOC2": ["c_1_1"]}))
        import_findings(lake, [failing], organization=ORGANIZATION)
    rebuild_days(home.settings, [planted])
    score_days(home.settings, [planted], now=datetime(planted.year, planted.month, planted.day, 20, tzinfo=UTC))
    on_the_day_before = coverage(posture(home, planted - timedelta(days=1), tmp_path / "calm"))
    body = posture(home, planted, tmp_path / "fails")
    assert on_the_day_before == ended
    assert coverage(body) == (by_scanner + 1, still_open - 2, 1)
    assert [row["requirement"] for row in body["statements"] if row["is_contradicted"]] == [PLANTED]
    events = [r.details for r in home.registry.audit_log.read_records(ORGANIZATION) if r.action == _CONTRADICTED]
    assert [(each["requirement"], each["day"]) for each in events] == [(PLANTED, planted.isoformat())]


def posture(home: Home, last: date, folder: Path) -> dict[str, Any]:
    """The JSON report on the days up to ``last``."""
    body: dict[str, Any] = json.loads((home.report(last, folder, ReportFormat.JSON) / "report.json").read_bytes())
    return body
