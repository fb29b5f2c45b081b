"""Relates findings of other tools to requirements, by the Prowler checks that theirs are related to.

A relation of a check that tests only a part of the Prowler check is supporting at most, so that it never makes a
requirement compliant. Where several Prowler checks lead to one requirement the strongest relation counts.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from policycortex.frameworks.model import Framework
from policycortex.frameworks.related_checks import load_related_checks
from policycortex.frameworks.strengths import ANY_PROVIDER, RelationStrengths, added_relations
from policycortex.names import RelationStrength

_PAIR: Final = ("provider", "check_id")
_SCHEMA: Final = pl.Schema(dict.fromkeys((*_PAIR, "requirement_id", "strength"), pl.String()))


def relate_by_checks(framework: Framework, keys: pl.DataFrame) -> pl.DataFrame:
    """Relations, with strength, of ``keys`` (tally keys that neither the framework nor the findings relate)."""
    rows = list(_rows(framework, keys.select(_PAIR).unique()))
    return keys.join(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), on=_PAIR)


def _rows(framework: Framework, pairs: pl.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    known, strengths = load_related_checks(), RelationStrengths(framework)
    requirement_ids = {requirement.id for requirement in framework.requirements}
    added: dict[tuple[str, str], list[str]] = {}
    for provider, check_id, requirement_id in added_relations(framework):
        if requirement_id in requirement_ids:
            added.setdefault((provider, check_id), []).append(requirement_id)
    for provider, check_id in pairs.iter_rows():
        found: dict[str, RelationStrength] = {}
        of = provider or known.provider_of(check_id)
        for related in known.find(of, check_id):
            for requirement_id in _requirement_ids(framework, added, of, related.check):
                strength = strengths.of(of, related.check, requirement_id).strength
                if strength is RelationStrength.DIRECT and related.is_partial:
                    strength = RelationStrength.SUPPORTING
                found[requirement_id] = _stronger(strength, found.get(requirement_id))
        for requirement_id, strength in found.items():
            if strength is not RelationStrength.CONTRARY:
                yield provider, check_id, requirement_id, strength.value


def _requirement_ids(
    framework: Framework, added: Mapping[tuple[str, str], list[str]], provider: str, check_id: str
) -> set[str]:
    relations = framework.crosswalk.relations
    ids = relations.get((provider, check_id), relations.get((ANY_PROVIDER, check_id), ()))
    return {*ids, *added.get((provider, check_id), ())}


def _stronger(one: RelationStrength, other: RelationStrength | None) -> RelationStrength:
    order = (RelationStrength.DIRECT, RelationStrength.SUPPORTING, RelationStrength.CONTRARY)
    return one if other is None else min(one, other, key=order.index)
