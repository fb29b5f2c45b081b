"""Laws of framework files and of the crosswalk, whatever they hold."""

import json

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from policycortex.errors import ConfigurationError
from policycortex.frameworks.crosswalk import expand_crosswalk
from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.frameworks.native import relations_version
from policycortex.frameworks.overlay import overlay
from policycortex.frameworks.reading import read_framework, write_framework
from policycortex.scoring.model import MAPPING_SCHEMA

_TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=12)
_PROVIDERS = st.sampled_from(["aws", "azure", "gcp", "*"])
_CHECKS = st.sampled_from(["c1", "c2", "c3", "check ü"])


@st.composite
def frameworks(draw: st.DrawFn, ids: tuple[str, ...] | None = None) -> Framework:
    """Any framework a file may hold, ids and aliases apart without case."""
    words = draw(st.lists(_TEXT, min_size=1, max_size=8, unique_by=str.casefold)) if ids is None else list(ids)
    split = draw(st.integers(1, len(words))) if ids is None else len(words)
    own, aliases = words[:split], words[split:]
    requirements = tuple(
        Requirement(
            id=id_,
            title=draw(_TEXT),
            section=draw(_TEXT),
            description=draw(_TEXT | st.just("")),
            aliases=tuple(aliases[n::split]),
            manual_for=draw(st.frozensets(_PROVIDERS)),
            weight=draw(st.none() | st.floats(0, 1000)),
            level_of_risk=draw(st.none() | st.integers(0, 5).map(float)),
        )
        for n, id_ in enumerate(own)
    )
    related = st.lists(st.sampled_from(own), unique=True).map(tuple)
    relations = draw(st.dictionaries(st.tuples(_PROVIDERS, _CHECKS), related, max_size=6))
    return Framework(
        id="any",
        name=draw(_TEXT),
        version=draw(_TEXT | st.just("")),
        requirements=requirements,
        crosswalk=Crosswalk(version=draw(_TEXT | st.just(relations_version(relations))), relations=relations),
        finding_keys=tuple(draw(st.lists(_TEXT, max_size=2))),
        providers=draw(st.frozensets(st.sampled_from(["aws", "azure"]))),
        source=draw(_TEXT | st.just("")),
    )


def is_read_or_refused(data: bytes) -> bool:
    """Whether the bytes are a framework, or refused with the problems named; anything else is raised."""
    try:
        return bool(read_framework(data, name="any").requirements)
    except ConfigurationError as error:
        return bool(error.details)


@given(frameworks())
@settings(deadline=None, max_examples=40)
def test_what_is_written_is_read_back(framework: Framework) -> None:
    """Parse of print is the same, for any framework."""
    assert read_framework(write_framework(framework), name="any.json", base={}) == framework


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(deadline=None, max_examples=40)
def test_any_bytes_are_a_framework_or_one_clear_error(data: bytes) -> None:
    """Nothing but ConfigurationError escapes, and it has details."""
    assert is_read_or_refused(data)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["id", "name", "version", "requirements", "Requirements", "Framework", "framework", "catalog",
                         "crosswalk", "checks", "title", "groups", "controls", "metadata", "aws", "Checks", "Id"]),
        inner,
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(["id", "requirements", "Requirements", "framework", "catalog", "crosswalk"]), _JSON)
)
@settings(deadline=None, max_examples=40)
def test_any_tree_is_a_framework_or_one_clear_error(tree: dict[str, object]) -> None:
    """Wrong types at any depth, in any of the forms."""
    assert is_read_or_refused(json.dumps(tree).encode())


@given(frameworks(("a", "b")), frameworks(("b", "c")))
@settings(deadline=None, max_examples=40)
def test_overlaying_twice_changes_nothing(user: Framework, base: Framework) -> None:
    """The user's word stands, the base fills in, and relations lead to the user's requirements only."""
    once = overlay(user, base)
    assert overlay(once, base) == once
    assert user.crosswalk.relations.items() <= once.crosswalk.relations.items()
    assert {i for ids in once.crosswalk.relations.values() for i in ids} <= {"a", "b"}


@given(frameworks(), st.data())
@settings(deadline=None, max_examples=40)
def test_order_and_splitting_of_tallies_change_nothing(framework: Framework, data: st.DataObject) -> None:
    """Each tally key is expanded for itself, whatever stands beside it."""
    spellings = [s for r in framework.requirements for s in (r.id.upper(), *r.aliases)]
    keys = data.draw(
        st.lists(st.tuples(st.sampled_from(["aws", "gcp"]), _CHECKS, st.sampled_from(["m", "n"])), max_size=8)
    )
    named = data.draw(
        st.lists(st.tuples(st.sampled_from(["m", "n"]), st.just("ANY"), st.sampled_from(spellings)), max_size=6)
    )
    schema = ["provider", "check_id", "mapping_id"]
    tallies = pl.DataFrame(keys, schema=dict.fromkeys(schema, pl.String), orient="row")
    mappings = pl.DataFrame(named, schema=MAPPING_SCHEMA, orient="row")
    whole = set(expand_crosswalk(framework, tallies, mappings).rows())
    apart = [expand_crosswalk(framework, tallies[n : n + 1], mappings.reverse()).rows() for n in range(len(keys))]
    assert whole == {row for rows in apart for row in rows}
    assert {row[:3] for row in whole} <= set(keys)
