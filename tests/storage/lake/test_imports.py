"""Imports: all of a file or nothing, once, with every invalid record listed."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from policycortex.errors import InputError
from policycortex.findings.model import CleanScan, NoteKind, ScanNote
from policycortex.findings.sources import detect_parser
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from tests.support.backends import lake_files
from tests.support.found_files import find_sources
from tests.support.samples.lake_files import (
    EVERYTHING,
    IMPORTED_AT,
    NOVEMBER,
    ORGANIZATION,
    FileOfBytes,
    at,
    bad,
    breaking_parser,
    counts,
    parser_of,
    seen,
    take,
)


def parquet_files(settings: Settings) -> list[str]:
    return [key for key in lake_files(settings) if "findings/" in key]


def test_a_receipt_tells_what_became_of_each_record(lake: Lake) -> None:
    """Three findings of two days and two bad records are 5 read, 3 kept and 2 quarantined, with their reasons."""
    receipt = take(lake, "a.json", [seen(2), bad(10, "no status"), seen(3), seen(3, "c2"), bad(90, "no time")])
    assert (receipt.read, receipt.kept, receipt.quarantined) == (5, 3, 2)
    assert receipt.dates == (date(2026, 11, 2), date(2026, 11, 3))
    assert receipt.first_reasons == ("no status", "no time")
    assert receipt.is_new


def test_the_same_bytes_again_change_nothing(lake: Lake) -> None:
    """The second import returns the first receipt, adds no snapshot and counts nothing twice."""
    first = take(lake, "a.json", [seen(2), bad(10)])
    before = lake.snapshot()
    again = take(lake, "a.json", [seen(2), bad(10)], rebuild=False)
    assert lake.snapshot() == before
    assert not again.is_new
    assert (again.import_id, again.kept, again.dates, again.first_reasons) == (
        first.import_id,
        first.kept,
        first.dates,
        first.first_reasons,
    )
    assert counts(lake) == {"c1": (0, 1, 0, 0)}


def test_two_organisations_may_import_the_same_bytes_and_see_only_their_own(lake: Lake) -> None:
    """The digest is unique per organisation."""
    take(lake, "a.json", [seen(2, relations='{"SOC2":["cc_6_1"]}')])
    other = take(lake, "a.json", [seen(2, "c9", relations='{"HIPAA":["x"]}')], organization="rival")
    assert other.is_new
    assert counts(lake) == {"c1": (0, 1, 0, 0)}
    assert lake.period_end.load_mappings(ORGANIZATION)["framework_key"].to_list() == ["SOC2"]


def test_a_file_that_breaks_in_the_middle_leaves_nothing(lake: Lake, lake_settings: Settings) -> None:
    """Nine thousand valid findings before the cut are not imported, and no data or scratch file stays."""
    findings = [seen(2, resource=f"r{n}") for n in range(9_000)]
    with pytest.raises(InputError, match=r"cut\.json cannot be imported: ends in the middle"):
        lake.imports.import_source(
            FileOfBytes("cut.json", b"cut"),
            breaking_parser(findings, "ends in the middle of record 9000"),
            format_name="ocsf",
            organization=ORGANIZATION,
            imported_at=IMPORTED_AT,
        )
    assert lake.period_end.load_observed_dates(ORGANIZATION, NOVEMBER) == ()
    assert lake.reconciliation.load_import_totals().is_empty()
    assert parquet_files(lake_settings) == []
    assert list((lake_settings.home / "lake" / "scratch").glob("import-*")) == []


def test_a_file_without_a_good_record_is_stored_with_its_quarantine(lake: Lake) -> None:
    """All its records are in quarantine; a file without records is a clean scan."""
    receipt = take(lake, "bad.json", [bad(n, f"r{n}") for n in range(5)])
    assert (receipt.is_unreadable, receipt.is_clean, receipt.first_reasons) == (True, False, ("r0", "r1", "r2"))
    empty = take(lake, "empty.json", [])
    assert (empty.is_unreadable, empty.is_clean, empty.dates) == (False, True, ())
    totals = lake.reconciliation.load_import_totals()
    assert totals["is_reconciled"].all()
    assert totals["stored_quarantine"].sum() == 5


def test_notes_and_clean_scans_of_a_file_are_stored_with_it(lake: Lake) -> None:
    """Equal notes are one with their number; the day of a clean scan is a day of the import."""
    note = ScanNote(kind=NoteKind.DROPPED_FIELD, text="severity")
    scan = CleanScan(source="trivy", account_id="shop", scanned_at=at(4, 6), checks=("c1", "c2"))
    first = take(lake, "a.json", [note, seen(2), note, scan])
    again = take(lake, "a.json", [], rebuild=False)
    assert first.notes == again.notes == (ScanNote(kind=NoteKind.DROPPED_FIELD, text="severity", count=2),)
    assert (first.read, first.clean_scans, again.clean_scans) == (1, 1, 1)
    assert first.dates == again.dates == (date(2026, 11, 2), date(2026, 11, 4))


def test_stored_rows_reconcile_with_receipts(lake: Lake) -> None:
    """Every import's counts equal its stored rows, those of the newest ones also where others share their days."""
    take(lake, "a.json", [seen(2), seen(4), bad(10), bad(20)])
    take(lake, "b.json", [seen(3), seen(3)])
    totals = lake.reconciliation.load_import_totals()
    assert totals["is_reconciled"].all()
    assert totals.select("stored_findings", "stored_quarantine").sum().row(0) == (4, 2)
    for newest in (1, 2, 3):
        some = lake.reconciliation.load_import_totals(newest=newest)
        assert (some.height, some["is_reconciled"].all()) == (min(newest, 2), True)


