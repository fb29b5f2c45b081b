"""Forged signers: exit code 0 only when the signer is proven to be the organisation in the manifest."""

import hashlib
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from policycortex.names import ReportFormat
from policycortex.security.identities import Identity, load_identity
from policycortex.security.signing import sign_bytes
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex.workflow.audit_export import export_lines
from policycortex_cli.app import app
from tests.support.samples.signed_files import NOW, ORGANIZATION, Proven, act, make_proven


@pytest.fixture
def proven(tmp_path: Path) -> Proven:
    """A report whose only signature is the one of its manifest and of a CSV file."""
    return make_proven(tmp_path, (ReportFormat.CSV,))


class Authority:
    """A certificate authority that issues certificates to several organisations."""

    def __init__(self, folder: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.path = folder / "authority.pem"
        basic = x509.BasicConstraints(ca=True, path_length=None)
        certificate = self._builder(self._name, self._key).add_extension(basic, critical=True)
        self.path.write_bytes(certificate.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def issue(self, organization: str, use: ObjectIdentifier = ExtendedKeyUsageOID.EMAIL_PROTECTION) -> Identity:
        """A signer of the organisation."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])
        builder = self._builder(name, key).add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return Identity(certificate=certificate, chain=(), key=key, config=None, timestamp_url=None)

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(self._name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(NOW - timedelta(days=1))
        return builder.not_valid_after(NOW + timedelta(days=365))


def sign_again(proven: Proven, identity: Identity) -> None:
    """Sign the manifest and the CSV file with this signer; the manifest lists the new signature of the file."""
    folder = proven.folder
    old = hashlib.sha256((folder / "report.csv.p7s").read_bytes()).hexdigest()
    signature = sign_bytes((folder / "report.csv").read_bytes(), identity)
    (folder / "report.csv.p7s").write_bytes(signature)
    manifest = (folder / "manifest.json").read_text().replace(old, hashlib.sha256(signature).hexdigest())
    (folder / "manifest.json").write_text(manifest)
    (folder / "manifest.json.p7s").write_bytes(sign_bytes(manifest.encode(), identity))
    (folder / "certificate.pem").write_bytes(identity.pem)


def exit_code(proven: Proven, *options: str | Path) -> int:
    """Of ``policycortex verify``."""
    result = CliRunner().invoke(app, ["verify", str(proven.folder), *map(str, options)], catch_exceptions=False)
    print(result.output)
    return result.exit_code


def test_the_organizations_own_certificate_proves_its_report(proven: Proven, tmp_path: Path) -> None:
    """Given itself, or by an authority that certifies the organisation's name."""
    assert exit_code(proven, "--cert", proven.certificate) == 0
    authority = Authority(tmp_path)
    sign_again(proven, authority.issue(ORGANIZATION))
    assert exit_code(proven, "--cert", authority.path) == 0


def test_another_organizations_certificate_of_the_same_authority_proves_nothing(proven: Proven, tmp_path: Path) -> None:
    """Exit code 3 with the authority's certificate, also when the organisation's own one is in the same file."""
    authority = Authority(tmp_path)
    sign_again(proven, authority.issue("intruder"))
    assert exit_code(proven, "--cert", authority.path) == 3
    authority.path.write_bytes(authority.issue(ORGANIZATION).pem + authority.path.read_bytes())
    assert exit_code(proven, "--cert", authority.path) == 3


def test_a_generated_certificate_of_another_organization_is_broken(proven: Proven) -> None:
    """Also when it is the certificate that was given: a generated one names exactly its organisation."""
    other = load_identity(proven.settings, "intruder", now=NOW)
    sign_again(proven, other)
    proven.certificate.write_bytes(other.pem)
    assert exit_code(proven, "--cert", proven.certificate) == 1


def test_a_self_made_certificate_with_the_same_name_is_not_proven(proven: Proven, tmp_path: Path) -> None:
    """Exit code 3 without a certificate or with the one beside the files, and 1 with the organisation's own one."""
    sign_again(proven, load_identity(Settings(home=tmp_path / "forger"), ORGANIZATION, now=NOW))
    assert exit_code(proven) == 3
    assert exit_code(proven, "--cert", proven.folder / "certificate.pem") == 3
    assert exit_code(proven, "--cert", proven.certificate) == 1


def test_audit_logs_of_other_organisations_do_not_matter(proven: Proven) -> None:
    """The folder of a whole installation's exports beside the organisation's report: its own log is checked with its
    certificate, the others are reported as not checked. A wrong signer of its own log is still found."""
    trails = proven.trail.parent / "trails"
    trails.mkdir()
    for path in (proven.trail, proven.trail.with_name(f"{proven.trail.name}.p7s")):
        (trails / path.name).write_bytes(path.read_bytes())
    other, foreign = load_identity(proven.settings, "globex", now=NOW), trails / "globex.jsonl"
    with closing(open_registry(proven.settings)) as registry:
        registry.audit_log.append_events(act(1, organization="globex"))
        foreign.write_text("".join(export_lines(registry, "globex", now=NOW)))
    foreign.with_name("globex.jsonl.p7s").write_bytes(sign_bytes(foreign.read_bytes(), other))
    assert exit_code(proven, "--cert", proven.certificate, "--trail", trails) == 0
    (trails / f"{proven.trail.name}.p7s").write_bytes(sign_bytes(proven.trail.read_bytes(), other))
    assert exit_code(proven, "--cert", proven.certificate, "--trail", trails) == 1


def test_a_certificate_for_another_use_is_refused(proven: Proven, tmp_path: Path) -> None:
    """A TLS server's certificate of the organisation does not sign documents."""
    authority = Authority(tmp_path)
    sign_again(proven, authority.issue(ORGANIZATION, ExtendedKeyUsageOID.SERVER_AUTH))
    assert exit_code(proven, "--cert", authority.path) == 1


def test_the_bundles_readme_does_not_trust_the_certificate_beside_it(proven: Proven) -> None:
    """Its commands use a certificate from elsewhere, and it warns of the one in the bundle."""
    text = (proven.folder / "README.txt").read_text()
    assert "-CAfile trusted.pem" in text
    assert "-CAfile certificate.pem" not in text
    assert "Do not use certificate.pem" in text
