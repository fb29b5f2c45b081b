"""The period-end posture: of each account, only each check's newest scan counts, with all its findings."""

from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import polars as pl
import pytest

from policycortex.documents.tables import COVERAGE_SCHEMA
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.model import MAPPING_SCHEMA, TALLY_SCHEMA
from policycortex.storage.lake.lake import Lake
from policycortex.storage.lake.period_end import CHECK_FACTS_SCHEMA
from tests.support.backends import Backend
from tests.support.samples.lake_files import EVERYTHING, NOVEMBER, ORGANIZATION, at, counts, seen, take


@pytest.fixture
def backend(empty_home: Path) -> Backend:
    """A folder; ``test_both_backends.py`` compares the results with those on Postgres and S3."""
    return Backend(empty_home=empty_home)


def test_an_empty_lake_gives_empty_frames_of_the_right_shape(lake: Lake) -> None:
    """No row, every column, right types."""
    assert lake.period_end.load_tallies(EVERYTHING, NOVEMBER).schema == TALLY_SCHEMA
    daily = lake.period_end.load_daily_tallies(EVERYTHING, NOVEMBER)
    assert daily.drop("observed_date", "newest_on", "oldest_on").schema == TALLY_SCHEMA
    assert lake.period_end.load_mappings(ORGANIZATION).schema == MAPPING_SCHEMA
    assert lake.period_end.load_scan_coverage(EVERYTHING, NOVEMBER).schema == COVERAGE_SCHEMA
    assert lake.period_end.load_check_facts(EVERYTHING, NOVEMBER, ["c1"]).schema == CHECK_FACTS_SCHEMA
    assert lake.period_end.load_tallies(EVERYTHING, NOVEMBER).is_empty()


def test_a_finding_counts_muted_first_else_by_its_status(lake: Lake) -> None:
    """Muted failures are not failures, muted passes are not passes."""
    outcomes = [("PASS", False), ("FAIL", False), ("MANUAL", False), ("FAIL", True), ("PASS", True)]
    take(lake, "a", [seen(2, resource=f"r{n}", status=s, is_muted=m) for n, (s, m) in enumerate(outcomes)])
    assert counts(lake) == {"c1": (1, 1, 1, 2)}


def test_the_newest_scan_of_a_check_replaces_older_ones_whole(lake: Lake) -> None:
    """On day 2 r1 and r2 fail; day 5 has only r1, which passes: r2 is dropped with the older scan."""
    take(lake, "a", [seen(2, resource="r1"), seen(2, resource="r2")])
    take(lake, "b", [seen(5, resource="r1", status="PASS")])
    assert counts(lake) == {"c1": (1, 0, 0, 0)}


def test_a_partial_scan_replaces_only_the_checks_it_covered(lake: Lake) -> None:
    """On the same day a second scan runs c2 only; c1 stays from the morning."""
    take(lake, "a", [seen(2, "c1"), seen(2, "c2")])
    take(lake, "b", [seen(2, "c2", status="PASS", scan_uid="evening", observed_at=at(2, 18))])
    assert counts(lake) == {"c1": (0, 1, 0, 0), "c2": (1, 0, 0, 0)}


def test_each_account_and_source_has_its_own_newest_scan(lake: Lake) -> None:
    """A newer scan of one account does not replace older scans of another account or scanner."""
    take(lake, "a", [seen(2), seen(2, account_id="other"), seen(2, source="checkov", resource_uid="f")])
    take(lake, "b", [seen(9, status="PASS")])
    assert counts(lake) == {"c1": (1, 2, 0, 0)}


def test_what_was_last_seen_before_the_period_does_not_count(lake: Lake) -> None:
    """A scan of 2 November is not in a period that starts on the third, nor in its coverage."""
    take(lake, "a", [seen(2), seen(4, "c2")])
    late = Period(start=datetime(2026, 11, 3, tzinfo=UTC), end=NOVEMBER.end)
    assert counts(lake, period=late) == {"c2": (0, 1, 0, 0)}
    assert lake.period_end.load_scan_coverage(EVERYTHING, late)["checks"].to_list() == [1]


