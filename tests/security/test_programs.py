"""Signatures and encryption, checked with OpenSSL, Poppler and qpdf."""

from pathlib import Path

import pikepdf
import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from policycortex.errors import ConfigurationError
from policycortex.names import ReportFormat
from policycortex.security.identities import GENERATED_NAME, load_identity
from policycortex.security.protection import protect_file
from policycortex.security.signing import sign_file, sign_pdf
from policycortex.settings import Settings
from policycortex.verify.report_files import verify
from policycortex.verify.verdict import VerdictKind
from tests.support.programs import run
from tests.support.samples.signed_files import NOW, ORGANIZATION, Proven, make_proven

PASSWORD = "Tr0ub4dor&3 for the board"


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Proven:
    """One signed report for all tests."""
    return make_proven(tmp_path_factory.mktemp("programs"))


@pytest.mark.parametrize("name", ["manifest.json", "report.xlsx", "report.csv", "report.json"])
def test_openssl_agrees_with_detached_signatures(proven: Proven, tmp_path: Path, name: str) -> None:
    """By the command of the bundle's README; not with one byte more."""
    folder = proven.folder
    command = ("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", folder / f"{name}.p7s")
    rest = ("-CAfile", folder / "certificate.pem", "-out", "/dev/null")
    assert "Verification successful" in run(*command, "-content", folder / name, *rest)
    changed = tmp_path / name
    changed.write_bytes((folder / name).read_bytes() + b" ")
    assert "Verification failure" in run(*command, "-content", changed, *rest, is_ok=False)


def test_poppler_agrees_with_the_signature_of_a_pdf(proven: Proven) -> None:
    """PAdES, valid, over the whole file, with the generated certificate's name."""
    output = run("pdfsig", proven.folder / "report.pdf")
    assert "Signature Type: ETSI.CAdES.detached" in output
    assert "Signature Validation: Signature is Valid." in output
    assert "Total document signed" in output
    assert GENERATED_NAME in output
    run("qpdf", "--check", proven.folder / "report.pdf")


def test_what_is_encrypted_is_signed_after(tmp_path: Path) -> None:
    """The signature covers the encrypted bytes; all programs accept it with the password, none without."""
    path = tmp_path / "report.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(path)
    protect_file(ReportFormat.PDF, path, PASSWORD, made_at=NOW)
    identity = load_identity(Settings(home=tmp_path / "home"), ORGANIZATION, now=NOW)
    sign_pdf(path, identity, password=PASSWORD)
    output = run("pdfsig", "-upw", PASSWORD, path)
    assert "Signature is Valid" in output
    assert "Total document signed" in output
    assert "AESv3" in run("qpdf", f"--password={PASSWORD}", "--show-encryption", path)
    run("qpdf", "--password=wrong", "--check", path, is_ok=False)
    verdict = verify(path, password=PASSWORD)
    assert any("its signature holds" in line.message for line in verdict.of(VerdictKind.HOLDS))
    assert any("behind its password" in line.message for line in verify(path).of(VerdictKind.UNCHECKED))


def test_an_organisation_signs_with_its_own_certificate(proven: Proven, tmp_path: Path) -> None:
    """PKCS#12 by configuration, its passphrase by reference; an error does not show a wrong one."""
    own = load_identity(proven.settings, "own", now=NOW)
    store, secret = tmp_path / "own.p12", tmp_path / "passphrase"
    store.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"own", own.key, own.certificate, None, BestAvailableEncryption(b"s3cret")
        )
    )
    secret.write_text("s3cret\n")
    config = f"organizations:\n  acme: {{pkcs12: {store}, passphrase: 'file:{secret}'}}\n"
    settings = Settings(home=tmp_path / "home", signing=config)
    identity = load_identity(settings, "acme", now=NOW)
    assert identity.certificate == own.certificate
    path = tmp_path / "report.csv"
    path.write_text("a,b\n")
    (tmp_path / "report.csv.p7s").write_bytes(sign_file(path, identity))
    (tmp_path / "ca.pem").write_bytes(identity.pem)
    run("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "report.csv.p7s", "-content", path,
        "-CAfile", tmp_path / "ca.pem", "-out", "/dev/null")  # fmt: skip
    assert load_identity(settings, "another", now=NOW).certificate != own.certificate
    secret.write_text("wrong-one\n")
    with pytest.raises(ConfigurationError, match="cannot open") as refused:
        load_identity(settings, "acme", now=NOW)
    assert "wrong-one" not in str(refused.value)
    held = Settings(home=tmp_path / "home", signing="organizations: {acme: {pkcs12: x.p12, passphrase: s3cret}}\n")
    with pytest.raises(ConfigurationError, match="must name a secret") as refused:
        load_identity(held, "acme", now=NOW)
    assert "s3cret" not in str(refused.value)
