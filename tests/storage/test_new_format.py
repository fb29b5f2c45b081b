"""A format that is one module: put into the package of formats, it is recognised, imported and stored."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from policycortex.findings import formats
from policycortex.findings.formats import registry
from policycortex.scope import Scope
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.ingest import ingest_files
from tests.support.samples.lake_files import NOVEMBER

NOW = datetime(2026, 12, 1, tzinfo=UTC)
MODULE = '''
"""Lines of a test scanner: ``check status resource``, under the line ``# bench``. They have no time of their own."""

from policycortex.findings.format import FindingsFormat, ScanExtent
from policycortex.findings.table import build_table_finding


def parse_bench(stream, *, written_at):
    for number, line in enumerate(stream.read().decode().splitlines()[1:]):
        check, status, resource = line.split()
        row = {"check_id": check, "status": status, "severity": "high", "resource_uid": resource}
        yield from build_table_finding(row | {"observed_at": written_at}, number, source="bench")


FORMAT = FindingsFormat(
    name="bench",
    title="Bench text",
    suffixes=(".bench",),
    recognise=lambda head: int(head.startswith(b"# bench")),
    parse=parse_bench,
    scan_extent=ScanExtent.FILE,
    precedence=15,
)
'''


@pytest.fixture
def bench_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The module in a folder that the package of formats also looks into."""
    folder = tmp_path / "more_formats"
    folder.mkdir()
    (folder / "bench.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(folder)])
    registry.list_formats.cache_clear()
    yield
    registry.list_formats.cache_clear()
    sys.modules.pop(f"{formats.__name__}.bench", None)


@pytest.mark.usefixtures("bench_format")
def test_a_new_module_is_a_format_from_file_to_tallies(tmp_path: Path) -> None:
    """Two failed checks and one passed, dated by the file; all of the file is one scan; messages name the format."""
    file = tmp_path / "november.bench"
    file.write_text("# bench\nc1 FAIL r1\nc1 PASS r2\nc2 FAIL r1\n", encoding="utf-8")
    settings = Settings(home=tmp_path / "home")
    moment = datetime(2026, 11, 5, 6, tzinfo=UTC).timestamp()
    moment = datetime(2026, 11, 5, 6, tzinfo=UTC).timestamp()
    os.utime(file, (moment, moment))
    done = ingest_files(settings, [file], organization="acme", now=NOW)
    with open_lake(settings) as lake:
        lake.state.rebuild_state(done.dates)
        tallies = lake.period_end.load_tallies(Scope(organization="acme"), NOVEMBER)
    assert [(each.format, each.kept) for each in done.files] == [("bench", 3)]
    assert (tallies["passed"].sum(), tallies["failed"].sum()) == (1, 2)
    assert "Bench text" in registry.format_titles()
