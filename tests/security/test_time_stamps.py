"""Signatures with the time of an authority: PAdES B-T inside a PDF, a stamped CMS beside other files."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import cms
from pyhanko.pdf_utils.reader import PdfFileReader

from policycortex.errors import UnavailableError
from policycortex.security.identities import Identity, load_identity
from policycortex.security.signing import sign_file, sign_pdf
from policycortex.settings import Settings
from policycortex.verify.report_files import verify
from policycortex.verify.verdict import VerdictKind
from tests.support.programs import run
from tests.support.samples.signed_files import ORGANIZATION
from tests.support.time_stamp_authority import TimeAuthority, time_authority


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[TimeAuthority]:
    """The authority of OpenSSL."""
    folder = tmp_path / "authority"
    folder.mkdir()
    with time_authority(folder) as made:
        yield made


@pytest.fixture
def identity(authority: TimeAuthority, tmp_path: Path) -> Identity:
    """A signer that uses the authority."""
    settings = Settings(home=tmp_path / "home", signing=f"{{timestamp_url: '{authority.url}'}}")
    return load_identity(settings, ORGANIZATION, now=datetime.now(UTC))


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    """One blank page."""
    path = tmp_path / "report.pdf"
    with pikepdf.new() as made:
        made.add_blank_page()
        made.save(path)
    return path


def token_of(signed: cms.SignedData) -> tuple[bytes, bytes]:
    """The time stamp, and the signature it is over."""
    (info,) = signed["signer_infos"]
    (attribute,) = [a for a in info["unsigned_attrs"] if a["type"].native == "signature_time_stamp_token"]
    return attribute["values"][0].dump(), info["signature"].native


def openssl_believes(token: bytes, stamped: bytes, authority: TimeAuthority, folder: Path) -> str:
    """OpenSSL's check of a time stamp."""
    (folder / "token").write_bytes(token)
    digest = hashlib.sha256(stamped).hexdigest()
    command = ("openssl", "ts", "-verify", "-in", folder / "token", "-token_in", "-digest", digest)
    return run(*command, "-CAfile", authority.certificate)


def test_a_pdf_bears_the_authoritys_time(
    identity: Identity, authority: TimeAuthority, pdf: Path, tmp_path: Path
) -> None:
    """B-T: OpenSSL accepts the time stamp, Poppler the signature, and the verdict names the time."""
    sign_pdf(pdf, identity, password=None)
    with pdf.open("rb") as file:
        (signature,) = PdfFileReader(file).embedded_regular_signatures
        assert "Verification: OK" in openssl_believes(*token_of(signature.signed_data), authority, tmp_path)
    output = run("pdfsig", pdf)
    assert "Signature is Valid" in output
    assert "ETSI.CAdES.detached" in output
    verdict = verify(pdf).of(VerdictKind.HOLDS)
    assert any("its time stamp says" in line.message for line in verdict), verdict


def test_a_file_beside_bears_it_too(identity: Identity, authority: TimeAuthority, tmp_path: Path) -> None:
    """OpenSSL accepts the signature as without a time stamp."""
    path = tmp_path / "report.csv"
    path.write_text("a,b\n")
    signature = tmp_path / "report.csv.p7s"
    signature.write_bytes(sign_file(path, identity))
    signed = cms.ContentInfo.load(signature.read_bytes())["content"]
    assert "Verification: OK" in openssl_believes(*token_of(signed), authority, tmp_path)
    (tmp_path / "ca.pem").write_bytes(identity.pem)
    run("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", signature, "-content", path,
        "-CAfile", tmp_path / "ca.pem", "-out", "/dev/null")  # fmt: skip
    verdict = verify(path, certificates=tmp_path / "ca.pem")
    assert verdict.is_good, "\n".join(map(str, verdict.lines))
    assert any("its time stamp says" in line.message for line in verdict.of(VerdictKind.HOLDS))


def test_a_stamp_of_another_signature_is_found(identity: Identity, tmp_path: Path) -> None:
    """A time stamp of another signature is found."""
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(name)
    one, two = (cms.ContentInfo.load(sign_file(tmp_path / name, identity)) for name in ("one.csv", "two.csv"))
    two["content"]["signer_infos"][0]["unsigned_attrs"] = one["content"]["signer_infos"][0]["unsigned_attrs"]
    (tmp_path / "two.csv.p7s").write_bytes(two.dump())
    verdict = verify(tmp_path / "two.csv")
    assert not verdict.is_good, "\n".join(map(str, verdict.lines))
    faults = verdict.of(VerdictKind.BROKEN)
    assert any("time stamp" in line.message for line in faults), "\n".join(map(str, verdict.lines))


@pytest.fixture
def stamped(identity: Identity, tmp_path: Path) -> Path:
    """A signed and stamped file; its signature is beside it."""
    path = tmp_path / "report.csv"
    path.write_text("a,b\n")
    (tmp_path / "report.csv.p7s").write_bytes(sign_file(path, identity))
    (tmp_path / "ca.pem").write_bytes(identity.pem)
    return path


def test_any_byte_of_a_stamped_signature_counts(stamped: Path) -> None:
    """Also of the time stamp."""
    signature, root = stamped.with_name("report.csv.p7s"), stamped.with_name("ca.pem")
    content = signature.read_bytes()
    unseen = []
    for at in range(3, len(content), 41):
        changed = bytearray(content)
        changed[at] ^= 1
        signature.write_bytes(changed)
        if verify(stamped, certificates=root).is_good:
            unseen.append(at)
    assert unseen == []


def test_a_failing_authority_is_reported(
    identity: Identity, authority: TimeAuthority, pdf: Path, tmp_path: Path
) -> None:
    """Nothing is signed without the configured time stamp; the error is retryable."""
    before = pdf.read_bytes()
    authority.status = 503
    with pytest.raises(UnavailableError, match="gave no time"):
        sign_pdf(pdf, identity, password=None)
    with pytest.raises(UnavailableError, match="gave no time"):
        sign_file(pdf, identity)
    nobody = replace(identity, timestamp_url="http://127.0.0.1:9/")
    with pytest.raises(UnavailableError, match="gave no time"):
        sign_pdf(pdf, nobody, password=None)
    assert pdf.read_bytes() == before
    assert not list(tmp_path.glob(".*.signed"))
