"""From tallies to a posture: the only module that decides the result of a requirement.

Tallies are few (checks, not findings), so that plain Python over aggregated frames is fast enough.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias

import polars as pl

from policycortex.frameworks.conditions import count_open
from policycortex.frameworks.model import Framework, Requirement
from policycortex.names import CrosswalkEdition, RelationStrength, RequirementResult, Severity
from policycortex.scoring.hierarchy import distinct_facts, roll_up
from policycortex.scoring.model import Counts, Posture, RequirementAssessment
from policycortex.scoring.models import DEFAULT_MODEL, score_all
from policycortex.scoring.waived import waived_by_requirement, waived_of_framework

KEY: Final = ("provider", "check_id", "mapping_id")
_OUTCOMES: Final = ("passed", "failed", "manual", "muted")

SeverityCounts: TypeAlias = dict[str, Counts]


def assess_posture(
    framework: Framework | None, *, tallies: pl.DataFrame, relations: pl.DataFrame, waived: pl.DataFrame
) -> Posture:
    """Assess every requirement of ``framework``, or count all findings when it is None.

    ``tallies`` is TALLY_SCHEMA, ``waived`` WAIVED_SCHEMA; ``relations`` holds the distinct
    (provider, check_id, mapping_id, requirement_id) of the crosswalk, ids in the framework's spelling, and their
    ``strength``; without that column every relation is direct.
    """
    if framework is None:
        return _assess_all(tallies, waived)
    related = tallies.join(relations.select(KEY).unique(), on=KEY, how="semi")
    requirement_sets = _requirement_sets(relations)
    totals = _by_severity(related, waived_of_framework(waived, framework.id, requirement_sets))
    per_requirement = _by_requirement(tallies.join(relations, on=KEY), waived, framework.id, requirement_sets)
    checks = _checks_by_requirement(related, relations)
    direct = _passed_directly(tallies, relations)
    providers = frozenset(tallies["provider"].unique().to_list())
    requirements = tuple(
        _assess_requirement(
            r,
            per_requirement.get(r.id, {}),
            checks.get(r.id, ()),
            is_manual=_is_manual(r, providers, framework),
            is_direct=r.id in direct,
        )
        for r in framework.requirements
    )
    if framework.edition is CrosswalkEdition.REVIEWED:
        requirements = roll_up(requirements)
    return _posture(framework, requirements, totals)


def _assess_all(tallies: pl.DataFrame, waived: pl.DataFrame) -> Posture:
    return _posture(None, (), _by_severity(tallies, waived_of_framework(waived, None, {})))


def _posture(
    framework: Framework | None, requirements: tuple[RequirementAssessment, ...], totals: SeverityCounts
) -> Posture:
    counts = add_counts(totals.values())
    is_reviewed = framework is not None and framework.edition is CrosswalkEdition.REVIEWED
    return Posture(
        framework_id=framework.id if framework else None,
        framework_version=framework.version if framework else None,
        requirements=requirements,
        counts=counts,
        failed_by_severity={s.value: totals.get(s.value, Counts()).failed for s in Severity},
        scores=score_all(requirements, counts, totals, facts=distinct_facts(requirements) if is_reviewed else None),
        default_model=DEFAULT_MODEL,
    )


def _assess_requirement(
    requirement: Requirement, by_severity: SeverityCounts, checks: Sequence[str], *, is_manual: bool, is_direct: bool
) -> RequirementAssessment:
    counts = add_counts(by_severity.values())
    needs_person = is_manual and not counts.total
    return RequirementAssessment(
        id=requirement.id,
        title=requirement.title,
        section=requirement.section,
        result=RequirementResult.MANUAL if needs_person else _result(counts, is_direct=is_direct),
        counts=add_counts((counts, Counts(manual=1))) if needs_person else counts,
        checks=tuple(checks),
        by_severity=by_severity,
        weight=requirement.weight,
        level_of_risk=requirement.level_of_risk,
        parent=requirement.parent,
        kind=requirement.kind,
        description=requirement.description,
        tags=requirement.tags,
        open_conditions=count_open(requirement.conditions, checks),
    )


def _result(counts: Counts, *, is_direct: bool) -> RequirementResult:
    """``is_direct``: a finding passes whose check tests the requirement. A failing finding decides either way."""
    if counts.failed:
        return RequirementResult.NON_COMPLIANT
    if not counts.passed:
        return RequirementResult.NOT_ASSESSED
    return RequirementResult.COMPLIANT if is_direct else RequirementResult.SUPPORTING_EVIDENCE


def _passed_directly(tallies: pl.DataFrame, relations: pl.DataFrame) -> frozenset[str]:
    """Requirements with a passing finding by a direct relation."""
    direct = relations
    if "strength" in relations.columns:
        direct = relations.filter(pl.col("strength") == RelationStrength.DIRECT.value)
    passed = tallies.filter(pl.col("passed") > 0).join(direct, on=KEY)
    return frozenset(passed["requirement_id"].to_list())


def _is_manual(requirement: Requirement, providers: frozenset[str], framework: Framework) -> bool:
    """Whether no provider in scope has a check for it, so that a person must assess it.

    Without findings in scope, all providers of the framework are considered. In the reviewed edition the review's
    answer has precedence.
    """
    if framework.review is not None and framework.edition is CrosswalkEdition.REVIEWED:
        reviewed = framework.review.is_manual(requirement.id)
        if reviewed is not None:
            return reviewed
    if "*" in requirement.manual_for:
        return True
    concerned = providers & framework.providers if framework.providers else providers
    known = concerned or framework.providers or frozenset(provider for provider, _ in framework.crosswalk.relations)
    return bool(known) and known <= requirement.manual_for


def add_counts(many: Collection[Counts]) -> Counts:
    """Return the sum of each outcome."""
    return Counts(
        passed=sum(c.passed for c in many),
        failed=sum(c.failed for c in many),
        manual=sum(c.manual for c in many),
        muted=sum(c.muted for c in many),
        waived=sum(c.waived for c in many),
    )


def _by_severity(tallies: pl.DataFrame, waived: Mapping[str, int]) -> SeverityCounts:
    sums = tallies.group_by("severity").agg(pl.col(*_OUTCOMES).sum())
    return {row["severity"]: _counts(row, waived.get(row["severity"], 0)) for row in sums.iter_rows(named=True)}


def _by_requirement(
    joined: pl.DataFrame, waived: pl.DataFrame, framework_id: str, requirement_sets: Mapping[tuple[str, ...], set[str]]
) -> Mapping[str, SeverityCounts]:
    waived_counts = waived_by_requirement(waived, framework_id, requirement_sets)
    found: defaultdict[str, SeverityCounts] = defaultdict(dict)
    for row in joined.group_by("requirement_id", "severity").agg(pl.col(*_OUTCOMES).sum()).iter_rows(named=True):
        key = (row["requirement_id"], row["severity"])
        found[key[0]][key[1]] = _counts(row, waived_counts.get(key, 0))
    return found


def _counts(row: Mapping[str, Any], waived: int) -> Counts:
    return Counts(
        passed=row["passed"], failed=row["failed"] - waived, manual=row["manual"], muted=row["muted"], waived=waived
    )


def _requirement_sets(relations: pl.DataFrame) -> dict[tuple[str, ...], set[str]]:
    sets: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for provider, check_id, mapping_id, requirement_id in relations.select(*KEY, "requirement_id").iter_rows():
        sets[provider, check_id, mapping_id].add(requirement_id)
    return dict(sets)


def _checks_by_requirement(related: pl.DataFrame, relations: pl.DataFrame) -> Mapping[str, list[str]]:
    seen = relations.join(related.select(KEY).unique(), on=KEY, how="semi")
    grouped = seen.group_by("requirement_id").agg(pl.col("check_id").unique().sort())
    return dict(grouped.iter_rows())
