"""Evidence counted from exported findings: checks, findings of waivers, and owners from resource tags."""

from pathlib import Path

import polars as pl
import pytest

from policycortex.documents.tables import CHECK_COUNTS_SCHEMA, OWNERS_SCHEMA
from policycortex.storage.lake.input_frames import WAIVERS_SCHEMA
from policycortex.storage.lake.lake import Lake
from tests.support.backends import Backend
from tests.support.samples.lake_files import EVERYTHING, NOVEMBER, seen, take


@pytest.fixture
def backend(empty_home: Path) -> Backend:
    """A folder; ``test_both_backends.py`` compares the results with those on Postgres and S3."""
    return Backend(empty_home=empty_home)


def _waivers(*rows: dict[str, str]) -> pl.DataFrame:
    return pl.DataFrame([{"waiver_id": f"w{n}"} | row for n, row in enumerate(rows)], schema=WAIVERS_SCHEMA)


def test_each_finding_of_a_check_counts_once(lake: Lake, tmp_path: Path) -> None:
    """r1 fails, r2 is muted, r3 waived, r4 passes; c1 keeps its worst severity."""
    take(
        lake,
        "a",
        [
            seen(2, "c1", "r1", severity="low"),
            seen(2, "c1", "r2", severity="critical", is_muted=True),
            seen(2, "c1", "r3", severity="high"),
            seen(2, "c1", "r4", "PASS", severity="high"),
            seen(2, "c2", "r1", "MANUAL", severity="low"),
        ],
    )
    path = tmp_path / "f.parquet"
    given = _waivers({"resource_glob": "r3"}, {"check_id": "c2"}, {"resource_glob": "r[13]"})
    lake.findings_export.write_findings(EVERYTHING, NOVEMBER, path=path, waivers=given.head(2))
    counts = lake.findings.load_check_counts(path)
    assert counts.schema == CHECK_COUNTS_SCHEMA
    assert counts.select("check_id", "severity", "passed", "failed", "manual", "muted", "waived").rows() == [
        ("c1", "critical", 1, 1, 0, 1, 1),
        ("c2", "low", 0, 0, 1, 0, 0),
    ]
    assert lake.findings.load_waiver_counts(path, given, None).rows() == [("w0", 1), ("w1", 0), ("w2", 2)]


def test_a_waiver_for_a_requirement_reaches_what_is_listed_under_it(tmp_path: Path, lake: Lake) -> None:
    """Another framework's waiver covers nothing."""
    take(lake, "a", [seen(2, "c1", "r1"), seen(2, "c2", "r2")])
    keys = lake.period_end.load_tallies(EVERYTHING, NOVEMBER).select("provider", "check_id", "mapping_id").unique()
    listed = pl.DataFrame({"check_id": ["c1", "c2"], "requirement_id": ["A.1", "A.2"], "ordinal": [0, 1]})
    path = tmp_path / "f.parquet"
    lake.findings_export.write_findings(EVERYTHING, NOVEMBER, path=path, relations=keys.join(listed, on="check_id"))
    given = _waivers({"framework": "iso27001", "requirement_id": "A.2"}, {"framework": "soc2", "requirement_id": "A.2"})
    assert lake.findings.load_waiver_counts(path, given, "iso27001").rows() == [("w0", 1), ("w1", 0)]


def test_related_findings_are_counted_as_their_export_is(lake: Lake, tmp_path: Path) -> None:
    """Muted, waived in part and whole, two texts, several requirements: each count is that of the exported file."""
    take(
        lake,
        "a",
        [
            seen(2, "c1", "r1", severity="low"),
            seen(2, "c1", "r2", severity="critical", is_muted=True),
            seen(2, "c1", "r3", severity="high"),
            seen(2, "c1", "r4", "PASS", severity="high"),
            seen(2, "c2", "r1", "MANUAL", severity="low"),
            seen(2, "c2", "r3"),
            seen(2, "c3", "r1"),
        ],
    )
    keys = lake.period_end.load_tallies(EVERYTHING, NOVEMBER).select("provider", "check_id", "mapping_id").unique()
    listed = pl.DataFrame(
        {"check_id": ["c1", "c1", "c2"], "requirement_id": ["A.1", "A.2", "A.2"], "ordinal": [0, 1, 1]}
    )
    given = _waivers(
        {"resource_glob": "r3", "framework": "soc2", "requirement_id": "A.2"},
        {"check_id": "c1", "resource_glob": "r1"},
        {"framework": "iso27001", "requirement_id": "A.1"},
        {"check_id": "c3"},
    )
    path = tmp_path / "f.parquet"
    for relations in (keys.join(listed, on="check_id"), keys.join(listed.clear(), on="check_id")):
        for waivers in (given, given.clear()):
            lake.findings_export.write_findings(
                EVERYTHING, NOVEMBER, path=path, relations=relations, framework_id="soc2", waivers=waivers
            )
            counted = lake.related_findings.count_related(
                EVERYTHING, NOVEMBER, relations=relations, framework_id="soc2", waivers=waivers
            )
            exported = lake.findings.load_check_counts(path)
            assert counted.checks.schema == CHECK_COUNTS_SCHEMA
            assert counted.checks.rows() == exported.rows()
            assert counted.waivers.rows() == lake.findings.load_waiver_counts(path, waivers, "soc2").rows()
            assert exported.height == (2 if len(relations) else 0)


def test_owners_come_from_tags_of_failing_resources(lake: Lake, tmp_path: Path) -> None:
    """The first key of the list is used, in any case; passing, older and untagged resources have no owner."""
    take(lake, "old", [seen(1, "c1", "r1", tags='{"owner":"gone"}')])
    take(
        lake,
        "new",
        [
            seen(2, "c1", "r1", tags='{"Team":"blue","Owner":"ann"}'),
            seen(2, "c1", "r2", tags='{"Owned_By":"ann"}'),
            seen(2, "c1", "r3", tags='{"team":"blue","nested":{"a":1}}'),
            seen(2, "c1", "r4", tags='{"owner":" "}'),
            seen(2, "c1", "r5"),
            seen(2, "c2", "r6", "PASS", tags='{"owner":"eve"}'),
        ],
    )
    path = tmp_path / "f.parquet"
    lake.findings_export.write_findings(EVERYTHING, NOVEMBER, path=path)
    owners = lake.findings.load_owners(EVERYTHING, NOVEMBER, path)
    assert owners.schema == OWNERS_SCHEMA
    assert owners.select("check_id", "owner", "resources").rows() == [("c1", "ann", 2), ("c1", "blue", 1)]


def test_nothing_found_has_no_checks_and_no_owners(lake: Lake, tmp_path: Path) -> None:
    """An empty period is no error."""
    path = tmp_path / "f.parquet"
    lake.findings_export.write_findings(EVERYTHING, NOVEMBER, path=path)
    assert lake.findings.load_check_counts(path).is_empty()
    assert lake.findings.load_owners(EVERYTHING, NOVEMBER, path).is_empty()
    assert lake.findings.load_waiver_counts(path, _waivers({}), "soc2").rows() == [("w0", 0)]