def test_a_period_cut_within_a_day_takes_the_scans_inside_it(lake: Lake) -> None:
    """The bounds are times: 06:00 is in [06:00, 12:00), 12:00 is not."""
    take(lake, "a", [seen(2)])
    take(lake, "b", [seen(2, status="PASS", scan_uid="noon", observed_at=at(2, 12))])
    assert counts(lake, period=Period(start=at(2, 6), end=at(2, 12))) == {"c1": (0, 1, 0, 0)}
    assert counts(lake, period=Period(start=at(2, 7), end=at(2, 13))) == {"c1": (1, 0, 0, 0)}


def test_filters_apply_after_the_selection_of_scans(lake: Lake) -> None:
    """r1 moved from production to staging: with the filter production its old finding does not return."""
    take(lake, "a", [seen(2, environment_tag="production")])
    take(lake, "b", [seen(5, environment_tag="staging")])
    assert counts(lake, Scope(organization=ORGANIZATION, environments=("production",))) == {}
    assert counts(lake, Scope(organization=ORGANIZATION, environments=("staging",))) == {"c1": (0, 1, 0, 0)}


@pytest.mark.parametrize(
    ("scope", "checks"),
    [
        (Scope(organization=ORGANIZATION, cloud_providers=("azure",)), {"c2"}),
        (Scope(organization=ORGANIZATION, accounts=("a1", "a2")), {"c1", "c2"}),
        (Scope(organization=ORGANIZATION, accounts=("a1",), cloud_providers=("azure",)), set()),
        (Scope(organization="nobody"), set()),
    ],
)
def test_scope_filters_are_joined_by_and(lake: Lake, scope: Scope, checks: set[str]) -> None:
    """Empty filters filter nothing."""
    take(lake, "a", [seen(2, account_id="a1"), seen(2, "c2", account_id="a2", provider="azure"), seen(2, "c3")])
    assert set(counts(lake, scope)) == checks


def test_environment_is_the_tag_else_the_account_table_else_unknown(lake: Lake) -> None:
    """A tag has precedence over the table; an account in neither is unknown."""
    found = [
        seen(2, "tagged", account_id="a1", environment_tag="production"),
        seen(2, "tabled", account_id="a1", environment_tag=None),
        seen(2, "neither", account_id="a2", environment_tag=None),
    ]
    receipt = take(lake, "a", found)
    lake.state.rebuild_state(receipt.dates, {"a1": "staging"})
    by_environment = {
        e: set(counts(lake, Scope(organization=ORGANIZATION, environments=(e,)))) for e in ("staging", "unknown")
    }
    assert by_environment == {"staging": {"tabled"}, "unknown": {"neither"}}


def test_the_same_scan_from_two_files_counts_once(lake: Lake) -> None:
    """An array and the same as NDJSON: equal findings count with the greater number, not the sum."""
    take(lake, "array", [seen(2), seen(2), seen(2, "c2")])
    take(lake, "ndjson", [seen(2), seen(2, "c2"), seen(2, "c2"), seen(2, "c3")])
    assert counts(lake) == {"c1": (0, 2, 0, 0), "c2": (0, 2, 0, 0), "c3": (0, 1, 0, 0)}
    assert lake.reconciliation.load_reconciliation([seen(2).observed_at.date()])["is_reconciled"].all()


def test_within_one_file_nothing_is_ever_dropped(lake: Lake) -> None:
    """Scanners repeat uids; three equal findings of one file are three."""
    take(lake, "a", [seen(2)] * 3)
    assert counts(lake) == {"c1": (0, 3, 0, 0)}


