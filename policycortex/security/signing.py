"""Signatures: inside a PDF by PAdES (B-B, or B-T with a time-stamp authority), beside other files as detached CMS.

Encryption comes first: a signature covers the bytes as they are delivered.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from policycortex.errors import RenderingError, UnavailableError
from policycortex.security.identities import Identity, pyhanko_signer

if TYPE_CHECKING:
    from pyhanko.sign.timestamps import TimeStamper

SIGNATURE_MEDIA_TYPE: Final = "application/pkcs7-signature"
FIELD: Final = "PolicyCortexSignature"
_REASON: Final = "This is the report as it was made"
_SMALL: Final = 8 << 20


def sign_pdf(path: Path, identity: Identity, *, password: str | None) -> None:
    """Append the signature to the file. Raises RenderingError; UnavailableError without a time stamp."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter  # noqa: PLC0415 - a second of imports
    from pyhanko.pdf_utils.misc import PdfError  # noqa: PLC0415 - as above
    from pyhanko.sign.fields import SigSeedSubFilter  # noqa: PLC0415 - as above
    from pyhanko.sign.general import SigningError  # noqa: PLC0415 - as above
    from pyhanko.sign.signers import PdfSignatureMetadata  # noqa: PLC0415 - as above
    from pyhanko.sign.signers import sign_pdf as sign  # noqa: PLC0415 - as above
    from pyhanko.sign.timestamps import TimestampRequestError  # noqa: PLC0415 - as above

    part = path.with_name(f".{path.name}.signed")
    meta = PdfSignatureMetadata(
        field_name=FIELD, md_algorithm="sha256", reason=_REASON, subfilter=SigSeedSubFilter.PADES
    )
    try:
        with path.open("rb") as source, part.open("w+b") as target, pyhanko_signer(identity) as signer:
            writer = IncrementalPdfFileWriter(source, strict=False)
            if password is not None:
                writer.encrypt(password)  # type: ignore[no-untyped-call]
            sign(writer, meta, signer, timestamper=_timestamper(identity), output=target)
        part.replace(path)
    except TimestampRequestError as error:
        raise UnavailableError(f"the time-stamp authority {identity.timestamp_url} gave no time: {error}") from error
    except (PdfError, SigningError, OSError, ValueError) as error:
        raise RenderingError(f"{path.name} could not be signed: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def sign_file(path: Path, identity: Identity) -> bytes:
    """A detached CMS signature over the file's bytes, DER. Raises RenderingError, UnavailableError."""
    if identity.key is not None and identity.timestamp_url is None and path.stat().st_size <= _SMALL:
        return sign_bytes(path.read_bytes(), identity)
    from pyhanko.sign.general import SigningError  # noqa: PLC0415 - a second of imports
    from pyhanko.sign.timestamps import TimestampRequestError  # noqa: PLC0415 - as above

    try:
        with path.open("rb") as source, pyhanko_signer(identity) as signer:
            signing = signer.async_sign_general_data(
                source, "sha256", detached=True, timestamper=_timestamper(identity), chunk_size=1 << 20
            )
            signed = asyncio.run(signing)
    except TimestampRequestError as error:
        raise UnavailableError(f"the time-stamp authority {identity.timestamp_url} gave no time: {error}") from error
    except (SigningError, OSError, ValueError) as error:
        raise RenderingError(f"{path.name} could not be signed: {error}") from error
    der: bytes = signed.dump()
    return der


def sign_bytes(content: bytes, identity: Identity) -> bytes:
    """As ``sign_file`` for bytes, with a key in memory; without the libraries for PDFs, tokens and time stamps."""
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(identity.certificate, identity.key, hashes.SHA256())
    for issuer in identity.chain:
        builder = builder.add_certificate(issuer)
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCapabilities]
    return builder.sign(Encoding.DER, options)


def _timestamper(identity: Identity) -> "TimeStamper | None":
    if identity.timestamp_url is None:
        return None
    from policycortex.security.time_stamps import Authority  # noqa: PLC0415 - as above

    return Authority(identity.timestamp_url, timeout=20)  # type: ignore[no-untyped-call]
