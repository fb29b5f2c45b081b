"""Relates findings to requirements: by the framework's relations, and where it has none, by the findings' own.

In the reviewed edition each relation has a strength, contrary relations are absent, and the review's are added. There,
checks of other tools that nothing else relates get the requirements of the checks that they are related to.
"""

import re
from collections.abc import Iterator
from typing import Final

import polars as pl

from policycortex.frameworks.combined import id_within
from policycortex.frameworks.model import Framework
from policycortex.frameworks.related_crosswalk import relate_by_checks
from policycortex.frameworks.strengths import RelationStrengths, added_relations
from policycortex.names import ANY_FRAMEWORK, CrosswalkEdition, RelationStrength

_KEY: Final = ("provider", "check_id", "mapping_id")
_PAIR: Final = ("provider", "check_id")

RELATED_SCHEMA: Final = pl.Schema(dict.fromkeys((*_KEY, "requirement_id"), pl.String()))
"""Grain: tally key (provider, check_id, mapping_id) and one requirement in the framework's spelling; distinct."""

RELATION_SCHEMA: Final = pl.Schema({**RELATED_SCHEMA, "strength": pl.String()})
"""The same with ``strength``: ``direct`` or ``supporting``."""


def expand_crosswalk(framework: Framework, tallies: pl.DataFrame, mappings: pl.DataFrame) -> pl.DataFrame:
    """Relations (RELATION_SCHEMA) of every tally key; keys related to no requirement are absent.

    ``tallies`` needs provider, check_id and mapping_id; ``mappings`` is MAPPING_SCHEMA. For one (provider, check) the
    framework's crosswalk decides alone if it has an entry, the named provider before ``*``. Else each mapping_id gives
    the requirements that its findings name: under one of the framework's keys, or without a framework under an id that
    this one has. The framework's edition decides whether strengths count; in the reviewed one related checks are last.
    """
    if framework.parts:
        return pl.concat([_within(part, expand_crosswalk(part, tallies, mappings)) for part in framework.parts])
    keys = _distinct_keys(framework, tallies)
    decided = _decided_by_catalog(framework, keys)
    by_catalog = keys.join(decided.explode("requirement_id"), on=_PAIR).drop_nulls("requirement_id")
    named = _named(framework, keys, decided, mappings)
    by_findings = named.drop_nulls("requirement_id")
    columns = [*_KEY, "requirement_id"]
    found = pl.concat([by_catalog.select(columns), by_findings.select(columns)])
    if framework.edition is CrosswalkEdition.SCANNER:
        return found.unique().with_columns(strength=pl.lit(RelationStrength.DIRECT.value))
    reviewed = _with_strengths(framework, pl.concat([found, _added(framework, keys)]).unique())
    undecided = keys.join(decided, on=_PAIR, how="anti").join(_naming(named), on=_KEY, how="anti")
    return pl.concat([reviewed, relate_by_checks(framework, undecided).select(list(RELATION_SCHEMA))]).unique()


def _within(part: Framework, relations: pl.DataFrame) -> pl.DataFrame:
    """With the ids that the part's requirements have in the combined framework."""
    return relations.with_columns(requirement_id=pl.lit(id_within(part, "")) + pl.col("requirement_id"))


def _naming(named: pl.DataFrame) -> pl.DataFrame:
    """Keys whose findings name a requirement of the framework, whether or not the framework has it."""
    is_ours = pl.col("requirement_id").is_not_null() | (pl.col("framework_key") != ANY_FRAMEWORK)
    return named.filter(is_ours).select(_KEY).unique()


def _with_strengths(framework: Framework, found: pl.DataFrame) -> pl.DataFrame:
    """The relations that are not contrary, with their strength."""
    strengths = RelationStrengths(framework)
    distinct = found.select(*_PAIR, "requirement_id").unique()
    rows = [(*row, strengths.of(*row).strength.value) for row in distinct.iter_rows()]
    schema = dict.fromkeys((*_PAIR, "requirement_id", "strength"), pl.String())
    kept = pl.DataFrame(rows, schema=schema, orient="row").filter(pl.col("strength") != RelationStrength.CONTRARY.value)
    return found.join(kept, on=[*_PAIR, "requirement_id"]).select(list(RELATION_SCHEMA))


def _added(framework: Framework, keys: pl.DataFrame) -> pl.DataFrame:
    """Relations that the review adds, to requirements that the framework has."""
    schema = dict.fromkeys((*_PAIR, "requirement_id"), pl.String())
    known = {requirement.id for requirement in framework.requirements}
    rows = [row for row in added_relations(framework) if row[2] in known]
    return keys.join(pl.DataFrame(rows, schema=schema, orient="row"), on=_PAIR).select(*_KEY, "requirement_id")


def _distinct_keys(framework: Framework, tallies: pl.DataFrame) -> pl.DataFrame:
    keys = tallies.select(pl.col(_KEY).cast(pl.String)).unique()
    return keys.filter(pl.col("provider").is_in(framework.providers)) if framework.providers else keys


def _decided_by_catalog(framework: Framework, keys: pl.DataFrame) -> pl.DataFrame:
    """(provider, check_id) with an entry in the crosswalk, and its list of requirements, which may be empty."""
    rows = list(_entries(framework, keys.select(_PAIR).unique()))
    schema = {"provider": pl.String(), "check_id": pl.String(), "requirement_id": pl.List(pl.String)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _entries(framework: Framework, pairs: pl.DataFrame) -> Iterator[tuple[str, str, list[str]]]:
    relations = framework.crosswalk.relations
    for provider, check_id in pairs.iter_rows():
        ids = relations.get((provider, check_id), relations.get(("*", check_id)))
        if ids is not None:
            yield provider, check_id, list(ids)


def _named(framework: Framework, keys: pl.DataFrame, decided: pl.DataFrame, mappings: pl.DataFrame) -> pl.DataFrame:
    """Requirements that findings of other keys name, with ``requirement_id``; null if the framework has none."""
    wanted = {_folded(key) for key in (framework.id, *framework.finding_keys, ANY_FRAMEWORK)}
    ours = [key for key in mappings["framework_key"].unique().to_list() if _folded(key) in wanted]
    named = keys.join(decided, on=_PAIR, how="anti").join(
        mappings.filter(pl.col("framework_key").is_in(ours)), on="mapping_id"
    )
    spellings = framework.requirement_by_spelling()
    uids = named["requirement_uid"].unique().drop_nulls().to_list()
    spelled = {"requirement_uid": uids, "requirement_id": [spellings.get(uid.strip().casefold()) for uid in uids]}
    known = pl.DataFrame(spelled, schema=dict.fromkeys(spelled, pl.String))
    return named.join(known, on="requirement_uid")


def _folded(key: str) -> str:
    """``soc2`` of ``SOC 2`` and ``iso270012022`` of ``ISO 27001:2022``; dots are kept: CIS 1.10 is not 11.0."""
    return re.sub(r"[\s_:-]", "", key.casefold())
