"""The export of a report's findings: one complete file in total order for any chunk size; waivers by finding."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from policycortex.documents.model import FindingsTable
from policycortex.documents.tables import DIMENSION_SCHEMA, FAILING_CHECKS_SCHEMA, FINDING_COLUMNS
from policycortex.scope import Scope
from policycortex.scoring.model import WAIVED_SCHEMA
from policycortex.storage.lake import findings_export
from policycortex.storage.lake.finding_filter import EVERY_FINDING
from policycortex.storage.lake.findings_plan import widened
from policycortex.storage.lake.input_frames import RELATIONS_SCHEMA, WAIVERS_SCHEMA
from policycortex.storage.lake.lake import Lake
from policycortex.storage.lake.scan_selection import period_end_cursor
from policycortex.storage.lake.session import sql
from tests.support.backends import Backend
from tests.support.samples.lake_files import EVERYTHING, NOVEMBER, ORGANIZATION, seen, take


@pytest.fixture
def backend(empty_home: Path) -> Backend:
    """A folder; ``test_both_backends.py`` compares the results with those on Postgres and S3."""
    return Backend(empty_home=empty_home)


def waivers(*rows: dict[str, str]) -> pl.DataFrame:
    """Waivers w0, w1...; a missing field matches all."""
    return pl.DataFrame([{"waiver_id": f"w{n}"} | row for n, row in enumerate(rows)], schema=WAIVERS_SCHEMA)


def relations_of(lake: Lake, rows: Iterable[tuple[str, str, int]]) -> pl.DataFrame:
    """Check, requirement and ordinal, for every tally key of the check."""
    keys = lake.period_end.load_tallies(EVERYTHING, NOVEMBER).select("provider", "check_id", "mapping_id").unique()
    crosswalk = pl.DataFrame(list(rows), schema=["check_id", "requirement_id", "ordinal"], orient="row")
    return keys.join(crosswalk, on="check_id").select(RELATIONS_SCHEMA.names())


def test_only_waivers_are_compared_with_each_finding(lake: Lake) -> None:
    """DuckDB joins all else by equal keys; one by one, a page of a million findings took 22 s."""
    take(lake, "a", [seen(2, "c0", f"r{n}", status) for n in range(4) for status in ("PASS", "FAIL")])
    frames = {"relations": RELATIONS_SCHEMA.to_frame(), "waivers": WAIVERS_SCHEMA.to_frame()}
    bounds = widened(widened({}, 12, "c0"), 32, "c0") | {"skipped": 0, "limit": None}
    given = EVERY_FINDING.parameters() | bounds | {"is_related": True, "framework_id": "soc2"}
    with period_end_cursor(lake.session, EVERYTHING, NOVEMBER, frames) as (cursor, parameters):
        (_, plan), *_ = cursor.execute(f"EXPLAIN {sql('export_findings')}", parameters | given).fetchall()
    assert plan.count("HASH_JOIN") >= 5
    assert plan.count("NL_JOIN") + plan.count("NESTED_LOOP_JOIN") == 1


def test_findings_are_sorted_failing_first_then_by_severity_then_by_name(lake: Lake, tmp_path: Path) -> None:
    """The order of the findings table does not depend on the order of the file and the size of a chunk."""
    found = [
        seen(2, f"c{n % 3}", f"r{n % 5}", status, severity=severity)
        for n in range(8)
        for status in ("PASS", "FAIL", "MANUAL")
        for severity in ("low", "critical", "high")
    ]
    take(lake, "a", found[::-1])
    path = tmp_path / "deep" / "found.parquet"
    assert lake.findings_export.write_findings(EVERYTHING, NOVEMBER, path=path) == len(found)
    frame = pl.read_parquet(path)
    status, severity = ["FAIL", "MANUAL", "PASS"], ["critical", "high", "low"]
    keys = [
        (status.index(r["status"]), severity.index(r["severity"]), r["check_id"], r["resource_uid"])
        for r in frame.to_dicts()
    ]
    assert keys == sorted(keys)
    assert frame.columns == list(FINDING_COLUMNS)
    assert frame.schema["observed_at"] == pl.Datetime("us", "UTC")
    assert frame.schema["requirements"] == pl.List(pl.String)
    assert frame["observed_at"][0] == datetime(2026, 11, 2, 6, tzinfo=UTC)


def test_chunks_tile_the_order(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In chunks of seven findings or in one: the same rows in the same order, none lost or repeated."""
    found = [seen(2, f"c{n % 4}", f"r{n}", "PASS" if n % 3 else "FAIL", account_id=f"a{n % 2}") for n in range(60)]
    take(lake, "a", found + found[:10])
    lake.findings_export.write_findings(EVERYTHING, NOVEMBER, path=tmp_path / "one.parquet")
    monkeypatch.setattr(findings_export, "_CHUNK_ROWS", 7)
    monkeypatch.setattr(findings_export, "_BATCH_ROWS", 3)
    monkeypatch.setattr(findings_export, "_TEXTS_HELD", 1)
    assert lake.findings_export.write_findings(EVERYTHING, NOVEMBER, path=tmp_path / "many.parquet") == 70
    assert pl.read_parquet(tmp_path / "one.parquet").equals(pl.read_parquet(tmp_path / "many.parquet"))


