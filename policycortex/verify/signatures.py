"""Checks signatures: a CMS file beside the signed file, or inside a PDF. Nothing is fetched from the network."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from asn1crypto import cms, pem, x509
from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import CMSExtractionError, SigningError
from pyhanko.sign.validation import async_validate_detached_cms, async_validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from policycortex.errors import InputError
from policycortex.security.der import is_plain, is_true
from policycortex.security.identities import GENERATED_NAME
from policycortex.verify.verdict import VerdictLine, broken, holds, unchecked, unproven

_NOTHING_UNSIGNED: Final = frozenset({"signature_time_stamp_token"})
_UNREADABLE: Final = (
    OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, NotImplementedError,
    UnsupportedAlgorithm,
)  # fmt: skip
"""Errors that the libraries raise for changed bytes."""

_DOCUMENT_USES: Final = frozenset({
    "email_protection", "any_extended_key_usage", "adobe_authentic_documents_trust", "microsoft_document_signing",
    "1.3.6.1.5.5.7.3.36", "1.2.840.113583.1.1.5", "1.3.6.1.4.1.311.10.3.12",
})  # fmt: skip
"""Extended key usages for documents: by name, or by number where asn1crypto may have no name (RFC 9336)."""

_ANY_USE: Final = KeyUsageConstraints(key_usage=set())


@dataclass(kw_only=True)
class Trust:
    """Trusted certificates, and the signers found so far. Without ``roots`` each signer is trusted by itself."""

    roots: tuple[x509.Certificate, ...] = ()
    signers: dict[str, x509.Certificate] = field(default_factory=dict)
    """By SHA-256 of the certificate."""
    organizations: set[str] = field(default_factory=set)
    """Organisations that the signed files name."""

    def add_signer(self, certificate: x509.Certificate) -> str | None:
        """Add a signer. Returns the name of an earlier signer with another certificate; None without one."""
        others = [c for digest, c in self.signers.items() if digest != certificate.sha256.hex()]
        self.signers[certificate.sha256.hex()] = certificate
        return name_of(others[0]) if others else None

    def context(self, certificate: x509.Certificate, moment: datetime | None) -> ValidationContext:
        """Trust the roots, or the certificate itself without roots."""
        return ValidationContext(
            trust_roots=list(self.roots) or [certificate], moment=moment, allow_fetching=False, retroactive_revinfo=True
        )


def load_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """All certificates of a PEM or DER file. Raises InputError."""
    try:
        content = path.read_bytes()
        blocks = [der for _, _, der in pem.unarmor(content, multiple=True)] if pem.detect(content) else [content]
        found = tuple(x509.Certificate.load(der, strict=True) for der in blocks)
        for certificate in found:
            _ = certificate.native  # parses all of it
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path} has no certificate: {error}") from None
    return found


def is_as_written(path: Path) -> bool:
    """Whether a PEM file has the exact bytes that this program writes for its certificates."""
    return path.read_bytes() == b"".join(pem.armor("CERTIFICATE", c.dump()) for c in load_certificates(path))


def name_of(certificate: x509.Certificate) -> str:
    """The name in a certificate."""
    subject = certificate.subject.native
    names = [subject.get("common_name"), subject.get("organization_name")]
    return " of ".join(repr(str(name)) for name in names if name) or "no name"


def check_detached(
    signature: Path, signed: Path, trust: Trust, *, moment: datetime | None, subject: str
) -> Iterator[VerdictLine]:
    """Whether the CMS in ``signature`` was made over the bytes of ``signed``."""
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL + 1)  # the verdict reports it
    try:
        der = signature.read_bytes()
        content = cms.ContentInfo.load(der, strict=True)
        data = content["content"]
        deviation = _deviation(content, der)
        certificate = _signer(data)
    except _UNREADABLE as error:
        yield broken(subject, f"its signature {signature.name} cannot be read: {error}")
        return
    if deviation:
        yield broken(subject, f"its signature {signature.name} was changed: {deviation}")
        return
    try:
        with signed.open("rb") as file:
            status = asyncio.run(
                async_validate_detached_cms(
                    file,
                    data,
                    signer_validation_context=trust.context(certificate, moment),
                    key_usage_settings=_ANY_USE,
                    chunk_size=1 << 20,
                )
            )
    except (SignatureValidationError, CMSExtractionError, SigningError, *_UNREADABLE) as error:
        yield broken(subject, f"its signature {signature.name} does not hold: {error}")
        return
    yield from _status_lines(status, certificate, trust, subject, f"its signature {signature.name}")


def check_pdf(
    path: Path, trust: Trust, *, password: str | None, moment: datetime | None, subject: str
) -> Iterator[VerdictLine]:
    """Whether the PDF's own signatures hold and cover all of it."""
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL + 1)  # the verdict reports it
    try:
        with path.open("rb") as file:
            reader = PdfFileReader(file, strict=False)
            if reader.encrypted:
                if password is None:
                    yield unchecked(subject, "its signature is behind its password: use --ask-password")
                    return
                reader.decrypt(password)
            found = reader.embedded_regular_signatures
            if not found:
                yield broken(subject, "it has no signature")
                return
            for signature in found:
                certificate = signature.signer_cert
                status = asyncio.run(
                    async_validate_pdf_signature(
                        signature, trust.context(certificate, moment), key_usage_settings=_ANY_USE
                    )
                )
                yield from _status_lines(status, certificate, trust, subject, "its signature")
                if status.coverage is not SignatureCoverageLevel.ENTIRE_FILE:
                    yield broken(subject, "content was added after it was signed")
    except (PdfError, SignatureValidationError, CMSExtractionError, SigningError) as error:
        yield broken(subject, f"its signature cannot be read: {error}")
    except _UNREADABLE as error:
        yield broken(subject, f"it is damaged, so its signature cannot be read: {type(error).__name__}")


