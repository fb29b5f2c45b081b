"""Findings that count towards no requirement: how many, of which providers and checks."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from policycortex.frameworks.model import Crosswalk, Framework
from policycortex.scoring.model import TALLY_SCHEMA
from policycortex.scoring.unrelated import UnrelatedCheck, UnrelatedProvider, count_unrelated

KEYS = ("provider", "check_id", "mapping_id")
RELATIONS = pl.Schema(dict.fromkeys((*KEYS, "requirement_id"), pl.String()))
Row = tuple[str, str, str, str, int, int, int, int]


def framework(*providers: str) -> Framework:
    """A framework written for these providers, or for any."""
    empty = Crosswalk(version="1")
    return Framework(
        id="f", name="F", version="1", requirements=(), crosswalk=empty, providers=frozenset(providers)
    )  # fmt: skip


def tallies(*rows: Row) -> pl.DataFrame:
    """Rows of TALLY_SCHEMA."""
    return pl.DataFrame(list(rows), schema=TALLY_SCHEMA, orient="row")


def relations(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    """Relations of tally keys."""
    return pl.DataFrame(list(rows), schema=RELATIONS, orient="row")


def test_findings_are_counted_by_provider_and_check() -> None:
    """Muted and manual ones too; a check is related per mapping, so that a part of its findings may count."""
    found = count_unrelated(
        framework(),
        tallies(
            ("aws", "related", "m", "high", 5, 4, 0, 0),
            ("aws", "half", "m", "high", 1, 1, 0, 0),
            ("aws", "half", "n", "high", 2, 3, 0, 0),
            ("aws", "silent", "", "low", 0, 0, 1, 6),
            ("azure", "vm", "", "low", 7, 0, 0, 0),
            ("azure", "vm", "", "high", 0, 2, 0, 0),
        ),
        relations(("aws", "related", "m", "R1"), ("aws", "related", "m", "R2"), ("aws", "half", "m", "R1")),
    )
    assert (found.findings, found.total) == (21, 32)
    assert found.providers == (
        UnrelatedProvider(provider="aws", findings=12, total=23, is_outside=False),
        UnrelatedProvider(provider="azure", findings=9, total=9, is_outside=False),
    )
    assert [provider.is_whole for provider in found.providers] == [False, True]
    assert found.checks == (
        UnrelatedCheck(provider="aws", check_id="half", findings=5, failed=3),
        UnrelatedCheck(provider="azure", check_id="vm", findings=9, failed=2),
        UnrelatedCheck(provider="aws", check_id="silent", findings=7, failed=0),
    )


def test_a_provider_that_the_framework_is_not_written_for_is_outside() -> None:
    """CIS AWS and findings of Google Cloud."""
    found = count_unrelated(framework("aws"), tallies(("gcp", "c", "", "low", 1, 0, 0, 0)), relations())
    assert [provider.is_outside for provider in found.providers] == [True]


def test_nothing_is_unrelated_where_every_finding_counts_or_there_is_none() -> None:
    """No provider and no check is named."""
    related = count_unrelated(
        framework(), tallies(("aws", "c", "m", "low", 1, 0, 0, 0)), relations(("aws", "c", "m", "R"))
    )
    assert (related.findings, related.total, related.providers, related.checks) == (0, 1, (), ())
    assert count_unrelated(framework(), tallies(), relations()).total == 0


_names = st.sampled_from(("a", "b", ""))
_counts = st.integers(0, 5)
_rows = st.lists(st.tuples(_names, _names, _names, st.just("low"), _counts, _counts, _counts, _counts), max_size=12)


@given(rows=_rows, related=st.sets(st.tuples(_names, _names, _names), max_size=6))
def test_providers_and_checks_add_up_to_the_findings(rows: list[Row], related: set[tuple[str, str, str]]) -> None:
    """Whatever is related, the parts are the whole, and each key counts or does not."""
    found = count_unrelated(framework(), tallies(*rows), relations(*((*key, "R") for key in sorted(related))))
    assert found.findings == sum(each.findings for each in found.providers) == sum(c.findings for c in found.checks)
    assert found.findings == sum(sum(row[4:]) for row in rows if row[:3] not in related)
    assert found.total == sum(sum(row[4:]) for row in rows)
