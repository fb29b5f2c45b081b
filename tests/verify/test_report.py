"""A report through the whole run: protected, marked, signed, listed in its manifest, bundled, and nowhere in clear."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from policycortex.audit.chain import AuditRecord
from policycortex.channels.connections import load_connections
from policycortex.requests import Known, ReportRequest, parse_request, request_to_json
from policycortex.requests.destinations import mail_deliveries
from policycortex.security.manifest import parse_manifest
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.objects.artifacts import FolderArtifacts, open_artifacts
from policycortex.storage.registry import FileRow, Registry, ReportRow, open_registry
from policycortex.storage.registry.schedule_rows import DeliveryRow
from policycortex.verify.report_files import verify
from policycortex.verify.verdict import VerdictKind
from policycortex.workflow.reports import produce_report
from policycortex.workflow.request_report import seal_password
from policycortex.workflow.verify_stored import verify_stored
from tests.support.api_server import FakeBackfills, FakeRunLauncher, serve
from tests.support.programs import run, seven_zip
from tests.support.samples.lake_files import seen, take
from tests.support.samples.signed_files import ORGANIZATION

PASSWORD = "Tr0ub4dor&3 for the board"
NOW = datetime(2026, 12, 2, tzinfo=UTC)
MAIL = {"type": "email", "host": "127.0.0.1", "security": "none", "sender": "reports@example.com"}


REPORT_ID = "rpt_0123456789abcdef"
BODY = {
    "name": "November",
    "type": "compliance",
    "framework": "soc2",
    "scope": {"date_range": {"start": "2026-11-01T00:00:00Z", "end": "2026-11-30T23:59:59Z"}},
    "format_options": {"formats": ["pdf", "csv"], "password": PASSWORD, "watermark": True, "sign": True},
    "delivery": {"notifications": {"email": ["bob@example.com"]}},
    "retention_days": 90,
}


@dataclass(frozen=True, kw_only=True)
class Made:
    """One report through the whole run, with all its files copied out of the store."""

    settings: Settings
    report: ReportRow
    files: Mapping[str, FileRow]
    delivery: DeliveryRow
    paths: Mapping[str, Path]
    """By name: a format, a file beside the report, or ``<delivery id>/<format>``."""
    progress: Sequence[str]
    audit_event: AuditRecord


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two imported files, then a report that is protected, marked and signed, with one mail delivery."""
    folder = tmp_path_factory.mktemp("report")
    settings = Settings(home=folder / "home", connections=json.dumps({"connections": {"email": MAIL}}))
    with open_lake(settings) as lake:
        take(lake, "one.json", [seen(3), seen(3, "c2", status="PASS")])
        take(lake, "two.json", [seen(20)])
    request = parse_request(BODY, organization=ORGANIZATION, now=NOW, known=Known(frameworks=("soc2",)))
    progress: list[str] = []
    with closing(open_registry(settings)) as registry:
        create_row(settings, registry, request)
        produce_report(settings, REPORT_ID, run_id="run-1", now=NOW, progress=progress.append)
        assert registry.reports.load_sealed_password(REPORT_ID) is None
        report = registry.reports.find_report(REPORT_ID)
        files = {file.name: file for file in registry.reports.list_files(REPORT_ID)}
        (delivery,) = registry.deliveries.list_deliveries(ORGANIZATION, report_id=REPORT_ID)[0]
        (audit_event,) = registry.audit_log.list_records(ORGANIZATION)[0]
    return Made(
        settings=settings,
        report=report,
        files=files,
        delivery=delivery,
        paths=copy_files(settings, report, files, folder),
        progress=progress,
        audit_event=audit_event,
    )


def create_row(settings: Settings, registry: Registry, request: ReportRequest) -> None:
    """The row that a run then completes."""
    registry.reports.create_report(
        organization=ORGANIZATION,
        name=request.name,
        type=request.type,
        framework=request.framework,
        description="",
        order=request_to_json(request),
        report_id=REPORT_ID,
        sealed_password=seal_password(settings, request, REPORT_ID),
        deliveries=mail_deliveries(request.delivery.emails, load_connections(settings), ORGANIZATION),
        now=NOW,
    )