def test_two_exports_of_a_scannerless_format_are_two_scans(lake: Lake) -> None:
    """ASFF has no scan id: the newer export counts, although some of its findings are older than the first's."""
    first = [seen(10, resource="r1", scan_uid=""), seen(3, resource="r2", scan_uid="")]
    second = [seen(20, resource="r1", status="PASS", scan_uid=""), seen(3, resource="r2", scan_uid="")]
    take(lake, "first", first, format_name="asff")
    take(lake, "second", second, format_name="asff")
    assert counts(lake) == {"c1": (1, 1, 0, 0)}


def test_a_late_file_reopens_only_the_days_it_touches(lake: Lake) -> None:
    """Its day is counted again; a later day's newer scan still decides the period-end posture."""
    take(lake, "b", [seen(9, status="PASS")])
    receipt = take(lake, "late", [seen(2)])
    assert [day.day for day in receipt.dates] == [2]
    daily = lake.period_end.load_daily_tallies(EVERYTHING, NOVEMBER)
    found = daily.select(pl.col("observed_date").dt.day(), "passed", "failed").rows()
    assert found == [(day, 0, 1) for day in range(2, 9)] + [(day, 1, 0) for day in range(9, 31)]
    assert counts(lake) == {"c1": (1, 0, 0, 0)}


def test_the_order_of_imports_and_rebuilding_again_change_nothing(lake: Lake) -> None:
    """Every order of three files, rebuilt after each or once at the end, and rebuilt again: the same tallies."""
    files = {"a": [seen(2), seen(2, "c2")], "b": [seen(2), seen(2)], "c": [seen(5, "c2", status="PASS")]}
    found = []
    for number, order in enumerate(permutations(files)):
        for name in order:
            take(lake, name, files[name], organization=f"o{number}", rebuild=number in (0, 5))
        if number in (0, 5):
            found.append(counts(lake, Scope(organization=f"o{number}")))
    lake.state.rebuild_state([at(2, 0).date(), at(5, 0).date()])
    found += [counts(lake, Scope(organization=f"o{number}")) for number in range(6)]
    assert all(each == {"c1": (0, 2, 0, 0), "c2": (1, 0, 0, 0)} for each in found)


def test_mappings_are_what_findings_name(lake: Lake) -> None:
    """One mapping_id per distinct set of names, stored once."""
    take(lake, "a", [seen(2, relations='{"HIPAA":["h1"],"SOC2":["cc_6_1","cc_6_2"]}'), seen(2, relations="{}")])
    take(lake, "b", [seen(3, relations='{"HIPAA":["h1"],"SOC2":["cc_6_1","cc_6_2"]}')])
    mappings = lake.period_end.load_mappings(ORGANIZATION)
    assert mappings.select("framework_key", "requirement_uid").rows() == [
        ("HIPAA", "h1"),
        ("SOC2", "cc_6_1"),
        ("SOC2", "cc_6_2"),
    ]
    assert mappings["mapping_id"].n_unique() == 1
    assert mappings["mapping_id"][0] in lake.period_end.load_tallies(EVERYTHING, NOVEMBER)["mapping_id"]


def test_check_facts_are_the_newest_texts_and_the_worst_severity(lake: Lake) -> None:
    """Of two scans the newer one's title is used; of two severities in it the worse one."""
    take(lake, "a", [seen(2, title="old")])
    take(lake, "b", [seen(5, title="new", severity="low"), seen(5, resource="r2", title="new", severity="critical")])
    (fact,) = lake.period_end.load_check_facts(EVERYTHING, NOVEMBER, ["c1"]).to_dicts()
    assert (fact["title"], fact["severity"]) == ("new", "critical")


def test_a_snapshot_keeps_what_was_read_from_it(lake: Lake) -> None:
    """After a later import the old snapshot still has the old counts, and is read-only."""
    take(lake, "a", [seen(2)])
    then = lake.snapshot()
    take(lake, "b", [seen(5, status="PASS")])
    with lake.at(then) as old:
        assert old.snapshot() == then
        assert counts(old) == {"c1": (0, 1, 0, 0)}
    assert counts(lake) == {"c1": (1, 0, 0, 0)}
