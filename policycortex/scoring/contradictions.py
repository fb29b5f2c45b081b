"""Statements ``met`` that findings contradict: where a statement holds, its requirement fails."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import polars as pl

from policycortex.names import RequirementResult
from policycortex.scoring.applicability import AccountCounts
from policycortex.scoring.attestations import WHOLE, Attestation, Statement
from policycortex.scoring.model import Posture
from policycortex.scoring.requirement_counts import add_counts, count_requirements

Contradicted: TypeAlias = frozenset[tuple[str, str]]
"""Ids of an attestation and of a requirement."""


def find_contradictions(
    in_force: Iterable[Attestation],
    posture: Posture,
    limited: Mapping[str, AccountCounts],
    relations: pl.DataFrame,
) -> Contradicted:
    """Each statement with each requirement that fails where it holds.

    ``limited`` has the findings of the places of statements that do not hold everywhere, by attestation. ``relations``
    as for ``assess_posture``.
    """
    failing = {each.id for each in posture.requirements if each.result is RequirementResult.NON_COMPLIANT}
    stated = [each for each in in_force if each.statement is Statement.MET] if failing else []
    return frozenset(
        (each.id, id_)
        for each in stated
        for id_ in _failing_there(each, posture.framework_id or "", failing, limited, relations)
    )


def _failing_there(
    stated: Attestation,
    framework_id: str,
    failing: set[str],
    limited: Mapping[str, AccountCounts],
    relations: pl.DataFrame,
) -> Iterator[str]:
    candidates = [id_ for id_ in stated.scope.requirements if id_ in failing]
    if stated.scope.places == WHOLE or not candidates:
        yield from candidates
        return
    found = limited.get(stated.id, AccountCounts.none())
    counted = count_requirements(found.tallies, relations, found.waived, framework_id).by_severity
    for id_ in candidates:
        if add_counts(counted.get(id_, {}).values()).failed:
            yield id_