def copy_files(settings: Settings, report: ReportRow, files: Mapping[str, FileRow], folder: Path) -> dict[str, Path]:
    """Every stored file of a report under its name."""
    paths = {}
    for name, key, sha256 in [
        *((a.format.value, a.key, a.sha256) for a in report.artifacts),
        *((f.name, f.key, f.sha256) for f in files.values()),
    ]:
        paths[name] = folder / name.replace("/", "-")
        with open_artifacts(settings).open_artifact(key, sha256=sha256) as stored:
            paths[name].write_bytes(stored.read())
    return paths


def test_every_file_is_kept_until_the_report_expires(made: Made) -> None:
    """PDF, CSV, the recipient's own PDF, signature, manifest and certificate; the report expires after 90 days."""
    assert set(made.paths) == {
        "pdf", "csv", "csv.p7s", "manifest.json", "manifest.json.p7s", "certificate.pem", f"{made.delivery.id}/pdf",
    }  # fmt: skip
    assert made.report.expires_at is not None
    assert (made.report.expires_at - NOW).days == 90


def test_other_programs_open_and_trust_the_files(made: Made) -> None:
    """Poppler, OpenSSL and 7-Zip read them with the password; each page has the mark of its recipient only."""
    paths, copy = made.paths, f"{made.delivery.id}/pdf"
    for name, mark in (("pdf", "CONFIDENTIAL"), (copy, f"CONFIDENTIAL · bob@example.com · {made.delivery.id}")):
        pages = run("pdftotext", "-upw", PASSWORD, "-layout", paths[name], "-").split("\f")[:-1]
        assert all(mark in " ".join(page.split()) for page in pages)
        assert "Signature is Valid" in run("pdfsig", "-upw", PASSWORD, paths[name])
    assert "bob@example.com" not in run("pdftotext", "-upw", PASSWORD, paths["pdf"], "-")
    run("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", paths["csv.p7s"], "-content", paths["csv"],
        "-CAfile", paths["certificate.pem"], "-no_check_time", "-out", "/dev/null")  # fmt: skip
    assert "finding_uid" in run(seven_zip(), "x", "-so", f"-p{PASSWORD}", paths["csv"])


def test_the_manifest_lists_every_copy_and_what_the_report_was_made_from(made: Made) -> None:
    """Files, inputs, rows, framework, snapshot and options; the audit log holds the manifest's digest."""
    manifest = parse_manifest(made.paths["manifest.json"].read_bytes())
    content = json.loads(made.paths["manifest.json"].read_bytes())
    assert [file.name for file in manifest.files] == ["report.pdf", "report.csv.zip", f"{made.delivery.id}.pdf"]
    assert manifest.files[2].delivery_id == made.delivery.id
    assert {i["name"] for i in content["made_from"]["inputs"]} == {"one.json", "two.json"}
    assert content["made_from"]["rows"]["findings"] == content["made_from"]["rows"]["findings_included"]
    assert content["made_from"]["framework"]["id"] == "soc2"
    assert content["made_from"]["snapshot"] == made.report.snapshot
    assert content["options"] == {
        "is_password_protected": True, "is_signed": True, "watermark": "CONFIDENTIAL", "locale": "en",
    }  # fmt: skip
    assert made.audit_event.action == "report_completed"
    assert made.audit_event.details["manifest_sha256"] == made.files["manifest.json"].sha256


def test_files_downloaded_one_by_one_verify_under_the_names_they_are_saved_as(made: Made, tmp_path: Path) -> None:
    """PDF, protected CSV, its signature, manifest, its signature and certificate; 0 broken and the signer proven."""
    with closing(open_registry(made.settings)) as registry:
        _, token = registry.keys.create_key(organization=ORGANIZATION, name="reader")
    app = create_app(made.settings, launcher=FakeRunLauncher(), backfills=FakeBackfills())
    key, names = {"Authorization": f"Bearer {token}"}, []
    for url in serve(app):
        for path in ("pdf", "csv", "csv/signature", "manifest", "manifest.p7s", "certificate"):
            place = f"{url}/v1/reports/{REPORT_ID}/download/{path}"
            answer = httpx.get(place, headers=key, trust_env=False, timeout=60).raise_for_status()
            name = answer.headers["content-disposition"].partition('filename="')[2].rstrip('"')
            (tmp_path / name).write_bytes(answer.content)
            names.append(name)
        place = f"{url}/v1/reports/{REPORT_ID}/download/bundle"
        bundle = httpx.get(place, headers=key, trust_env=False, timeout=60).raise_for_status()
    assert hashlib.sha256(bundle.content).hexdigest() == bundle.headers["x-checksum-sha256"]
    assert names == [
        "November.pdf", "November.csv.zip", "November.csv.zip.p7s", "November.manifest.json",
        "November.manifest.json.p7s", "November.certificate.pem",
    ]  # fmt: skip
    verdict = verify(tmp_path, certificates=made.paths["certificate.pem"], password=PASSWORD)
    assert not verdict.of(VerdictKind.BROKEN)


