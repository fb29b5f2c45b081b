"""The audit log written by many processes at once, exported, and past its retention."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner, Result

from policycortex.audit.chain import NO_ORGANIZATION
from policycortex.security.identities import load_identity
from policycortex.security.signing import sign_file
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.verify.report_files import verify
from policycortex.verify.verdict import Verdict, VerdictKind
from policycortex.workflow.audit_export import check_audit_log, export_audit_logs, retire_audit_records
from policycortex_cli.app import app
from tests.support.backends import Backend
from tests.support.own_processes import process_of
from tests.support.samples.signed_files import NOW, ORGANIZATION, act
from tests.support.servers import ObjectServer

_PROCESSES, _ACTS = 3, 40


def _write(environment: Mapping[str, str], actor: str) -> None:
    os.environ.update(environment)
    with closing(open_registry(Settings.from_environment())) as registry:
        for number in range(_ACTS):
            registry.audit_log.append_events(act(number, actor=actor), act(number, actor=actor, organization="-"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home, and a folder for exports."""
    return Settings(home=tmp_path / "home", trail_export=str(tmp_path / "away"))


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    """A registry with ten audit events, a second apart."""
    with closing(open_registry(settings)) as opened:
        opened.audit_log.append_events(*(act(n) for n in range(1, 11)))
        yield opened


def command(home: Path, *words: str) -> Result:
    """One call of ``policycortex``."""
    return CliRunner().invoke(app, [*words, "--home", str(home)], catch_exceptions=False)


def check_alone(trail: Path) -> Verdict:
    """The verdict on an export without a report."""
    return verify(trail, audit_log=trail)


def is_whole(verdict: Verdict) -> bool:
    """No line of the export is broken, and its chain was checked."""
    broken = [line for line in verdict.of(VerdictKind.BROKEN) if "trail" in line.subject]
    return not broken and any(
        "follow each other without a gap" in line.message for line in verdict.of(VerdictKind.HOLDS)
    )


