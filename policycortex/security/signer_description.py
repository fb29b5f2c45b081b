"""What a signing certificate says of its owner, for people who check a file."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from policycortex.errors import InputError
from policycortex.security.identities import GENERATED_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerDescription:
    """One signing certificate."""

    subject: str
    """Common name and organisation, as in RFC 4514 where it has neither."""
    sha256: str
    """Fingerprint of the certificate, hex."""
    valid_until: datetime
    is_of_an_authority: bool
    """False: this installation generated it, and only its owner can confirm it."""


def describe_signer(pem: bytes) -> SignerDescription:
    """The first certificate of a PEM file. Raises InputError for another file."""
    try:
        certificate = x509.load_pem_x509_certificates(pem)[0]
    except ValueError as error:
        raise InputError(f"the file has no certificate: {error}") from None
    wanted = (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
    names = [str(found[0].value) for oid in wanted if (found := certificate.subject.get_attributes_for_oid(oid))]
    return SignerDescription(
        subject=", ".join(names) or certificate.subject.rfc4514_string(),
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        valid_until=certificate.not_valid_after_utc,
        is_of_an_authority=GENERATED_NAME not in names and certificate.issuer != certificate.subject,
    )