def test_progress_is_reported_while_a_file_is_read(lake: Lake) -> None:
    """At least once per some thousand records, never decreasing."""
    counts_read: list[int] = []
    lake.imports.import_source(
        FileOfBytes("a.json", b"a"),
        parser_of(seen(2, resource=f"r{n}") for n in range(9_000)),
        format_name="ocsf",
        organization=ORGANIZATION,
        imported_at=IMPORTED_AT,
        progress=counts_read.append,
    )
    assert counts_read == sorted(counts_read)
    assert counts_read[-1] >= 8_000


def test_hostile_text_comes_back_as_it_was(lake: Lake, tmp_path: Path) -> None:
    """Quotes, NUL, newlines and a path as organisation are only data."""
    nasty = "a'b\"c\x00d\n../e;DROP TABLE x--\u202e\N{SNOWMAN}"
    take(lake, "n.json", [seen(2, resource_uid=nasty, title=nasty, tags='{"k":"\'"}')])
    take(lake, "o.json", [seen(2)], organization="../o'x")
    path = tmp_path / "found.parquet"
    lake.findings_export.write_findings(EVERYTHING, NOVEMBER, path=path)
    assert pl.read_parquet(path).select("resource_uid", "title").row(0) == (nasty, nasty)
    assert lake.period_end.load_observed_dates("../o'x", NOVEMBER) == (date(2026, 11, 2),)


def test_long_texts_in_every_finding_stay_separate(lake: Lake) -> None:
    """A scanner with a different text in each finding exceeds the text cache, and no text is lost."""
    take(lake, "long.json", [seen(2, f"c{n}", description=f"{n} " + "x" * 100_000) for n in range(120)])
    facts = lake.period_end.load_check_facts(EVERYTHING, NOVEMBER, [f"c{n}" for n in range(120)])
    assert {row["check_id"]: row["description"].split()[0] for row in facts.to_dicts()} == {
        f"c{n}": str(n) for n in range(120)
    }


def test_the_sample_keeps_every_finding_and_agrees_with_its_oracle(lake_settings: Settings, shared: Path) -> None:
    """1,794 of 1,794, the three repeated uids too; passed, failed, manual, muted as oracle.json counts them."""
    (source,) = find_sources([shared / "findings" / "prowler-aws-acme" / "prowler-acme.ocsf.json.gz"])
    format_name, parser = detect_parser(source)
    with open_lake(lake_settings) as lake:
        for is_new in (True, False):
            receipt = lake.imports.import_source(
                source, parser, format_name=format_name, organization=ORGANIZATION, imported_at=IMPORTED_AT
            )
            assert (receipt.is_new, receipt.kept, receipt.quarantined) == (is_new, 1794, 0)
        (day,) = lake.state.rebuild_state(receipt.dates)
        tallies = lake.period_end.load_tallies(EVERYTHING, NOVEMBER).select("passed", "failed", "manual", "muted")
        assert day.findings == 1794
        assert tallies.sum().row(0) == (968, 664, 4, 158)
        assert lake.reconciliation.load_reconciliation(receipt.dates)["is_reconciled"].all()


def test_only_imports_of_the_organization_make_its_days_unbuilt(lake: Lake) -> None:
    """Until a rebuild the days of its own file are unbuilt; a file of another organisation changes nothing."""

    def is_unbuilt() -> bool:
        return lake.state.has_unbuilt_imports(ORGANIZATION, NOVEMBER.first_utc_date, NOVEMBER.last_utc_date)

    assert not is_unbuilt()
    take(lake, "own", [seen(2)], rebuild=False)
    assert is_unbuilt()
    lake.state.rebuild_state([date(2026, 11, 2)])
    assert not is_unbuilt()
    lake.imports.import_source(
        FileOfBytes("foreign", b"foreign"),
        parser_of([seen(2)]),
        format_name="ocsf",
        organization="other",
        imported_at=IMPORTED_AT + timedelta(seconds=1),
    )
    assert lake.state.load_stale_days(NOVEMBER.first_utc_date, NOVEMBER.last_utc_date) == (date(2026, 11, 2),)
    assert not is_unbuilt()