def test_a_finding_carries_the_evidence_of_its_scan(lake: Lake, tmp_path: Path) -> None:
    """Failing since the first day of the unbroken failing; the scanner's words and the file; numbers in the order."""
    take(lake, "first.json", [seen(2, "c1", "r1", status_detail="open since long")])
    given = {"resource_name": "bucket", "account_name": "Shop", "source_version": "5.30.0"}
    take(
        lake,
        "second.json",
        [seen(5, "c1", "r1", status_detail="r1 is open", **given), seen(5, "c2", "r2", "PASS"), seen(5, "c3", "r3")],
    )
    lake.analytics.rebuild_ages([date(2026, 11, 2), date(2026, 11, 5)])
    path = tmp_path / "f.parquet"
    lake.findings_export.write_findings(EVERYTHING, NOVEMBER, path=path)
    first, second, last = pl.read_parquet(path).to_dicts()
    assert [row["number"] for row in (first, second, last)] == ["F-001", "F-002", "F-003"]
    assert (first["status_detail"], first["resource_name"], first["account_name"]) == ("r1 is open", "bucket", "Shop")
    assert (first["source_version"], first["scan"], first["source_file"]) == ("5.30.0", "scan-5", "second.json")
    assert first["source_file_sha256"] == sha256(b"second.json").hexdigest()
    assert (first["first_failed_on"], second["first_failed_on"]) == (date(2026, 11, 2), date(2026, 11, 5))
    assert (last["status"], last["first_failed_on"]) == ("PASS", None)


def test_no_findings_are_an_empty_table(lake: Lake, tmp_path: Path) -> None:
    """A file with all columns and no row, which the documents can read."""
    assert lake.findings_export.write_findings(EVERYTHING, NOVEMBER, path=tmp_path / "none.parquet") == 0
    assert FindingsTable(path=tmp_path / "none.parquet", total=0).head(5).columns == list(FINDING_COLUMNS)
    assert lake.findings.load_dimensions(tmp_path / "none.parquet").schema == DIMENSION_SCHEMA
    failing = lake.findings.load_failing_checks(EVERYTHING, NOVEMBER, tmp_path / "none.parquet")
    assert failing.schema == FAILING_CHECKS_SCHEMA


def test_with_relations_only_related_findings_come_with_their_requirements_in_order(lake: Lake, tmp_path: Path) -> None:
    """Requirements have the framework's order, not the alphabet's; an unrelated check is left out."""
    take(lake, "a", [seen(2, "c1"), seen(2, "c2")])
    relations = relations_of(lake, [("c1", "A.10", 2), ("c1", "A.9", 1)])
    assert (
        lake.findings_export.write_findings(EVERYTHING, NOVEMBER, path=tmp_path / "f.parquet", relations=relations) == 1
    )
    assert pl.read_parquet(tmp_path / "f.parquet")["requirements"].to_list() == [["A.9", "A.10"]]


