"""The evidence of one requirement at one time: checks with counts, what people accept or state, and history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from policycortex.frameworks.model import Framework, Requirement
from policycortex.frameworks.profiles import with_parts
from policycortex.names import RelationStrength
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.attestations import Attestation
from policycortex.scoring.model import Counts, RequirementAssessment
from policycortex.scoring.requirement_counts import add_counts
from policycortex.scoring.waivers import Waiver
from policycortex.storage.lake.input_frames import RELATIONS_SCHEMA
from policycortex.storage.lake.lake import Lake
from policycortex.workflow.assessed_period import AssessedPeriod, judge_period


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckEvidence:
    """One check with findings that count towards the requirement or a part of it."""

    check_id: str
    title: str
    severity: str
    """The worst of its findings."""
    providers: tuple[str, ...]
    strength: RelationStrength
    """Direct where one of its relations is."""
    scanners: tuple[str, ...]
    """Name and version of each scanner whose findings these are, sorted."""
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementFacts:
    """What is known of one requirement."""

    requirement: Requirement
    assessment: RequirementAssessment
    parts: tuple[str, ...]
    """Ids of its parts, in the framework's order."""
    counts: Counts
    """Distinct findings of the requirement and its parts."""
    checks: tuple[CheckEvidence, ...]
    """Failing ones first, then by id."""
    waivers: tuple[tuple[Waiver, int], ...]
    """Those that name the requirement or a part, or cover one of its findings, each with the findings it covers now."""
    attestations: tuple[Attestation, ...]
    """Those that name the requirement."""
    history: pl.DataFrame
    """``date`` and ``result`` of each evaluated day, oldest first, of the whole organisation."""


def read_requirement(
    lake: Lake,
    framework: Framework,
    requirement_id: str,
    scope: Scope,
    period: Period,
    *,
    waivers: Sequence[Waiver],
    attestations: Sequence[Attestation],
    now: datetime,
) -> RequirementFacts:
    """The evidence of ``requirement_id``, an id of the framework."""
    assessed = judge_period(lake, framework, scope, period, waivers=waivers, now=now, attestations=attestations)
    ids = with_parts(framework, [requirement_id])
    relations = _relations_to(assessed, ids)
    counted = lake.related_findings.count_related(
        scope, period, relations=relations, framework_id=framework.id, waivers=assessed.waivers
    )
    checks = _checks(counted.checks, relations)
    covered = dict(counted.waivers.iter_rows())
    history = lake.analytics.load_requirement_history(
        scope.organization, framework.id, period, edition=framework.stored_edition
    )
    return RequirementFacts(
        requirement=next(each for each in framework.requirements if each.id == requirement_id),
        assessment=next(each for each in assessed.posture.requirements if each.id == requirement_id),
        parts=tuple(id_ for id_ in ids if id_ != requirement_id),
        counts=add_counts(check.counts for check in checks),
        checks=checks,
        waivers=tuple(
            (waiver, covered.get(waiver.id, 0))
            for waiver in waivers
            if covered.get(waiver.id) or _names(waiver, framework.id, ids)
        ),
        attestations=tuple(
            each
            for each in attestations
            if each.scope.framework == framework.id and requirement_id in each.scope.requirements
        ),
        history=history.filter(pl.col("requirement_id") == requirement_id).select("date", "result"),
    )


def _relations_to(assessed: AssessedPeriod, ids: Sequence[str]) -> pl.DataFrame:
    relations = assessed.relations if assessed.relations is not None else RELATIONS_SCHEMA.to_frame()
    return relations.filter(pl.col("requirement_id").is_in(list(ids)))


def _checks(counts: pl.DataFrame, relations: pl.DataFrame) -> tuple[CheckEvidence, ...]:
    known = {
        check_id: (providers, strengths)
        for check_id, providers, strengths in relations.group_by("check_id")
        .agg(pl.col("provider").unique().sort(), pl.col("strength").unique())
        .iter_rows()
    }
    found = [
        CheckEvidence(
            check_id=row["check_id"],
            title=row["title"] or "",
            severity=row["severity"],
            providers=tuple(known[row["check_id"]][0]),
            strength=_strongest(known[row["check_id"]][1]),
            scanners=tuple(row["scanners"]),
            counts=Counts(**{name: row[name] for name in ("passed", "failed", "manual", "muted", "waived")}),
        )
        for row in counts.iter_rows(named=True)
    ]
    return tuple(sorted(found, key=lambda check: (-check.counts.failed, check.check_id)))


def _strongest(strengths: Sequence[str]) -> RelationStrength:
    return RelationStrength.DIRECT if RelationStrength.DIRECT.value in strengths else RelationStrength.SUPPORTING


def _names(waiver: Waiver, framework_id: str, ids: Sequence[str]) -> bool:
    return waiver.scope.framework in {None, framework_id} and waiver.scope.requirement in ids
