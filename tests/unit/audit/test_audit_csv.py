"""The audit log as CSV: no cell that a spreadsheet computes, and every record comes back as it was."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from policycortex.audit.chain import AuditEvent, chain_start, make_record
from policycortex.spreadsheet_text import guard_formula
from policycortex.verify.audit_log import _read_csv
from policycortex.workflow.audit_export import csv_lines


@pytest.mark.parametrize("actor", ["＝1+1", "\n=1+1", "=cmd", "\t@x", "'=1", "'a", "-", "key-1"])
def test_no_cell_of_the_audit_log_is_a_formula_and_verification_reads_all_back(actor: str, tmp_path: Path) -> None:
    """Full-width signs and leading line ends are guarded too; the record of a guarded cell keeps its digest."""
    event = AuditEvent(organization="-", at=datetime(2026, 11, 1, tzinfo=UTC), action="report_read", actor=actor)
    record = make_record(event, chain_start("-"), b"k" * 32)
    text = "".join(csv_lines([record]))
    cells = [cell for row in csv.reader(io.StringIO(text, newline=""), strict=True) for cell in row]
    assert guard_formula(actor) in cells
    assert not [cell for cell in cells if not cell.startswith("'") and guard_formula(cell) != cell]
    path = tmp_path / "audit.csv"
    path.write_text(text, encoding="utf-8", newline="")
    part = _read_csv(path)
    assert (part.records, part.problems) == ((record,), ())
