"""From tallies to a posture: the only module that decides the result of a requirement.

Tallies are few (checks, not findings), so that plain Python over aggregated frames is fast enough.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from policycortex.frameworks.combined import part_of
from policycortex.frameworks.conditions import count_open
from policycortex.frameworks.model import Framework, Requirement
from policycortex.names import CrosswalkEdition, RequirementResult, Severity
from policycortex.scoring.applicability import Exclusion, apply_exclusions
from policycortex.scoring.attestations import Statement
from policycortex.scoring.hierarchy import distinct_conclusions, distinct_facts, roll_up
from policycortex.scoring.model import Counts, Posture, RequirementAssessment
from policycortex.scoring.models import DEFAULT_MODEL, score_all
from policycortex.scoring.requirement_counts import (
    KEY,
    CountedRequirements,
    SeverityCounts,
    add_counts,
    by_severity,
    count_requirements,
    requirement_sets,
)
from policycortex.scoring.waived import waived_of_framework

_NOTHING_STATED: Final[Mapping[str, Statement]] = {}
_NONE: Final = CountedRequirements(by_severity={}, checks={}, direct=frozenset())


def assess_posture(
    framework: Framework | None,
    *,
    tallies: pl.DataFrame,
    relations: pl.DataFrame,
    waived: pl.DataFrame,
    exclusions: tuple[Exclusion, ...] = (),
    stated: Mapping[str, Statement] = _NOTHING_STATED,
) -> Posture:
    """Assess every requirement of ``framework``, or count all findings when it is None.

    ``tallies`` is TALLY_SCHEMA, ``waived`` WAIVED_SCHEMA; ``relations`` holds the distinct
    (provider, check_id, mapping_id, requirement_id) of the crosswalk, ids in the framework's spelling, and their
    ``strength``; without that column every relation is direct. ``exclusions`` are the requirements that do not apply;
    they change requirement results, and no count of the framework's findings. ``stated`` is what people state of
    requirements in the whole scope; it changes neither results nor counts.
    """
    if framework is None:
        return posture_of(None, (), by_severity(tallies, waived_of_framework(waived, None, {})))
    related = tallies.join(relations.select(KEY).unique(), on=KEY, how="semi")
    totals = by_severity(related, waived_of_framework(waived, framework.id, requirement_sets(relations)))
    providers = frozenset(tallies["provider"].unique().to_list())
    basis = _basis(framework.id, tallies, relations, waived, exclusions)
    requirements = tuple(
        _assess_requirement(r, basis(r.id), is_manual=_is_manual(r, providers, framework), stated=stated.get(r.id))
        for r in framework.requirements
    )
    if framework.edition is CrosswalkEdition.REVIEWED:
        requirements = roll_up(requirements)
    return posture_of(framework, requirements, totals)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Basis:
    """What decides one requirement."""

    by_severity: SeverityCounts
    """Findings that count for it."""
    checks: Sequence[str]
    is_direct: bool
    """A finding passes whose check tests the requirement."""
    excluded: Counts
    """Findings where it does not apply."""
    is_applicable: bool


def _basis(
    framework_id: str,
    tallies: pl.DataFrame,
    relations: pl.DataFrame,
    waived: pl.DataFrame,
    exclusions: tuple[Exclusion, ...],
) -> Callable[[str], _Basis]:
    """The basis of each requirement, by its id."""

    def count(tallies: pl.DataFrame, waived: pl.DataFrame) -> CountedRequirements:
        return count_requirements(tallies, relations, waived, framework_id)

    every = count(tallies, waived)
    applicable = apply_exclusions(exclusions, tallies, waived, count)

    def of(id_: str) -> _Basis:
        counted = _NONE if id_ in applicable.nowhere else applicable.counts.get(id_, every)
        own, whole = counted.by_severity.get(id_, {}), every.by_severity.get(id_, {})
        return _Basis(
            by_severity=own,
            checks=every.checks.get(id_, ()),
            is_direct=id_ in counted.direct,
            excluded=Counts() if counted is every else _less(add_counts(whole.values()), add_counts(own.values())),
            is_applicable=id_ not in applicable.nowhere,
        )

    return of


def _less(whole: Counts, part: Counts) -> Counts:
    return Counts(
        passed=whole.passed - part.passed,
        failed=whole.failed - part.failed,
        manual=whole.manual - part.manual,
        muted=whole.muted - part.muted,
        waived=whole.waived - part.waived,
    )


def posture_of(
    framework: Framework | None, requirements: tuple[RequirementAssessment, ...], totals: SeverityCounts
) -> Posture:
    """The posture with these results; ``totals`` are the distinct findings of the framework by severity."""
    counts = add_counts(totals.values())
    is_reviewed = framework is not None and framework.edition is CrosswalkEdition.REVIEWED
    return Posture(
        framework_id=framework.id if framework else None,
        framework_version=framework.version if framework else None,
        requirements=requirements,
        counts=counts,
        failed_by_severity={s.value: totals.get(s.value, Counts()).failed for s in Severity},
        scores=score_all(
            requirements,
            counts,
            totals,
            facts=distinct_facts(requirements) if is_reviewed else None,
            concluded=distinct_conclusions(requirements) if is_reviewed else None,
        ),
        default_model=DEFAULT_MODEL,
    )


def _assess_requirement(
    requirement: Requirement, basis: _Basis, *, is_manual: bool, stated: Statement | None
) -> RequirementAssessment:
    counts = add_counts(basis.by_severity.values())
    needs_person = is_manual and not counts.total and basis.is_applicable
    return RequirementAssessment(
        id=requirement.id,
        title=requirement.title,
        section=requirement.section,
        result=_result(counts, basis, needs_person=needs_person),
        counts=add_counts((counts, Counts(manual=1))) if needs_person else counts,
        checks=tuple(basis.checks),
        by_severity=basis.by_severity,
        weight=requirement.weight,
        level_of_risk=requirement.level_of_risk,
        parent=requirement.parent,
        kind=requirement.kind,
        description=requirement.description,
        tags=requirement.tags,
        open_conditions=count_open(requirement.conditions, basis.checks),
        excluded=basis.excluded,
        stated=stated if basis.is_applicable else None,
    )


def _result(counts: Counts, basis: _Basis, *, needs_person: bool) -> RequirementResult:
    """A failing finding decides, whatever the strength of its relation."""
    if not basis.is_applicable:
        return RequirementResult.NOT_APPLICABLE
    if needs_person:
        return RequirementResult.MANUAL
    if counts.failed:
        return RequirementResult.NON_COMPLIANT
    if not counts.passed:
        return RequirementResult.NOT_ASSESSED
    return RequirementResult.COMPLIANT if basis.is_direct else RequirementResult.SUPPORTING_EVIDENCE


def _is_manual(requirement: Requirement, providers: frozenset[str], framework: Framework) -> bool:
    """Whether no provider in scope has a check for it, so that a person must assess it.

    Without findings in scope, those providers of the framework are considered for which it names manual requirements.
    In the reviewed edition the review's answer has precedence.
    """
    if framework.parts:
        part, own_id = part_of(framework, requirement.id)
        return _is_manual(replace(requirement, id=own_id), providers, part)
    if framework.review is not None and framework.edition is CrosswalkEdition.REVIEWED:
        reviewed = framework.review.is_manual(requirement.id)
        if reviewed is not None:
            return reviewed
    if "*" in requirement.manual_for:
        return True
    concerned = providers & framework.providers if framework.providers else providers
    known = concerned or framework.providers or frozenset(provider for provider, _ in framework.crosswalk.relations)
    if not concerned:
        known = known & _providers_with_manual(framework) or known
    return bool(known) and known <= requirement.manual_for


def _providers_with_manual(framework: Framework) -> frozenset[str]:
    """Providers for which some requirement is manual. Sources of relations for further providers name none."""
    return frozenset().union(*(each.manual_for for each in framework.requirements))
