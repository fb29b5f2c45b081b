"""The precedence rule, by hand: named provider before any, the framework before the findings, nothing lost."""

from collections.abc import Mapping

import polars as pl

from policycortex.frameworks.crosswalk import RELATION_SCHEMA, expand_crosswalk
from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.scoring.model import MAPPING_SCHEMA, TALLY_SCHEMA

Relations = Mapping[tuple[str, str], tuple[str, ...]]


def framework(relations: Relations, *, providers: frozenset[str] = frozenset()) -> Framework:
    """Requirements R1 (also r_1) and R2 under the finding key ``Tiny-2022``."""
    requirements = (
        Requirement(id="R1", title="One", section="S", aliases=("r_1",)),
        Requirement(id="R2", title="Two", section="S"),
    )
    return Framework(
        id="tiny",
        name="Tiny",
        version="2022",
        requirements=requirements,
        crosswalk=Crosswalk(version="1", relations=relations),
        finding_keys=("Tiny-2022",),
        providers=providers,
    )


def tallies(*keys: tuple[str, str, str]) -> pl.DataFrame:
    """One failing finding per (provider, check, mapping)."""
    return pl.DataFrame([(*key, "high", 0, 1, 0, 0) for key in keys], schema=TALLY_SCHEMA, orient="row")


def mappings(*rows: tuple[str, str, str]) -> pl.DataFrame:
    """Rows of (mapping, framework key, requirement as the scanner spells it)."""
    return pl.DataFrame(rows, schema=MAPPING_SCHEMA, orient="row")


def expanded(relations: Relations, keys: pl.DataFrame, named: pl.DataFrame) -> set[tuple[str, ...]]:
    """The relations as a set of rows."""
    frame = expand_crosswalk(framework(relations), keys, named)
    assert frame.schema == RELATION_SCHEMA
    assert frame.is_unique().all()
    assert set(frame["strength"]) <= {"direct"}
    return set(frame.drop("strength").rows())


def test_the_framework_decides_alone_where_it_says_anything() -> None:
    """The finding names R1, the framework says R2: R2 alone."""
    found = expanded({("aws", "c"): ("R2",)}, tallies(("aws", "c", "m")), mappings(("m", "Tiny-2022", "R1")))
    assert found == {("aws", "c", "m", "R2")}


def test_a_requirement_without_its_framework_maps_to_every_framework_that_has_it() -> None:
    """As a report's table names them; the framework's own relation wins."""
    named = mappings(("m", "*", "r_1"), ("m", "*", "CC6.1"))
    assert expanded({}, tallies(("aws", "c", "m")), named) == {("aws", "c", "m", "R1")}
    assert expanded({("*", "c"): ("R2",)}, tallies(("aws", "c", "m")), named) == {("aws", "c", "m", "R2")}


def test_keys_are_known_without_spaces_dashes_and_colons() -> None:
    """``Tiny 2022`` and ``TINY:2022`` are Tiny-2022; another version is not."""
    named = mappings(("m", "Tiny 2022", "R1"), ("m", "TINY:2022", "R2"), ("m", "Tiny-2013", "R2"), ("n", "Ti.ny", "R2"))
    keys = tallies(("aws", "c", "m"), ("aws", "c", "n"))
    assert expanded({}, keys, named) == {("aws", "c", "m", "R1"), ("aws", "c", "m", "R2")}


def test_findings_speak_where_the_framework_is_silent() -> None:
    """Key and requirement are known without regard to case; both spellings of R1 are one relation."""
    named = mappings(("m", "TINY-2022", "R_1"), ("m", "tiny-2022", " r1 "), ("m", "tiny", "R2"))
    assert expanded({}, tallies(("aws", "c", "m")), named) == {("aws", "c", "m", "R1"), ("aws", "c", "m", "R2")}


def test_an_empty_relation_silences_the_findings() -> None:
    """The framework states that the check maps to nothing."""
    assert not expanded({("aws", "c"): ()}, tallies(("aws", "c", "m")), mappings(("m", "Tiny-2022", "R1")))


def test_a_named_provider_goes_before_any() -> None:
    """``*`` stands for gcp, aws has its own word."""
    relations = {("*", "c"): ("R1",), ("aws", "c"): ("R2",)}
    found = expanded(relations, tallies(("aws", "c", "m"), ("gcp", "c", "m")), MAPPING_SCHEMA.to_frame())
    assert found == {("aws", "c", "m", "R2"), ("gcp", "c", "m", "R1")}


def test_another_version_of_the_framework_is_another_framework() -> None:
    """``Tiny-2013`` is not ``Tiny-2022``, though the ids are the same."""
    assert not expanded({}, tallies(("aws", "c", "m")), mappings(("m", "Tiny-2013", "R1")))


def test_a_framework_of_one_provider_hears_no_other() -> None:
    """Azure's findings name the same key, as Prowler writes ``CIS-6.0`` for both clouds."""
    keys = tallies(("aws", "c", "m"), ("azure", "d", "m"))
    tiny = framework({}, providers=frozenset({"aws"}))
    found = expand_crosswalk(tiny, keys, mappings(("m", "Tiny-2022", "R1")))
    assert found.rows() == [("aws", "c", "m", "R1", "direct")]


def test_requirements_that_the_framework_does_not_have_give_no_relation() -> None:
    """R9 is named under the framework's key, X under another's; the framework has neither."""
    named = mappings(("m", "Tiny-2022", "R9"), ("m", "Other", "X"))
    keys = tallies(("aws", "c", "m"), ("aws", "known", "m"))
    assert expanded({("aws", "known"): ("R1",)}, keys, named) == {("aws", "known", "m", "R1")}


def test_nothing_in_gives_nothing_out() -> None:
    """Empty frames keep their shape."""
    assert not expanded({("aws", "c"): ("R1",)}, TALLY_SCHEMA.to_frame(), MAPPING_SCHEMA.to_frame())
