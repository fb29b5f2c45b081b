"""What does not count towards any requirement: in the answer of an import, and stored for the answer of the API."""

import json
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex.storage.registry.unrelated import UnrelatedRow
from policycortex.workflow.ingest import IngestSummary, ingest_files
from policycortex.workflow.posture import rebuild_days, rescore_days, score_days
from tests.unit.findings.ocsf_records import ocsf_record

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A new home."""
    return Settings(home=tmp_path / "home", frameworks_dir=tmp_path / "frameworks")


def record(check_id: str, provider: str, number: int) -> Mapping[str, Any]:
    """A failing Prowler record that names no requirement itself."""
    made = ocsf_record()
    made["metadata"]["event_code"] = check_id
    made["cloud"]["provider"] = provider
    made["finding_info"]["uid"] = f"{check_id}-{number}"
    made["resources"][0]["uid"] = f"resource-{number}"
    made["unmapped"] = {"scan_id": "scan-1"}
    return made


def ingested(settings: Settings, folder: Path, *records: Mapping[str, Any]) -> IngestSummary:
    """Import the records as one file, and assess their days."""
    path = folder / "scan.json"
    path.write_text(json.dumps(records))
    done = ingest_files(settings, [path], organization="acme", now=NOW)
    rebuild_days(settings, done.dates)
    score_days(settings, done.dates, now=NOW)
    return done


def stored(settings: Settings, framework_id: str) -> tuple[UnrelatedRow, ...]:
    """What the API would read."""
    with closing(open_registry(settings)) as registry:
        found = registry.unrelated.find_rows("acme", framework_id)
    assert found is not None
    return found[1]


RECORDS = (
    record("cloudtrail_multi_region_enabled", "aws", 1),
    record("our_own_check", "aws", 2),
    record("our_own_check", "aws", 3),
    record("storage_secure_transfer_required_is_enabled", "azure", 4),
)


def test_an_import_names_checks_without_requirement_and_providers_without_relation(
    settings: Settings, tmp_path: Path
) -> None:
    """Two of four findings count nowhere; the Azure finding counts towards SOC 2 and towards nothing of NIST."""
    relations = ingested(settings, tmp_path, *RECORDS).relations
    assert relations is not None
    assert relations.by_framework["soc2"].findings == 2
    assert relations.by_framework["nist_800_53"].findings == 3
    assert relations.lines == (
        (
            "2 of 4 findings count towards no requirement of any framework; checks (1 of 1): our_own_check; "
            "relate them in a crosswalk file (policycortex frameworks add)"
        ),
        "no finding of azure counts towards nist_csf, nist_800_53, nist_800_53_low, nist_800_53_high (findings: 1)",
    )


def test_a_provider_that_counts_nowhere_is_in_the_first_line_only(settings: Settings, tmp_path: Path) -> None:
    """No list of all frameworks beside it; an import of related findings has no line."""
    alone = ingested(settings, tmp_path, record("our_own_check", "cloudflare", 1)).relations
    assert alone is not None
    assert [line[:53] for line in alone.lines] == ["1 of 1 findings count towards no requirement of any f"]
    related = ingested(settings, tmp_path, record("cloudtrail_multi_region_enabled", "aws", 1)).relations
    assert related is not None
    assert related.lines == ()


def test_the_scoring_stores_what_the_answer_to_a_request_names(settings: Settings, tmp_path: Path) -> None:
    """By framework and provider, with the first checks; a framework for another cloud is outside."""
    ingested(settings, tmp_path, *RECORDS)
    aws = UnrelatedRow(
        provider="aws", findings=2, total=3, is_outside=False, checks=("our_own_check",), checks_total=1
    )  # fmt: skip
    azure = UnrelatedRow(
        provider="azure", findings=1, total=1, is_outside=False, checks_total=1,
        checks=("storage_secure_transfer_required_is_enabled",),
    )  # fmt: skip
    assert stored(settings, "soc2") == (aws,)
    assert stored(settings, "nist_800_53") == (aws, azure)
    assert [row.is_outside for row in stored(settings, "cis_aws") if row.provider == "azure"] == [True]


@pytest.mark.parametrize(
    ("relations", "uncounted"),
    [
        ("checks: {aws: [cloudtrail_multi_region_enabeld]}", ("cloudtrail_multi_region_enabled", "our_own_check")),
        ("manual_for: ['*']", ("cloudtrail_multi_region_enabled", "our_own_check")),
        ("checks: {aws: [cloudtrail_multi_region_enabled]}", ("our_own_check",)),
    ],
    ids=["mistyped", "empty", "right"],
)
def test_a_framework_with_a_mistyped_check_or_without_checks_is_reported(
    settings: Settings, tmp_path: Path, relations: str, uncounted: tuple[str, ...]
) -> None:
    """Its findings are named by check after the framework is added to a home with findings."""
    ingested(settings, tmp_path, *RECORDS)
    folder = tmp_path / "frameworks"
    folder.mkdir()
    text = f"id: own\nname: Own\nversion: '1'\nrequirements:\n  - id: R1\n    title: Trails\n    {relations}\n"
    (folder / "own.yaml").write_text(text)
    rescore_days(settings, now=NOW)
    (aws, azure) = stored(settings, "own")
    assert sorted(aws.checks) == sorted(uncounted)
    assert (azure.findings, azure.total) == (1, 1)


def test_a_broken_framework_file_does_not_stop_an_import(settings: Settings, tmp_path: Path) -> None:
    """The findings are kept; the scoring raises the error of the file."""
    (tmp_path / "frameworks").mkdir()
    (tmp_path / "frameworks" / "own.yaml").write_text("id: [")
    path, lines = tmp_path / "scan.json", list[str]()
    path.write_text(json.dumps([record("our_own_check", "aws", 1)]))
    done = ingest_files(settings, [path], organization="acme", now=NOW, progress=lines.append)
    assert (done.kept, done.relations) == (1, None)
    assert any("own.yaml" in line for line in lines)


def test_rows_of_an_earlier_day_do_not_replace_those_of_a_later_one(settings: Settings) -> None:
    """A backfill of an old day leaves the newest counts."""
    row = UnrelatedRow(provider="aws", findings=1, total=2, is_outside=False, checks=("c",), checks_total=1)
    with closing(open_registry(settings)) as registry:
        registry.unrelated.replace_rows("acme", date(2026, 11, 20), {"soc2": [row]})
        registry.unrelated.replace_rows("acme", date(2026, 11, 19), {"soc2": []})
        assert registry.unrelated.find_rows("acme", "soc2") == (date(2026, 11, 20), (row,))
        assert registry.unrelated.find_rows("other", "soc2") is None
        registry.unrelated.replace_rows("acme", date(2026, 11, 20), {"hipaa": []})
        assert registry.unrelated.find_rows("acme", "soc2") is None
        assert registry.unrelated.find_rows("acme", "hipaa") == (date(2026, 11, 20), ())
