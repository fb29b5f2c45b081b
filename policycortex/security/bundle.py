"""A report's files in one zip, always with the same bytes, so that the zip file itself can be verified."""

import shutil
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, BinaryIO, Final

from policycortex.errors import InputError

MEDIA_TYPE: Final = "application/zip"
README_NAME: Final = "README.txt"
README: Final = """This is a report with all that proves it.

  policycortex verify <this bundle, or the folder it was unpacked into> --cert trusted.pem

checks everything, offline. Exit code 0: proven; 1: broken; 3: not broken, but the signer is not proven.
trusted.pem is the certificate of the organisation, or of its authority. Get it from the organisation itself, by
another channel than this bundle. Do not use certificate.pem of this bundle for it: whoever replaces the files
can replace that file, too. Without that program:

  openssl cms -verify -binary -inform DER -in manifest.json.p7s \\
    -content manifest.json -CAfile trusted.pem -out /dev/null
  sha256sum <each file>        and compare with manifest.json
  pdfsig report.pdf            for a signed PDF

certificate.pem is the certificate that signed, to compare with trusted.pem. By itself it proves nothing.
"""
EARLIER_READMES: Final = frozenset({"38ea6a379b9f44ca7b2cd8d260d39dd2fc5f168237e1e09c669d064b3c28c93d"})
"""SHA-256 of the texts in bundles of earlier versions, which are not broken."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_CHUNK: Final = 1 << 20
_MOST_FILES: Final = 1000
_MOST_BYTES: Final = 64 << 30

Opener = Callable[[], BinaryIO]


def pack_bundle(target: IO[bytes], entries: Iterable[tuple[str, Opener]]) -> None:
    """Write the entries uncompressed, in the order of their names."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, opener in sorted(entries, key=lambda entry: entry[0]):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o600 << 16
            with opener() as source, archive.open(entry, "w", force_zip64=True) as packed:
                shutil.copyfileobj(source, packed, _CHUNK)


def unpack_bundle(source: Path, folder: Path) -> tuple[str, ...]:
    """Unpack into an empty folder. Returns the names in order. Raises InputError when it is not a safe bundle."""
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_FILES or sum(entry.file_size for entry in entries) > _MOST_BYTES:
                raise InputError("it is larger than any bundle")
            for entry in entries:
                target = folder / entry.filename
                if "/" in entry.filename or "\\" in entry.filename or entry.filename in {"", ".", ".."}:
                    raise InputError(f"it holds {entry.filename!r}, which is not a file name of a bundle")
                if target.exists():
                    raise InputError(f"it holds {entry.filename!r} twice")
                with archive.open(entry) as packed, target.open("wb") as plain:
                    shutil.copyfileobj(packed, plain, _CHUNK)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise InputError(f"it cannot be unpacked: {error}") from None
    return tuple(entry.filename for entry in entries)
