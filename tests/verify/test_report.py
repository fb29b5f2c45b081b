"""A report through the whole run: protected, marked, signed, listed in its manifest, bundled, and nowhere in clear."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from policycortex.channels.connections import load_connections
from policycortex.requests import Known, parse_request, request_to_json
from policycortex.requests.destinations import mail_deliveries
from policycortex.security.manifest import parse_manifest
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.registry import open_registry
from policycortex.workflow.protect_files import seal_password
from policycortex.workflow.reports import produce_report
from tests.support.programs import run, seven_zip
from tests.support.samples.lake_files import seen, take
from tests.support.samples.signed_files import ORGANIZATION

PASSWORD = "Tr0ub4dor&3 for the board"
NOW = datetime(2026, 12, 2, tzinfo=UTC)
MAIL = {"type": "email", "host": "127.0.0.1", "security": "none", "sender": "reports@example.com"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with two days of findings, and a mail server to deliver by."""
    made = Settings(home=tmp_path / "home", connections=json.dumps({"connections": {"email": MAIL}}))
    with open_lake(made) as lake:
        take(lake, "one.json", [seen(3), seen(3, "c2", status="PASS")])
        take(lake, "two.json", [seen(20)])
    return made


def test_a_protected_marked_and_signed_report(settings: Settings, tmp_path: Path) -> None:
    """All at once: other programs open and believe the files; every copy is marked, and listed in the manifest."""
    body = {
        "name": "November",
        "type": "compliance",
        "framework": "soc2",
        "scope": {"date_range": {"start": "2026-11-01T00:00:00Z", "end": "2026-11-30T23:59:59Z"}},
        "format_options": {"formats": ["pdf", "csv"], "password": PASSWORD, "watermark": True, "sign": True},
        "delivery": {"notifications": {"email": ["bob@example.com"]}},
        "retention_days": 90,
    }
    order = parse_request(body, organization=ORGANIZATION, now=NOW, known=Known(frameworks=("soc2",)))
    registry = open_registry(settings)
    row = registry.reports.create_report(
        organization=ORGANIZATION,
        name=order.name,
        type=order.type,
        framework=order.framework,
        description="",
        order=request_to_json(order),
        report_id="rpt_0123456789abcdef",
        sealed_password=seal_password(settings, order, "rpt_0123456789abcdef"),
        deliveries=mail_deliveries(order.delivery.emails, load_connections(settings), ORGANIZATION),
        now=NOW,
    )
    told: list[str] = []
    produce_report(settings, row.id, run_id="run-1", now=NOW, progress=told.append)
    report, files = (
        registry.reports.find_report(row.id),
        {file.name: file for file in registry.reports.list_files(row.id)},
    )
    (delivery,) = registry.deliveries.list_deliveries(ORGANIZATION, report_id=row.id)[0]
    assert registry.reports.load_sealed_password(row.id) is None
    assert report.expires_at is not None
    assert (report.expires_at - NOW).days == 90
    paths = {}
    for name, key, sha256 in [
        *((a.format.value, a.key, a.sha256) for a in report.artifacts),
        *((f.name, f.key, f.sha256) for f in files.values()),
    ]:
        paths[name] = tmp_path / name.replace("/", "-")
        with open_artifacts(settings).open_artifact(key, sha256=sha256) as stored:
            paths[name].write_bytes(stored.read())
    assert set(paths) == {
        "pdf", "csv", "csv.p7s", "manifest.json", "manifest.json.p7s", "certificate.pem", f"{delivery.id}/pdf",
    }  # fmt: skip

    for name, mark in (
        ("pdf", "CONFIDENTIAL"),
        (f"{delivery.id}/pdf", f"CONFIDENTIAL · bob@example.com · {delivery.id}"),
    ):
        pages = run("pdftotext", "-upw", PASSWORD, "-layout", paths[name], "-").split("\f")[:-1]
        assert all(mark in " ".join(page.split()) for page in pages)
        assert "Signature is Valid" in run("pdfsig", "-upw", PASSWORD, paths[name])
    assert bob_is_nowhere(paths["pdf"])
    run("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", paths["csv.p7s"], "-content", paths["csv"],
        "-CAfile", paths["certificate.pem"], "-no_check_time", "-out", "/dev/null")  # fmt: skip
    assert "finding_uid" in run(seven_zip(), "x", "-so", f"-p{PASSWORD}", paths["csv"])

    manifest = parse_manifest(paths["manifest.json"].read_bytes())
    said = json.loads(paths["manifest.json"].read_bytes())
    assert [file.name for file in manifest.files] == ["report.pdf", "report.csv.zip", f"{delivery.id}.pdf"]
    assert manifest.files[2].delivery_id == delivery.id
    assert {i["name"] for i in said["made_from"]["inputs"]} == {"one.json", "two.json"}
    assert said["made_from"]["rows"]["findings"] == said["made_from"]["rows"]["findings_included"]
    assert said["made_from"]["framework"]["id"] == "soc2"
    assert said["made_from"]["snapshot"] == report.snapshot
    assert said["options"] == {
        "is_password_protected": True, "is_signed": True, "watermark": "CONFIDENTIAL", "locale": "en",
    }  # fmt: skip
    (made,) = registry.audit_log.list_records(ORGANIZATION)[0]
    assert made.action == "report_completed"
    assert made.details["manifest_sha256"] == files["manifest.json"].sha256
    registry.close()

    assert PASSWORD not in "".join(told)
    home = [path for path in settings.home.rglob("*") if path.is_file()]
    assert not [path for path in home if PASSWORD.encode() in path.read_bytes()]
    assert not [path for path in home if b"BEGIN PRIVATE KEY" in path.read_bytes()]
    kept = [path for path in (settings.home / "artifacts").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in {path.parent for path in kept}} == {0o700}


def bob_is_nowhere(path: Path) -> bool:
    """Whether a file is not marked for the recipient."""
    return "bob@example.com" not in run("pdftotext", "-upw", PASSWORD, path, "-")