def test_several_processes_at_once_make_one_chain(backend: Backend, tmp_path: Path) -> None:
    """On SQLite and on Postgres: no record is lost or repeated, in two chains at the same time."""
    settings = backend.settings(tmp_path / "home")
    open_registry(settings).close()
    writers = [process_of(_write, backend.environment(settings), f"p{n}") for n in range(_PROCESSES)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(240)
    assert [writer.exitcode for writer in writers] == [0] * _PROCESSES
    with closing(open_registry(settings)) as registry:
        for organization in (ORGANIZATION, NO_ORGANIZATION):
            output = [(r.actor, r.details["n"]) for r in registry.audit_log.read_records(organization)]
            assert sorted(output) == sorted((f"p{p}", n) for p in range(_PROCESSES) for n in range(_ACTS))
            assert check_audit_log(settings, registry, organization) == ()


def test_new_records_are_exported_once_and_verify(settings: Settings, registry: Registry, tmp_path: Path) -> None:
    """Two exports continue each other; the second alone is reported as a part; a third exports nothing."""
    first = export_audit_logs(settings, now=NOW)
    registry.audit_log.append_events(act(11), act(12))
    second = export_audit_logs(settings, now=NOW)
    assert export_audit_logs(settings, now=NOW) == ()
    assert [(e.first, e.last) for e in (*first, *second)] == [(1, 10), (11, 12)]
    away = tmp_path / "away"
    assert sorted(path.name for path in away.iterdir()) == sorted(
        name for e in (*first, *second) for name in (e.name, f"{e.name}.p7s")
    )
    assert {path.stat().st_mode & 0o777 for path in away.iterdir()} == {0o600}
    assert is_whole(check_alone(away))
    (away / first[0].name).unlink()
    (away / f"{first[0].name}.p7s").unlink()
    output = [line.message for line in check_alone(away).of(VerdictKind.UNCHECKED)]
    assert "records before 11: retired, or in another file" in output


def test_the_audit_log_is_exported_to_a_bucket(
    settings: Settings, registry: Registry, s3_server: ObjectServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By a connection to object storage, with its signature; the downloaded export is complete."""
    del registry
    for name, value in (("TRAIL_ID", "key"), ("TRAIL_KEY", "secret")):
        monkeypatch.setenv(name, value)
    bucket = s3_server.create_bucket()
    connection = {
        "type": "s3", "bucket": bucket, "endpoint": s3_server.url,
        "access_key_id": "env:TRAIL_ID", "secret_access_key": "env:TRAIL_KEY",
    }  # fmt: skip
    own = settings.model_copy(
        update={
            "trail_export": "connection:archive",
            "connections": json.dumps({"connections": {"archive": connection}}),
        }
    )
    (exported,) = export_audit_logs(own, now=NOW)
    client = boto3.client(
        "s3",
        endpoint_url=s3_server.url,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    back = tmp_path / "back"
    back.mkdir()
    for listed in client.list_objects_v2(Bucket=bucket)["Contents"]:
        client.download_file(bucket, listed["Key"], str(back / Path(listed["Key"]).name))
    assert {path.name for path in back.iterdir()} == {exported.name, f"{exported.name}.p7s"}
    assert is_whole(check_alone(back))


def test_old_records_are_removed_after_their_export(settings: Settings, registry: Registry, tmp_path: Path) -> None:
    """None before its export; then the chain starts at a sealed point, and exports and checks continue from it."""
    lasting = settings.model_copy(update={"trail_retention_days": 30})
    later = NOW + timedelta(days=30, seconds=6)
    assert retire_audit_records(lasting, now=later) == {ORGANIZATION: 0}
    export_audit_logs(lasting, now=NOW)
    assert retire_audit_records(settings, now=later) == {}
    assert retire_audit_records(lasting, now=later) == {ORGANIZATION: 5}
    kept = list(registry.audit_log.read_records(ORGANIZATION))
    assert [record.sequence for record in kept] == [6, 7, 8, 9, 10, 11]
    assert (kept[-1].action, kept[-1].details["to"]) == ("trail_retired", 5)
    assert check_audit_log(settings, registry, ORGANIZATION) == ()
    export_audit_logs(lasting, now=later)
    assert is_whole(check_alone(tmp_path / "away"))
    with registry._database.writing() as connection:
        connection.exec_driver_sql("UPDATE audit_heads SET floor_sequence = 6")
    assert "without the installation's key" in check_audit_log(settings, registry, ORGANIZATION)[0]


def test_the_audit_log_at_the_command_line(
    settings: Settings, registry: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """List, check, export, ship; after a change of a record in the database the check exits with 1."""
    monkeypatch.setenv("POLICYCORTEX_TRAIL_EXPORT", settings.trail_export or "")
    org = ("--org", ORGANIZATION)
    assert len(command(settings.home, "trail", "list", *org).stdout.splitlines()) == 10
    checked = command(settings.home, "trail", "check", *org)
    assert (checked.exit_code, checked.stdout[:22]) == (0, "10 records, all valid;")
    out = tmp_path / "written.jsonl"
    assert command(settings.home, "trail", "export", "--out", str(out), *org).exit_code == 0
    assert is_whole(check_alone(out))
    shipped = command(settings.home, "trail", "ship").stdout
    assert shipped == f"{ORGANIZATION}  trail-{ORGANIZATION}-0000000001-0000000010.jsonl\n"
    with registry._database.writing() as connection:
        connection.exec_driver_sql("UPDATE audit_trail SET actor = 'key_2' WHERE sequence = 4")
    output = command(settings.home, "trail", "check", *org)
    assert output.exit_code == 1
    assert "record 4 was changed" in output.stdout


def test_the_chain_without_an_organisation_at_the_command_line(settings: Settings, tmp_path: Path) -> None:
    """Attack: somebody removes a guess from the chain of refusals without an organisation, which nobody checks.

    The operator lists, exports and checks it as any other chain, and verify proves the export.
    """
    with closing(open_registry(settings)) as registry:
        registry.audit_log.append_events(*(act(n, organization=NO_ORGANIZATION) for n in range(1, 4)))
    org = ("--org", NO_ORGANIZATION)
    assert len(command(settings.home, "trail", "list", *org).stdout.splitlines()) == 3
    assert command(settings.home, "trail", "check", *org).stdout.startswith("3 records, all valid;")
    out, cert = tmp_path / "refusals.jsonl", tmp_path / "refusals.pem"
    assert command(settings.home, "trail", "export", "--out", str(out), *org).exit_code == 0
    cert.write_text(command(settings.home, "certificate", *org).stdout)
    assert command(settings.home, "verify", str(out), "--trail", str(out), "--cert", str(cert)).exit_code == 0
    out.write_text("".join(line for line in out.read_text().splitlines(True) if '"sequence":2,' not in line))
    assert command(settings.home, "verify", str(out), "--trail", str(out), "--cert", str(cert)).exit_code == 1
    with closing(open_registry(settings)) as registry, registry._database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM audit_trail WHERE sequence = 2")
    output = command(settings.home, "trail", "check", *org)
    assert (output.exit_code, "record 2 is missing" in output.stdout) == (1, True)


def test_a_folder_of_several_organisations_is_verified(settings: Settings, registry: Registry, tmp_path: Path) -> None:
    """Each has a signer of its own. With all certificates the folder is proven, with one it is not; a signature
    of another organisation in it is found."""
    registry.audit_log.append_events(*(act(n, organization=name) for n in (1, 2) for name in ("globex", "-")))
    exported = {each.organization: each.name for each in export_audit_logs(settings, now=NOW)}
    assert set(exported) == {ORGANIZATION, "globex", "-"}
    away, cert, one = tmp_path / "away", tmp_path / "all.pem", tmp_path / "one.pem"
    cert.write_bytes(b"".join(load_identity(settings, name, now=NOW).pem for name in exported))
    one.write_bytes(load_identity(settings, "globex", now=NOW).pem)
    assert verify(away, audit_log=away, certificates=cert).is_proven
    alone = verify(away, audit_log=away)
    assert (alone.is_good, alone.is_proven) == (True, False)
    assert not verify(away, audit_log=away, certificates=one).is_good
    (away / f"{exported['globex']}.p7s").write_bytes(
        sign_file(away / exported["globex"], load_identity(settings, ORGANIZATION, now=NOW))
    )
    assert not verify(away, audit_log=away, certificates=cert).is_good


def test_retention_by_the_command_line(settings: Settings, registry: Registry) -> None:
    """Set and reset for an organisation; both are recorded; a run prints what it removed."""
    org = ("--org", ORGANIZATION)
    assert command(settings.home, "retention", "set", "--days", "30", *org).stdout == "acme: 30 days\n"
    assert registry.retention.load_retention(ORGANIZATION) == 30
    assert command(settings.home, "retention", "set", "--days", "0", *org).stdout == "acme: default\n"
    assert registry.retention.load_retention(ORGANIZATION) is None
    assert [r.action for r in registry.audit_log.list_records(ORGANIZATION)[0]][:2] == [
        "retention_set",
        "retention_set",
    ]
    assert command(settings.home, "retention", "run").stdout == "files of 0 reports removed\n"
