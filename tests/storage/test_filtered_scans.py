"""Files that look filtered say so: in the import's notes, in its receipt and in its result."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from policycortex.documents.locales import open_locale
from policycortex.findings.model import NoteKind
from policycortex.names import ReportFormat, ReportType
from policycortex.period import Period
from policycortex.requests.model import ReportRequest
from policycortex.scope import Scope
from policycortex.scoring.risk_model import RiskWeights
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.ingest import IngestSummary, ingest_files
from policycortex.workflow.reports import compose_from_lake
from tests.storage.test_scan_choice import NOW, prowler
from tests.support.empty_homes import copy_home


@pytest.fixture
def settings(empty_home: Path, tmp_path: Path) -> Settings:
    """A home of the test's own."""
    return Settings(home=copy_home(empty_home, tmp_path / "home"))


def imported(settings: Settings, folder: Path, records: list[dict[str, Any]]) -> IngestSummary:
    """The result of importing these as one file, with its day built."""
    path = folder / f"{len(list(folder.glob('*.json')))}.json"
    path.write_text(json.dumps(records))
    done = ingest_files(settings, [path], organization="acme", now=NOW)
    with open_lake(settings) as lake:
        lake.state.rebuild_state(done.dates)
    return done


def kinds(done: IngestSummary) -> list[NoteKind]:
    """Of the file's notes."""
    return [note.kind for note in done.files[0].notes]


@pytest.mark.parametrize(
    ("status", "checks", "expected"),
    [("PASS", 50, [NoteKind.ONLY_PASSING]), ("FAIL", 50, [NoteKind.ONLY_FAILING]), ("PASS", 49, [])],
)
def test_equal_results_of_fifty_checks_look_filtered(
    settings: Settings,
    tmp_path: Path,
    status: str,
    checks: int,
    expected: list[NoteKind],
) -> None:
    """Fewer checks may pass by chance; the note is also that of the second import, and of the result for people."""
    records = [prowler(status, region="eu-west-1", check=f"s3_check_{number}") for number in range(checks)]
    done = imported(settings, tmp_path, records)
    assert kinds(done) == expected
    assert ["looks filtered" in note for note in done.outcomes[0].notes] == [True] * len(expected)
    again = ingest_files(settings, [tmp_path / "0.json"], organization="acme", now=NOW)
    assert not again.files[0].is_new
    assert kinds(again) == expected


def buckets(status: str, numbers: range, *, day: int) -> list[dict[str, Any]]:
    """One check on these buckets."""
    found = [prowler(status, region="eu-west-1", day=day) for _ in numbers]
    for number, record in zip(numbers, found, strict=True):
        record["resources"][0]["uid"] = f"arn:bucket:{number}"
        record["finding_info"]["uid"] = f"prowler-{number}"
    return found


@pytest.mark.parametrize(("kept", "is_noted"), [(1, True), (2, True), (3, False)])
def test_failing_resources_that_are_gone_while_passing_ones_stay_look_filtered(
    settings: Settings,
    tmp_path: Path,
    kept: int,
    is_noted: bool,
) -> None:
    """80 % and more of ten failing buckets are gone, all five passing ones are there."""
    passing = range(100, 105)
    imported(settings, tmp_path, buckets("FAIL", range(10), day=24) + buckets("PASS", passing, day=24))
    done = imported(settings, tmp_path, buckets("FAIL", range(kept), day=25) + buckets("PASS", passing, day=25))
    assert kinds(done) == [NoteKind.FAILING_LEFT_OUT] * is_noted


def test_fixed_and_deleted_resources_do_not_look_filtered(settings: Settings, tmp_path: Path) -> None:
    """All ten were fixed; on the next day all fifteen are replaced by others."""
    imported(settings, tmp_path, buckets("FAIL", range(10), day=23) + buckets("PASS", range(100, 105), day=23))
    fixed = buckets("PASS", range(10), day=24) + buckets("FAIL", range(100, 105), day=24)
    assert kinds(imported(settings, tmp_path, fixed)) == []
    others = buckets("PASS", range(200, 210), day=25) + buckets("FAIL", range(300, 305), day=25)
    assert kinds(imported(settings, tmp_path, others)) == []


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "look filtered: 1.json (all findings pass). Numbers may be incomplete, and findings that look fixed"),
        ("de", "wirken gefiltert: 1.json (alle Befunde sind bestanden). Zahlen können unvollständig sein"),
    ],
)
def test_a_report_names_the_files_that_look_filtered(
    settings: Settings, tmp_path: Path, language: str, sentence: str
) -> None:
    """Only the file that counts in the scope, in the language of the report; the replaced first file is not named."""
    for day in (24, 25):
        checks = [prowler("PASS", region="eu-west-1", day=day, check=f"s3_check_{number}") for number in range(50)]
        imported(settings, tmp_path, checks)
    order = ReportRequest(
        name="November",
        type=ReportType.COMPLIANCE,
        framework=None,
        description="",
        scope=Scope(organization="acme"),
        period=Period.of_days(date(2026, 11, 1), date(2026, 11, 30)),
        scope_as_given={},
        formats=(ReportFormat.HTML,),
    )
    with open_lake(settings) as lake:
        document = compose_from_lake(
            lake,
            order,
            None,
            waivers=(),
            report_id="rpt_1",
            folder=tmp_path,
            now=NOW,
            weights=RiskWeights(),
            locale=open_locale(language),
        )
    assert sentence in next(message for message in document.key_messages if "1.json" in message)
    assert not any("0.json" in message for message in document.key_messages)
