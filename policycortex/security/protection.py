"""Password protection: AES-256 in PDF (revision 6), agile encryption in Excel and Word, an AES-256 zip for others.

The encrypted file is written beside the plain file and replaces it.
"""

import logging
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pikepdf
import pyzipper
from msoffcrypto.exceptions import EncryptionError
from msoffcrypto.format.ooxml import OOXMLFile

from policycortex.errors import RenderingError
from policycortex.names import ReportFormat

ZIP_MEDIA_TYPE: Final = "application/zip"
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedFile:
    """The encrypted file."""

    path: Path
    extension: str
    media_type: str


def protected_extension(report_format: ReportFormat) -> str:
    """``pdf``, ``xlsx`` and ``docx`` keep their extension; the others are in a zip: ``csv.zip``."""
    return report_format.extension if _has_own_encryption(report_format) else f"{report_format.extension}.zip"


def protected_media_type(report_format: ReportFormat) -> str:
    """Media type of the protected file."""
    return report_format.media_type if _has_own_encryption(report_format) else ZIP_MEDIA_TYPE


def protect_file(report_format: ReportFormat, path: Path, password: str, *, made_at: datetime) -> ProtectedFile:
    """Encrypt ``path``. A plain file of another name is removed, also after an error. Raises RenderingError."""
    extension = protected_extension(report_format)
    target = path.with_name(f"{path.name.removesuffix(f'.{report_format.extension}')}.{extension}")
    part = target.with_name(f".{target.name}.part")
    try:
        match report_format:
            case ReportFormat.PDF:
                _encrypt_pdf(path, part, password)
            case ReportFormat.EXCEL | ReportFormat.DOCX:
                _encrypt_office_file(path, part, password)
            case _:
                _zip(path, part, password, made_at)
        part.replace(target)
    except (OSError, pikepdf.PdfError, EncryptionError) as error:
        raise RenderingError(f"{report_format.value} could not be encrypted: {error}") from error
    finally:
        part.unlink(missing_ok=True)
        if path != target:
            path.unlink(missing_ok=True)
    return ProtectedFile(path=target, extension=extension, media_type=protected_media_type(report_format))


def zip_file(path: Path, password: str, *, made_at: datetime) -> Path:
    """Move any file into an encrypted zip beside it, ``<name>.zip``. Raises RenderingError."""
    target = path.with_name(f"{path.name}.zip")
    try:
        _zip(path, target, password, made_at)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise RenderingError(f"{path.name} could not be encrypted: {error}") from error
    finally:
        path.unlink(missing_ok=True)
    return target


def _has_own_encryption(report_format: ReportFormat) -> bool:
    return report_format in {ReportFormat.PDF, ReportFormat.EXCEL, ReportFormat.DOCX}


def _encrypt_pdf(source: Path, target: Path, password: str) -> None:
    rights = pikepdf.Permissions(extract=True, modify_annotation=False, modify_assembly=False, modify_other=False)
    owner_password = secrets.token_urlsafe(32)  # it would lift the restrictions, so it is not kept
    with pikepdf.open(source) as pdf:
        pdf.save(
            target,
            encryption=pikepdf.Encryption(user=password, owner=owner_password, R=6, allow=rights),
            object_stream_mode=pikepdf.ObjectStreamMode.preserve,
        )


def _encrypt_office_file(source: Path, target: Path, password: str) -> None:
    logging.getLogger("msoffcrypto").setLevel(logging.WARNING)  # at DEBUG it logs salts
    with source.open("rb") as plain, target.open("wb") as encrypted:
        OOXMLFile(plain).encrypt(password, encrypted)


def _zip(source: Path, target: Path, password: str, made_at: datetime) -> None:
    """One entry with WinZip's AES-256 (AE-2), which reveals only the content's length."""
    entry = pyzipper.AESZipFile.zipinfo_cls(source.name, made_at.astimezone(UTC).timetuple()[:6])
    entry.external_attr = 0o600 << 16
    with pyzipper.AESZipFile(
        target, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES, allowZip64=True
    ) as archive:
        archive.setpassword(password.encode())
        archive.setencryption(pyzipper.WZ_AES, nbits=256)
        entry.compress_type = pyzipper.ZIP_DEFLATED
        entry.file_size = source.stat().st_size
        with source.open("rb") as plain, archive.open(entry, "w") as encrypted:
            while chunk := plain.read(_CHUNK):
                encrypted.write(chunk)