def test_tables_counted_from_the_exported_file_agree_with_it(lake: Lake, tmp_path: Path) -> None:
    """Each dimension has the same sum of findings; failing checks exclude muted and waived findings."""
    found = [
        seen(2, "c1", "r1", severity="critical", region="eu"),
        seen(2, "c1", "r2", severity="critical", region="us"),
        seen(2, "c1", "r3", severity="critical", is_muted=True),
        seen(2, "c1", "r4", severity="critical"),
        seen(2, "c2", "r1", "PASS", account_id="other"),
    ]
    take(lake, "a", found)
    path = tmp_path / "f.parquet"
    lake.findings_export.write_findings(EVERYTHING, NOVEMBER, path=path, waivers=waivers({"resource_glob": "r4"}))
    dimensions = lake.findings.load_dimensions(path)
    sums = dimensions.group_by("dimension").agg(pl.col("passed", "failed", "critical", "high").sum())
    assert {row[1:] for row in sums.rows()} == {(1, 2, 2, 0)}
    (failing,) = lake.findings.load_failing_checks(EVERYTHING, NOVEMBER, path).to_dicts()
    assert (failing["check_id"], failing["failed"], failing["accounts"], failing["resources"]) == ("c1", 2, 1, 2)


def test_a_finding_of_several_waivers_is_counted_once(lake: Lake) -> None:
    """r1 is covered for a requirement and for soc2, r2 for soc2 only, r3 not: the counts are disjoint."""
    take(lake, "a", [seen(2, resource=r) for r in ("r1", "r2", "r3")])
    given = waivers(
        {"framework": "soc2", "requirement_id": "CC6.1", "resource_glob": "r1"},
        {"framework": "soc2", "resource_glob": "r[12]"},
        {"framework": "soc2", "check_id": "c1", "account_id": "acc", "resource_glob": "r2"},
    )
    waived = lake.findings.load_waived(EVERYTHING, NOVEMBER, given)
    assert waived.schema == WAIVED_SCHEMA
    whole, one = {"framework": "soc2", "requirement_id": None}, {"framework": "soc2", "requirement_id": "CC6.1"}
    by_reach = {tuple(sorted(map(str, row["reaches"]))): row["waived"] for row in waived.to_dicts()}
    assert by_reach == {tuple(sorted(map(str, (whole, one)))): 1, (str(whole),): 1}


def test_only_failing_unmuted_findings_of_the_period_end_posture_are_waived(lake: Lake) -> None:
    """Passing and muted findings need no waiver; an older scan's failure does not count."""
    take(lake, "a", [seen(2, "c1", "old"), seen(2, "c2")])
    take(lake, "b", [seen(5, "c1", "r1", "PASS"), seen(5, "c1", "r2", is_muted=True), seen(5, "c1", "r3")])
    waived = lake.findings.load_waived(EVERYTHING, NOVEMBER, waivers({}))
    assert dict(waived.select("check_id", "waived").rows()) == {"c1": 1, "c2": 1}
    assert lake.findings.load_waived(
        Scope(organization=ORGANIZATION, accounts=("x",)), NOVEMBER, waivers({})
    ).is_empty()
    assert lake.findings.load_waived(EVERYTHING, NOVEMBER, waivers()).schema == WAIVED_SCHEMA


@pytest.mark.parametrize(
    ("given", "is_waived"),
    [
        ([{"framework": "soc2", "requirement_id": "A"}], False),
        ([{"framework": "soc2", "requirement_id": "A"}, {"requirement_id": "B"}], True),
        ([{"framework": "soc2"}], True),
        ([{"framework": "hipaa"}], False),
        ([{"check_id": "other"}], False),
        ([{"resource_glob": "r*"}], True),
    ],
)
def test_a_listed_finding_is_waived_when_every_requirement_of_it_is(
    lake: Lake, tmp_path: Path, given: list[dict[str, str]], is_waived: bool
) -> None:
    """The check is related to A and B of soc2: with a waiver for A only, B still fails."""
    take(lake, "a", [seen(2)])
    path = tmp_path / "f.parquet"
    lake.findings_export.write_findings(
        EVERYTHING,
        NOVEMBER,
        path=path,
        relations=relations_of(lake, [("c1", "A", 1), ("c1", "B", 2)]),
        framework_id="soc2",
        waivers=waivers(*given),
    )
    assert pl.read_parquet(path)["waived"].to_list() == [is_waived]
