"""Waivers in SQL: the macros, and that every query and the score exclude the same findings."""

from itertools import combinations
from pathlib import Path
from typing import Final

import polars as pl
import pytest

from policycortex.scoring.waived import waived_of_framework
from policycortex.storage.lake.input_frames import RELATIONS_SCHEMA, WAIVERS_SCHEMA
from policycortex.storage.lake.lake import Lake
from tests.support.backends import Backend
from tests.support.samples.lake_files import EVERYTHING, NOVEMBER, seen, take

LISTED: Final = {"c1": ["A", "B"], "c2": ["B"]}
"""Requirements of soc2 that each check is listed under."""
WAIVERS: Final[tuple[dict[str, str], ...]] = (
    {"framework": "soc2", "requirement_id": "A"},
    {"requirement_id": "B"},
    {"framework": "soc2", "resource_glob": "r1"},
    {"framework": "hipaa"},
    {"check_id": "c2", "account_id": "a1"},
    {"account_id": "a2", "requirement_id": "A", "resource_glob": "r[12]"},
)
_TRUTH: Final = """
SELECT coalesce(is_waived_for(is_whole, reached, requirements), false) AS is_waived,
    coalesce(is_whole OR list_has_all(reached, requirements), false) AS of_the_export,
    coalesce(is_whole OR (len(requirements) > 0 AND list_has_all(reached, requirements)), false) AS of_the_others,
    coalesce(len(requirements), -1) AS size
FROM (SELECT unnest([true, false]) AS is_whole)
    CROSS JOIN (SELECT unnest([[NULL], ['A'], ['A', 'B', NULL]]::VARCHAR[][]) AS reached)
    CROSS JOIN (SELECT unnest([NULL, [], ['A'], ['A', 'B'], ['C']]::VARCHAR[][]) AS requirements)
"""


@pytest.fixture
def backend(empty_home: Path) -> Backend:
    """A folder; ``test_both_backends.py`` compares the results with those on Postgres and S3."""
    return Backend(empty_home=empty_home)


def test_the_macro_replaces_both_former_conditions(lake: Lake) -> None:
    """They differ for an empty list of requirements only, which no query makes: relations give one or NULL."""
    with lake.session.cursor() as cursor:
        rows = cursor.execute(_TRUTH).fetchall()
    assert len(rows) == 30
    assert all(is_waived == of_the_others for is_waived, _, of_the_others, _ in rows)
    assert all(of_the_export == of_the_others for _, of_the_export, of_the_others, size in rows if size != 0)
    assert any(of_the_export != of_the_others for _, of_the_export, of_the_others, size in rows if size == 0)


def test_every_query_and_the_score_exclude_the_same_findings(lake: Lake, tmp_path: Path) -> None:
    """Each set of up to two waivers: export, states, risk and the score leave out equally many findings."""
    found = [
        seen(2, check, resource, account_id=account)
        for check in LISTED
        for resource in ("r1", "r2", "r3")
        for account in ("a1", "a2")
    ]
    take(lake, "a", found)
    relations = _relations(lake)
    for given in (*combinations(WAIVERS, 1), *combinations(WAIVERS, 2)):
        waivers = pl.DataFrame([{"waiver_id": f"w{n}"} | row for n, row in enumerate(given)], schema=WAIVERS_SCHEMA)
        assert len(set(_waived_counts(lake, tmp_path, relations, waivers))) == 1, given


def _waived_counts(lake: Lake, folder: Path, relations: pl.DataFrame, waivers: pl.DataFrame) -> tuple[int, ...]:
    """The number of waived findings: of the export, of the states, of the risk items and of the score."""
    export, states = folder / "export.parquet", folder / "states.parquet"
    lake.findings_export.write_findings(
        EVERYTHING, NOVEMBER, path=export, relations=relations, framework_id="soc2", waivers=waivers
    )
    lake.analytics.write_states(
        EVERYTHING, NOVEMBER, path=states, waivers=waivers, relations=relations, framework_id="soc2"
    )
    risk = lake.analytics.load_risk_items(
        EVERYTHING, NOVEMBER, waivers=waivers, relations=relations, framework_id="soc2"
    )
    waived = lake.findings.load_waived(EVERYTHING, NOVEMBER, waivers)
    keys = relations.select("provider", "check_id", "mapping_id").unique().rows()
    scored = waived_of_framework(waived, "soc2", {key: set(LISTED[key[1]]) for key in keys})
    return (
        int(pl.read_parquet(export)["waived"].sum()),
        int(pl.read_parquet(states)["is_waived"].sum()),
        12 - int(risk["failed"].sum()),
        sum(scored.values()),
    )


def _relations(lake: Lake) -> pl.DataFrame:
    """LISTED for every tally key of the lake."""
    keys = lake.period_end.load_tallies(EVERYTHING, NOVEMBER).select("provider", "check_id", "mapping_id").unique()
    rows = [(check, requirement, n) for check, names in LISTED.items() for n, requirement in enumerate(names)]
    crosswalk = pl.DataFrame(rows, schema=["check_id", "requirement_id", "ordinal"], orient="row")
    return keys.join(crosswalk, on="check_id").select(RELATIONS_SCHEMA.names())
