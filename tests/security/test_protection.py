"""Protected files, opened by other programs; without the password no content is visible."""

import io
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import docx
import msoffcrypto
import openpyxl
import pikepdf
import pytest
import xlsxwriter
from msoffcrypto.exceptions import InvalidKeyError

from policycortex.names import ReportFormat
from policycortex.security.protection import ProtectedFile, protect_file, protected_extension
from tests.support.programs import run, seven_zip

PASSWORD = "Tr0ub4dor&3 for the board"
MADE_AT = datetime(2026, 4, 1, 12, 30, 10, tzinfo=UTC)
MARK = "arn:aws:iam::123456789012:root"


def protect(report_format: ReportFormat, path: Path) -> ProtectedFile:
    """The protected file."""
    return protect_file(report_format, path, PASSWORD, made_at=MADE_AT)


def test_a_pdf_is_encrypted_by_aes_256(tmp_path: Path) -> None:
    """Revision 6 according to qpdf; closed without the password, no changes with it, and Poppler reads it."""
    path = tmp_path / "report.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.docinfo["/Title"] = MARK
        pdf.save(path)
    made = protect(ReportFormat.PDF, path)
    assert (made.path, made.media_type) == (path, "application/pdf")
    output = run("qpdf", f"--password={PASSWORD}", "--show-encryption", path)
    assert "R = 6" in output
    assert "file encryption method: AESv3" in output
    assert "modify document assembly: not allowed" in output
    assert "Supplied password is owner password" not in output
    run("qpdf", f"--password={PASSWORD}", "--check", path)
    assert "invalid password" in run("qpdf", "--password=wrong", "--check", path, is_ok=False)
    assert MARK in run("pdfinfo", "-upw", PASSWORD, path)
    assert MARK.encode() not in path.read_bytes()


def test_a_workbook_is_encrypted_by_agile_encryption(tmp_path: Path) -> None:
    """The encryption of Office 2010 and later; its integrity is valid and the content is equal."""
    path = tmp_path / "report.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet().write_string(1, 1, MARK)
    assert openpyxl.load_workbook(_encrypted_and_back(path))["Sheet1"]["B2"].value == MARK


def test_a_word_document_is_encrypted_like_a_workbook(tmp_path: Path) -> None:
    """It keeps its name, and Word asks for the password."""
    path = tmp_path / "report.docx"
    made = docx.Document()
    made.add_paragraph(MARK)
    made.save(str(path))
    assert docx.Document(_encrypted_and_back(path, ReportFormat.DOCX)).paragraphs[0].text == MARK


def test_a_workbook_past_seven_megabytes_is_encrypted_too(tmp_path: Path) -> None:
    """Large files need a second sector table."""
    path = tmp_path / "report.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet()
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/media/filler.bin", os.urandom(9_000_000))
    _encrypted_and_back(path)


def _encrypted_and_back(path: Path, kind: ReportFormat = ReportFormat.EXCEL) -> io.BytesIO:
    plain = path.read_bytes()
    made = protect(kind, path)
    assert made.extension == kind.extension == path.suffix[1:]
    assert not zipfile.is_zipfile(path)
    with path.open("rb") as file:
        office = msoffcrypto.OfficeFile(file)
        assert office.type == "agile"
        office.load_key(password=PASSWORD, verify_password=True)
        opened = io.BytesIO()
        office.decrypt(opened, verify_integrity=True)
        assert opened.getvalue() == plain
        with pytest.raises(InvalidKeyError):
            office.load_key(password="wrong", verify_password=True)
    return opened


@pytest.mark.parametrize("kind", [ReportFormat.CSV, ReportFormat.JSON, ReportFormat.HTML, ReportFormat.OSCAL])
def test_other_files_go_into_an_aes_256_zip(tmp_path: Path, kind: ReportFormat) -> None:
    """7-Zip names the method and returns the bytes; the plain file is removed."""
    path = tmp_path / f"report.{kind.extension}"
    content = f"{MARK}\n" * 1000
    path.write_text(content)
    made = protect(kind, path)
    assert (made.path.name, made.media_type) == (f"report.{kind.extension}.zip", "application/zip")
    assert made.extension == protected_extension(kind) == f"{kind.extension}.zip"
    assert [found.name for found in tmp_path.iterdir()] == [made.path.name]
    listed = run(seven_zip(), "l", "-slt", "-p", made.path)
    assert "Method = AES-256 Deflate" in listed
    assert f"Path = report.{kind.extension}" in listed
    run(seven_zip(), "x", f"-p{PASSWORD}", f"-o{tmp_path / 'out'}", made.path)
    assert (tmp_path / "out" / path.name).read_text() == content
    assert "Wrong password" in run(seven_zip(), "t", "-pwrong", made.path, is_ok=False)
    assert MARK.encode() not in made.path.read_bytes()
