"""Small files that want much: bad records, checks, clean scans, texts and archive members without number."""

import gzip
import io
import tarfile
from datetime import date
from pathlib import Path

import pytest

from policycortex.errors import InputError
from policycortex.findings.model import CleanScan, NoteKind, ParsedItem, ScanNote
from policycortex.findings.reading import archives
from policycortex.settings import Settings
from policycortex.storage.lake import staging
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.workflow.ingest import FileOutcome, ingest_files
from policycortex_cli.ingest import _names
from tests.support.backends import Backend
from tests.support.found_files import find_sources
from tests.support.samples.lake_files import IMPORTED_AT, ORGANIZATION, at, bad, seen, take


def test_a_bomb_of_bad_records_is_read_to_the_limit_only(home_settings: Settings, tmp_path: Path) -> None:
    """Attack: a 6 kB gzip file with two million bad records. 10,001 are read and kept, and one line states it."""
    path, progress = tmp_path / "bomb.json.gz", list[str]()
    path.write_bytes(gzip.compress(b'{"class_uid": 2004, "finding_info": {}}\n' + b"{}\n" * 2_000_000))
    assert path.stat().st_size < 6_500
    done = ingest_files(home_settings, [path], organization=ORGANIZATION, now=IMPORTED_AT, progress=progress.append)
    (outcome,) = done.outcomes
    assert (outcome.outcome, done.kept, done.quarantined) == (FileOutcome.STOPPED, 0, 10_001)
    assert outcome.reason.startswith(
        "bomb.json.gz: reading stopped, because 10,001 of the first 10,001 records are bad"
    )
    assert "POLICYCORTEX_MAX_QUARANTINED_RECORDS=10000" in outcome.reason
    assert len(progress) < 10
    with pytest.raises(InputError, match=r"^bomb\.json\.gz: reading stopped"):
        done.refuse_unreadable()


def test_reading_stops_at_the_share_and_number_of_bad_records(backend: Backend, tmp_path: Path) -> None:
    """Limits of 4 records and 50 %: five bad of nine stop. No finding is kept, for a half-read scan looks complete.

    Five bad of ten do not stop, and with higher limits the stopped file is read again and replaces what was kept.
    """
    settings = backend.settings(tmp_path / "home", max_quarantined_records=4)
    good, wrong = [seen(2, resource=f"r{n}") for n in range(10)], [bad(n, f"reason {n}") for n in range(20)]
    records: list[ParsedItem] = [*good[:4], *wrong, *good[4:]]
    with open_lake(settings) as lake:
        stopped = take(lake, "a.json", records)
        assert (stopped.read, stopped.kept, stopped.quarantined, stopped.dates) == (5, 0, 5, ())
        assert "5 of the first 9 records are bad" in stopped.stop_reason
        assert "the first reason: reason 0" in stopped.stop_reason
        assert [note.kind for note in stopped.notes] == [NoteKind.STOPPED]
        again = take(lake, "a.json", records)
        assert (again.is_new, again.stop_reason) == (True, stopped.stop_reason)
        enough = take(lake, "b.json", [*good[:5], *wrong[:5], *good[5:]])
        assert (enough.kept, enough.quarantined, enough.stop_reason) == (10, 5, "")
    with open_lake(settings.model_copy(update={"max_quarantined_pct": 100})) as lake:
        whole = take(lake, "a.json", records)
        assert (whole.is_new, whole.kept, whole.quarantined, whole.stop_reason) == (True, 10, 20, "")
        assert not take(lake, "a.json", records).is_new
        totals = lake.reconciliation.load_import_totals()
        assert totals["is_reconciled"].all()
        assert sorted(totals["stored_quarantine"]) == [5, 20]


def test_checks_and_clean_scans_of_a_file_are_bounded(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack: another check in each finding makes a day's tallies as long as its findings. The file is refused."""
    monkeypatch.setattr(staging, "_MAX_CHECKS", 3)
    monkeypatch.setattr(staging, "_MAX_CLEAN_SCANS", 3)
    assert take(lake, "a.json", [seen(2, f"c{n % 3}", f"r{n}") for n in range(9)]).kept == 9
    with pytest.raises(InputError, match=r"b\.json cannot be imported: it has more than 3 different checks"):
        take(lake, "b.json", [seen(2, f"c{n}") for n in range(4)])
    scan = CleanScan(source="trivy", account_id="shop", scanned_at=at(4, 6), checks=())
    assert take(lake, "c.json", [scan] * 3).clean_scans == 3
    with pytest.raises(InputError, match="more than 3 scans without findings"):
        take(lake, "d.json", [scan] * 4)


def test_texts_of_reasons_notes_and_sources_are_bounded(lake: Lake) -> None:
    """Attack: messages that quote a value of a megabyte, and another product's name in each finding."""
    long = "x" * 1_000_000
    note = ScanNote(kind=NoteKind.DROPPED_FIELD, text=long)
    receipt = take(
        lake, "a.json", [*(seen(2, resource=f"r{n}", source=f"tool {n}") for n in range(50)), note, bad(1, long)]
    )
    assert [len(text) for text in (*receipt.first_reasons, receipt.notes[0].text)] == [1_000, 1_000]
    assert receipt.dates == (date(2026, 11, 2),)
    with lake.session.cursor() as cursor:
        (source,) = cursor.execute("SELECT source FROM lake.raw.imports").fetchone() or ("",)
    assert len(source.split(", ")) == 20


@pytest.mark.parametrize(("count", "message"), [(5, "has 5 files; at most 3"), (50, "more than 30 entries")])
def test_members_of_a_tar_archive_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, message: str
) -> None:
    """Attack: members without number."""
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    path = tmp_path / "scans.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for number in range(count):
            member, content = tarfile.TarInfo(f"{number}.json"), b"[]" + b" " * 4_000
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    with pytest.raises(InputError, match=message):
        find_sources([path])


def test_the_last_line_names_a_few_files() -> None:
    """A folder with a million files that are no findings gives no line of a million names."""
    assert _names(["a", "b"]) == "a, b"
    assert _names([f"f{n}" for n in range(1_000_020)]).endswith(", f18, f19 and 1,000,000 more")
