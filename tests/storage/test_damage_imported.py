"""Damaged files through the whole import: file, lake, quarantine, and memory."""

import gzip
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from tests.unit.findings.damage import DAMAGES, planted

GOOD = 1000
LARGEST_MB = 400

INGEST = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.ingest import ingest_files
settings = Settings(home=Path(sys.argv[1]))
done = ingest_files(settings, sys.argv[2:], organization="acme", now=datetime.now(UTC))
with open_lake(settings) as lake:
    lake.state.rebuild_state(done.dates)
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
peak_mb = int(status["VmHWM"].split()[0]) // 1024
print(json.dumps({"kept": done.kept, "quarantined": done.quarantined, "peak_mb": peak_mb}))
"""


def written(path: Path, *, indent: int | None, start: str, separator: str, end: str) -> tuple[bytes, dict[int, str]]:
    """A file with the damaged records: its bytes, and the damage at each offset."""
    content, offsets = bytearray(start.encode()), {}
    for number, (name, text) in enumerate(planted(indent, GOOD)):
        content += separator.encode() if number else b""
        if name:
            offsets[len(content)] = name
        content += text.encode()
    content += end.encode()
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)
    return bytes(content), offsets


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    """Home, output of the import, and of each file its bytes and damage."""
    folder = tmp_path_factory.mktemp("damage")
    files = {
        "array.json": written(folder / "array.json", indent=4, start="[", separator=",", end="]"),
        "lines.json.gz": written(folder / "lines.json.gz", indent=None, start="", separator="\n", end="\n"),
    }
    command = [sys.executable, "-c", INGEST, str(folder / "home"), *(str(folder / name) for name in files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "home", json.loads(done.stdout), files


Imported = tuple[Path, dict[str, Any], dict[str, Any]]


def test_every_good_record_is_kept_and_every_bad_one_counted(imported: Imported) -> None:
    """Both files hold the same 1,000 findings of one scan: each of them counts once."""
    home, summary, _ = imported
    assert (summary["kept"], summary["quarantined"]) == (2 * GOOD, 2 * len(DAMAGES))
    with open_lake(Settings(home=home)) as lake:
        totals = lake.reconciliation.load_import_totals()
        period = Period.of_days(date(2026, 11, 1), date(2026, 11, 30))
        tallies = lake.period_end.load_tallies(Scope(organization="acme"), period)
    assert totals["is_reconciled"].all()
    assert tallies["failed"].sum() == GOOD


@pytest.mark.parametrize("name", ["array.json", "lines.json.gz"])
def test_quarantine_names_each_bad_record_by_its_place(imported: Imported, name: str) -> None:
    """File, offset in the decompressed bytes, length, reason and text identify the damaged record."""
    home, _, files = imported
    content, offsets = files[name]
    with open_lake(Settings(home=home)) as lake:
        rows = lake.reconciliation.load_quarantined("acme", file_name=name, text_length=100)
        assert lake.reconciliation.load_quarantined("other").is_empty()
        assert lake.reconciliation.load_quarantined("acme", row_limit=3)["total"].to_list() == [2 * len(DAMAGES)] * 3
    assert {row["byte_offset"]: offsets.get(row["byte_offset"]) for row in rows.iter_rows(named=True)} == offsets
    for row in rows.iter_rows(named=True):
        raw = content[row["byte_offset"] :][: row["byte_length"]]
        assert raw.decode("utf-8", errors="replace")[:100] == row["raw_text"], row
        assert row["reason"]
    assert max(rows["byte_length"].to_list()) > 10_000_000


def test_memory_stays_bounded(imported: Imported) -> None:
    """Texts of 10 MB, 100,000 brackets deep: the whole process takes less than 400 MB."""
    assert imported[1]["peak_mb"] < LARGEST_MB