def test_no_secret_is_kept_in_clear(made: Made) -> None:
    """Neither password nor private key stands in the home or the progress; files are readable by their owner alone."""
    assert PASSWORD not in "".join(made.progress)
    home = [path for path in made.settings.home.rglob("*") if path.is_file()]
    assert not [path for path in home if PASSWORD.encode() in path.read_bytes()]
    assert not [path for path in home if b"BEGIN PRIVATE KEY" in path.read_bytes()]
    kept = [path for path in (made.settings.home / "artifacts").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in {path.parent for path in kept}} == {0o700}


@pytest.fixture
def stored(made: Made, tmp_path: Path) -> FolderArtifacts:
    """A copy of the report's store, for changes."""
    shutil.copytree(made.settings.home / "artifacts", tmp_path / "artifacts")
    return FolderArtifacts(root=tmp_path / "artifacts")


def test_all_stored_files_are_verified_with_the_copies(made: Made, stored: FolderArtifacts) -> None:
    """Nothing is broken; each format, the copy for the delivery, manifest and certificate hold."""
    verdict = verify_stored(made.settings, stored, made.report, tuple(made.files.values()))
    assert verdict.is_good, [str(line) for line in verdict.lines]
    holding = {line.subject for line in verdict.of(VerdictKind.HOLDS)}
    own = {f"report.{each.extension}" for each in made.report.artifacts}
    assert own | {f"{made.delivery.id}.pdf", "manifest.json", "certificate.pem"} <= holding
    assert not [line for line in verdict.lines if line.subject.startswith(("signer", "audit log"))]


@pytest.mark.parametrize("name", ["csv", "csv.p7s", "manifest.json", "manifest.json.p7s", "certificate.pem"])
def test_a_stored_file_that_was_changed_or_lost_is_named(made: Made, stored: FolderArtifacts, name: str) -> None:
    """One changed byte, then no file: the line names it, and each other file is still checked."""
    artifact = made.report.artifact("csv")
    assert artifact is not None
    key = artifact.key if name == "csv" else made.files[name].key
    shown = {"csv": f"report.{artifact.extension}", "csv.p7s": f"report.{artifact.extension}.p7s"}.get(name, name)
    path = stored.root / key
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    for word in ("was changed", "is missing"):
        verdict = verify_stored(made.settings, stored, made.report, tuple(made.files.values()))
        assert any(line.subject == shown and word in line.message for line in verdict.of(VerdictKind.BROKEN)), word
        path.unlink(missing_ok=True)


def test_a_change_of_store_and_registry_together_breaks_the_manifest(made: Made, stored: FolderArtifacts) -> None:
    """Attack: who can write both puts another file under its own digest; the signed manifest does not list it."""
    artifact = made.report.artifact("csv")
    assert artifact is not None
    forged = b"all requirements are met"
    (stored.root / artifact.key).write_bytes(forged)
    wrong = replace(artifact, sha256=hashlib.sha256(forged).hexdigest(), size_bytes=len(forged))
    others = tuple(each for each in made.report.artifacts if each is not artifact)
    verdict = verify_stored(
        made.settings, stored, replace(made.report, artifacts=(*others, wrong)), tuple(made.files.values())
    )
    assert not verdict.is_good
    [line] = [each for each in verdict.of(VerdictKind.BROKEN) if each.subject == f"report.{artifact.extension}"]
    assert "it was changed" in line.message
