"""Relates findings to requirements: by the framework's relations, and where it has none, by the findings' own.

In the reviewed edition each relation has a strength, contrary relations are absent, and the review's are added. There,
checks of other tools that nothing else relates get the requirements of the checks that they are related to.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final, TypeAlias

import polars as pl

from policycortex.frameworks.combined import id_within
from policycortex.frameworks.model import Framework
from policycortex.frameworks.related_crosswalk import relate_by_checks
from policycortex.frameworks.strengths import RelationStrengths, added_requirements, decided_requirements
from policycortex.names import ANY_FRAMEWORK, CrosswalkEdition, RelationStrength

_KEY: Final = ("provider", "check_id", "mapping_id")

RELATED_SCHEMA: Final = pl.Schema(dict.fromkeys((*_KEY, "requirement_id"), pl.String()))
"""Grain: tally key (provider, check_id, mapping_id) and one requirement in the framework's spelling; distinct."""

RELATION_SCHEMA: Final = pl.Schema({**RELATED_SCHEMA, "strength": pl.String()})
"""The same with ``strength``: ``direct`` or ``supporting``."""

_Key: TypeAlias = tuple[str, str, str]
_Named: TypeAlias = Mapping[str, Collection[tuple[str, str | None]]]
"""By mapping_id the framework's key and the requirement that findings name; None if the framework has none like it."""


def expand_crosswalk(framework: Framework, tallies: pl.DataFrame, mappings: pl.DataFrame) -> pl.DataFrame:
    """Relations (RELATION_SCHEMA) of every tally key, in order; keys related to no requirement are absent.

    ``tallies`` needs provider, check_id and mapping_id; ``mappings`` is MAPPING_SCHEMA. For one (provider, check) the
    framework's crosswalk decides alone if it has an entry, the named provider before ``*``. Else each mapping_id gives
    the requirements that its findings name: under one of the framework's keys, or without a framework under an id that
    this one has. The framework's edition decides whether strengths count; in the reviewed one related checks are last.
    """
    if framework.parts:
        return pl.concat([_within(part, expand_crosswalk(part, tallies, mappings)) for part in framework.parts])
    keys = _distinct_keys(framework, tallies)
    named = _named(framework, {mapping_id for *_, mapping_id in keys}, mappings)
    found = {(key, requirement_id) for key in keys for requirement_id in _found(framework, key, named)}
    if framework.edition is CrosswalkEdition.SCANNER:
        rows = {(*key, requirement_id, RelationStrength.DIRECT.value) for key, requirement_id in found}
    else:
        added = {(key, requirement_id) for key in keys for requirement_id in added_requirements(framework, *key[:2])}
        rows = {*_reviewed(framework, found | added), *_by_checks(framework, keys, named)}
    return pl.DataFrame(sorted(rows), schema=RELATION_SCHEMA, orient="row")


def _within(part: Framework, relations: pl.DataFrame) -> pl.DataFrame:
    """With the ids that the part's requirements have in the combined framework."""
    return relations.with_columns(requirement_id=pl.lit(id_within(part, "")) + pl.col("requirement_id"))


def _distinct_keys(framework: Framework, tallies: pl.DataFrame) -> set[_Key]:
    rows: Iterator[_Key] = tallies.select(_KEY).unique().iter_rows()
    return {row for row in rows if not framework.providers or row[0] in framework.providers}


def _found(framework: Framework, key: _Key, named: _Named) -> Iterator[str]:
    """The requirements that the framework relates to the key, or else those that its findings name."""
    decided = decided_requirements(framework, *key[:2])
    if decided is not None:
        yield from decided
    else:
        yield from (requirement_id for _, requirement_id in named.get(key[2], ()) if requirement_id is not None)


def _named(framework: Framework, mapping_ids: Collection[str], mappings: pl.DataFrame) -> _Named:
    wanted = {_folded(key) for key in (framework.id, *framework.finding_keys, ANY_FRAMEWORK)}
    ours = [key for key in mappings["framework_key"].unique().to_list() if _folded(key) in wanted]
    rows = mappings.filter(pl.col("framework_key").is_in(ours) & pl.col("mapping_id").is_in(list(mapping_ids)))
    spellings = framework.requirement_by_spelling()
    named: dict[str, list[tuple[str, str | None]]] = {}
    for mapping_id, key, uid in rows.select("mapping_id", "framework_key", "requirement_uid").drop_nulls().iter_rows():
        named.setdefault(mapping_id, []).append((key, spellings.get(uid.strip().casefold())))
    return named


def _is_named(key: _Key, named: _Named) -> bool:
    """Whether findings name a requirement of the framework, whether or not the framework has it."""
    return any(
        requirement_id is not None or framework_key != ANY_FRAMEWORK
        for framework_key, requirement_id in named.get(key[2], ())
    )


def _reviewed(framework: Framework, found: Collection[tuple[_Key, str]]) -> Iterator[tuple[str, str, str, str, str]]:
    """The relations that are not contrary, with their strength."""
    strengths = RelationStrengths(framework)
    for key, requirement_id in found:
        strength = strengths.of(key[0], key[1], requirement_id).strength
        if strength is not RelationStrength.CONTRARY:
            yield *key, requirement_id, strength.value


def _by_checks(framework: Framework, keys: Collection[_Key], named: _Named) -> Iterator[tuple[str, str, str, str, str]]:
    """Relations of what neither the framework nor the findings relate."""
    undecided = {key for key in keys if decided_requirements(framework, *key[:2]) is None and not _is_named(key, named)}
    related = relate_by_checks(framework, {key[:2] for key in undecided})
    for key in undecided:
        yield from ((*key, requirement_id, strength) for requirement_id, strength in related[key[:2]])


def _folded(key: str) -> str:
    """``soc2`` of ``SOC 2`` and ``iso270012022`` of ``ISO 27001:2022``; dots are kept: CIS 1.10 is not 11.0."""
    return re.sub(r"[\s_:-]", "", key.casefold())