def _status_lines(
    status: Any,  # noqa: ANN401 - two classes of pyHanko
    certificate: x509.Certificate,
    trust: Trust,
    subject: str,
    what: str,
) -> Iterator[VerdictLine]:
    if not status.intact:
        yield broken(subject, f"{what} is of other bytes: the file was changed after it was signed")
        return
    if not status.valid:
        yield broken(subject, f"{what} was changed, or is not by {name_of(certificate)}")
        return
    if not status.trusted:
        yield broken(subject, f"{what} is by {name_of(certificate)}, which the certificates given do not vouch for")
        return
    other = trust.add_signer(certificate)
    if other is not None:
        yield broken(subject, f"{what} is by {name_of(certificate)}; the others are by {other}, another certificate")
        return
    yield holds(subject, f"{what} holds, by {name_of(certificate)}")
    if getattr(status, "timestamp_validity", None) is not None:
        line = holds if status.timestamp_validity.intact and status.timestamp_validity.valid else broken
        yield line(subject, f"its time stamp says {status.timestamp_validity.timestamp:%Y-%m-%d %H:%M:%S} UTC")


def who_signed(trust: Trust, *, subject: str = "signer") -> Iterator[VerdictLine]:
    """Whether each signer is proven to be the organisation that the signed files name."""
    for certificate in trust.signers.values():
        yield _judge_signer(certificate, trust, subject)
        yield unchecked(subject, "whether its certificate was revoked: this needs the network")


def _judge_signer(certificate: x509.Certificate, trust: Trust, subject: str) -> VerdictLine:
    """A certificate that was given itself proves its signer; one of an authority must also name the organisation."""
    name, named = name_of(certificate), certificate.subject.native.get("organization_name")
    others = sorted(organization for organization in trust.organizations if organization[:64] != named)
    if not _may_sign(certificate):
        return broken(subject, f"{name}: its certificate is not for signatures of documents (key usage)")
    if GENERATED_NAME in name and others:
        return broken(subject, f"{name}, but the files are of {others[0]!r}")
    if not trust.roots and GENERATED_NAME in name:
        return unproven(subject, f"{name}: issued by no authority; get its certificate from its owner for --cert")
    if not trust.roots:
        return unproven(subject, f"{name}: give the organisation's certificate, or its authority's, by --cert")
    if certificate.sha256 in {root.sha256 for root in trust.roots}:
        return holds(subject, f"{name}, trusted by the certificates given")
    if others or not trust.organizations:
        whose = repr(others[0]) if others else "an organisation that nothing here names"
        message = (
            f"{name}, of an authority given, but the files are of {whose}; give the organisation's own certificate"
        )
        return unproven(subject, f"{message} by --cert")
    return holds(subject, f"{name}, trusted by the certificates given")


def _may_sign(certificate: x509.Certificate) -> bool:
    """Whether the extensions for key usage, where the certificate has them, allow signatures of documents."""
    usage, extended = certificate.key_usage_value, certificate.extended_key_usage_value
    is_for_signatures = usage is None or bool({"digital_signature", "non_repudiation"} & usage.native)
    return is_for_signatures and (extended is None or bool(_DOCUMENT_USES & set(extended.native)))


def _signer(data: cms.SignedData) -> x509.Certificate:
    info = data["signer_infos"][0]
    wanted = info["sid"].chosen
    for choice in data["certificates"]:
        certificate = choice.chosen
        if certificate.serial_number == wanted["serial_number"].native and certificate.issuer == wanted["issuer"]:
            return certificate
    raise ValueError("it does not contain the certificate that it names")


def _deviation(content: cms.ContentInfo, der: bytes) -> str:
    """A property that this program's signatures never have; "" when there is none.

    These parts are not signed, so no other check finds a change in them.
    """
    data = content["content"]
    if not is_plain(der) or not is_true(data):
        return "it is not in its canonical encoding"
    if data["version"].native not in {"v1", "v3"} or len(data["signer_infos"]) != 1:
        return "its form is another one"
    info = data["signer_infos"][0]
    if info["version"].native != "v1" or [a["algorithm"].native for a in data["digest_algorithms"]] != ["sha256"]:
        return "it names other algorithms"
    if info["digest_algorithm"]["algorithm"].native != "sha256":
        return "it names another digest"
    unsigned = {attribute["type"].native for attribute in info["unsigned_attrs"] or ()}
    if unsigned - _NOTHING_UNSIGNED:
        return "it has attributes that are not signed"
    if data["encap_content_info"]["content_type"].native != "data" or len(data["crls"] or ()) > 0:
        return "it has content that does not belong in it"
    stamps = [a["values"][0]["content"] for a in info["unsigned_attrs"] or ()]
    return next((found for found in map(_stamp_deviation, stamps) if found), "")


def _stamp_deviation(data: cms.SignedData) -> str:
    """The same for a time stamp (RFC 3161), which may list more digest algorithms than it uses."""
    listed = {algorithm["algorithm"].native for algorithm in data["digest_algorithms"]}
    used = {info["digest_algorithm"]["algorithm"].native for info in data["signer_infos"]}
    if data["version"].native != "v3" or {info["version"].native for info in data["signer_infos"]} - {"v1", "v3"}:
        return "the form of its time stamp is another one"
    return "" if used <= listed else "its time stamp names other algorithms"
