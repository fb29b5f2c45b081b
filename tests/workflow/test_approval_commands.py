"""``policycortex waivers`` and ``policycortex attestations``: two people, and an event for each change."""

from contextlib import closing
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex_cli.app import app

WAIVER = ("waivers", "add", "--check", "s3_bucket_public_access")
ATTESTATION = ("attestations", "add", "not_applicable", "--framework", "soc2", "--profile", "availability")


def run(home: Path, *words: str) -> str:
    """What the command prints, or its error with the details."""
    done = CliRunner().invoke(app, [*words, "--home", str(home)], catch_exceptions=True)
    details = " ".join(each.message for each in getattr(done.exception, "details", ()))
    return done.output if done.exception is None else f"{type(done.exception).__name__}: {done.exception} {details}"


@pytest.mark.parametrize(
    ("request_words", "noun", "about"),
    [
        (WAIVER, "waiver", "check=s3_bucket_public_access"),
        (ATTESTATION, "attestation", "not_applicable soc2 availability"),
    ],
)
def test_one_person_requests_and_another_approves(
    tmp_path: Path, request_words: tuple[str, ...], noun: str, about: str
) -> None:
    """The terminal's user asks and cannot approve; a key can. Everything is listed and in the audit log."""
    settings = Settings(home=tmp_path)
    with closing(open_registry(settings)) as registry:
        key, _ = registry.keys.create_key(organization="default", name="approver")
    group, validity = f"{noun}s", ("--reason", "on purpose", "--until", "2027-06-30")
    id_ = run(tmp_path, *request_words, *validity).strip()
    refused = run(tmp_path, group, "approve", id_)
    assert refused.startswith("ConflictError")
    assert f"requested {noun} {id_}" in refused
    assert run(tmp_path, group, "approve", id_, "--by", key.id) == f"{id_} approved by {key.id}\n"
    listed = run(tmp_path, group, "list")
    assert about in listed
    assert f"approved by {key.id}  on purpose" in listed
    assert run(tmp_path, group, "revoke", id_).startswith(f"{id_} revoked by user:")
    assert f"{id_}  revoked" in run(tmp_path, group, "list")
    with closing(open_registry(settings)) as registry:
        events = [record.action for record in registry.audit_log.read_records("default")]
    assert [each for each in events if noun in each] == [
        f"{noun}_{done}" for done in ("created", "approved", "revoked")
    ]


def test_an_approval_names_the_evidence_that_was_seen(tmp_path: Path) -> None:
    """Refused when a file was not named or is not there; the audit log has the digests that were approved."""
    with closing(open_registry(Settings(home=tmp_path))) as registry:
        key, _ = registry.keys.create_key(organization="default", name="approver")
    id_ = run(tmp_path, *ATTESTATION, "--reason", "r", "--until", "2027-06-30").strip()
    files = [tmp_path / name for name in ("minutes.txt", "list.csv")]
    for number, path in enumerate(files):
        path.write_text(f"evidence {number}")
    lines = run(tmp_path, "attestations", "attach", id_, *map(str, files)).splitlines()
    seen = [line.split()[0] for line in lines]
    approve = ("attestations", "approve", id_, "--by", key.id)
    for named, words in (
        (seen[:1], "1 not named"),
        ([*seen, "0" * 64], "1 that it does not have"),
        (["x"], "RequestError"),
    ):
        given = [word for digest in named for word in ("--evidence", digest)]
        assert words in run(tmp_path, *approve, *given)
    given = [word for digest in seen for word in ("--evidence", digest)]
    assert run(tmp_path, *approve, *given) == f"{id_} approved by {key.id}\n"
    with closing(open_registry(Settings(home=tmp_path))) as registry:
        (event,) = (e for e in registry.audit_log.read_records("default") if e.action == "attestation_approved")
    assert sorted(event.details["evidence"]) == sorted(seen)


def test_a_waiver_has_a_kind(tmp_path: Path) -> None:
    """As in the API; the severity of a risk adjustment is required."""
    words = (*WAIVER, "--reason", "r", "--until", "2027-06-30", "--kind", "risk_adjustment")
    assert "needs adjusted_severity" in run(tmp_path, *words)
    id_ = run(tmp_path, *words, "--adjusted-severity", "low").strip()
    with closing(open_registry(Settings(home=tmp_path))) as registry:
        found = registry.waivers.get_record("default", id_)
    assert (found.kind, found.adjusted_severity) == ("risk_adjustment", "low")


def test_a_key_of_another_organisation_cannot_act(tmp_path: Path) -> None:
    """The message names the option; profiles are listed with the number of their requirements."""
    with closing(open_registry(Settings(home=tmp_path))) as registry:
        key, _ = registry.keys.create_key(organization="other", name="stranger")
    id_ = run(tmp_path, *ATTESTATION, "--reason", "r", "--until", "2027-06-30").strip()
    assert "is not a valid key of organisation default" in run(tmp_path, "attestations", "approve", id_, "--by", key.id)
    assert "privacy\t18\tPrivacy\n" in run(tmp_path, "frameworks", "profiles", "soc2")
    assert run(tmp_path, "frameworks", "profiles", "nist_csf") == ""
    assert "no framework 'soc3'" in run(tmp_path, "frameworks", "profiles", "soc3")


def test_a_questionnaire_is_exported_and_imported(tmp_path: Path) -> None:
    """What is open, as a workbook; each filled row is a request; a bad cell stops all of them."""
    path = tmp_path / "soc2.xlsx"
    exported = run(tmp_path, "attestations", "questionnaire", "export", "soc2", "--out", str(path))
    assert exported == f"61 requirements of soc2 in {path}\n"
    for reason, until, words in (("", "2027-06-30", "cell G2: "), ("Done", "2027-06-30", "  met  CC1.1\n")):
        book = openpyxl.load_workbook(path)
        sheet = book["Requirements"]
        sheet["F2"], sheet["G2"], sheet["I2"] = "Met", reason, until
        book.save(path)
        assert words in run(tmp_path, "attestations", "questionnaire", "import", "soc2", str(path))
    assert "1 unchanged" in run(tmp_path, "attestations", "questionnaire", "import", "soc2", str(path))
    with closing(open_registry(Settings(home=tmp_path))) as registry:
        (record,) = registry.attestations.list_records("default")
        events = [record.action for record in registry.audit_log.read_records("default")]
    assert (record.scope.requirements, events.count("questionnaire_imported")) == (("CC1.1",), 2)
