"""LibreOffice opens a protected workbook only through its password prompt."""

import json
import secrets
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import xlsxwriter

from policycortex.names import ReportFormat
from policycortex.security.protection import protect_file

PASSWORD = "Tr0ub4dor&3 for the board"
MARK = "arn:aws:iam::123456789012:root"
PERSON = Path(__file__).parents[1] / "support" / "libreoffice.py"


def test_libreoffice_asks_for_the_password_and_opens_with_it(tmp_path: Path) -> None:
    """With the right password at the first or second prompt; with a wrong one or none it stays closed."""
    plain, path, pipe = tmp_path / "plain.xlsx", tmp_path / "report.xlsx", f"p{secrets.token_hex(8)}"
    with xlsxwriter.Workbook(plain) as book:
        book.add_worksheet().write_string(1, 1, MARK)
    path.write_bytes(plain.read_bytes())
    protect_file(ReportFormat.EXCEL, path, PASSWORD, made_at=datetime(2026, 4, 1, tzinfo=UTC))
    attempts = [(path, [PASSWORD]), (path, ["wrong one", PASSWORD]), (path, ["wrong one"]), (path, []), (plain, [])]
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", "--headless", "--norestore", "--nologo", profile, f"--accept=pipe,name={pipe};urp"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as office:
        try:
            given = json.dumps([(str(workbook), passwords) for workbook, passwords in attempts])
            result = subprocess.run(
                ["/usr/bin/python3", PERSON, pipe, given], capture_output=True, text=True, check=False
            )
        finally:
            office.terminate()
    assert result.returncode == 0, f"{result.stderr}; deploy/setup-tests.sh installs python3-uno"
    assert json.loads(result.stdout) == [[1, MARK], [2, MARK], [1, None], [0, None], [0, MARK]]
