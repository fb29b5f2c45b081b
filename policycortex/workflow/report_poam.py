"""Reads the plan of action of a report from the lake at one snapshot."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from policycortex.documents.milestones import StatedMilestone
from policycortex.documents.poam import PoamEvidence
from policycortex.frameworks.combined import joint_id
from policycortex.frameworks.crosswalk import RELATION_SCHEMA, expand_crosswalk
from policycortex.frameworks.model import Framework
from policycortex.period import Period
from policycortex.requests.model import ReportRequest, framework_ids
from policycortex.scope import Scope
from policycortex.scoring.approvals import known_moment
from policycortex.scoring.poam import NumberedWeakness, find_weaknesses, number_weaknesses
from policycortex.scoring.waivers import Waiver
from policycortex.storage.lake.lake import Lake
from policycortex.workflow.assessed_period import AssessedPeriod

_KEY: Final = ["source", "provider", "account_id", "check_id"]


def read_poam(
    lake: Lake,
    request: ReportRequest,
    framework: Framework | None,
    assessed: AssessedPeriod,
    *,
    waivers: Sequence[Waiver],
    milestones: Sequence[StatedMilestone],
    exported: Path,
    now: datetime,
) -> PoamEvidence:
    """The weaknesses in the request's scope as known at the end of its period, and what items are made from."""
    found = read_weaknesses(
        lake,
        request.scope,
        request.period,
        framework_id=request.framework,
        in_force=assessed.waivers,
        waivers=waivers,
        exported=exported,
        now=now,
    )
    found = replace(found, milestones=tuple(_as_named(milestones, request)))
    return found if framework is None else replace(found, relations=_relations(framework, found.known, assessed))


def _as_named(milestones: Sequence[StatedMilestone], request: ReportRequest) -> Iterator[StatedMilestone]:
    """Those of the request's frameworks and of whole weaknesses, with requirements as the report names them."""
    ids = framework_ids(request)
    for each in milestones:
        if each.framework is None or each.requirement is None:
            yield each
        elif each.framework in ids:
            yield replace(each, requirement=joint_id(each.framework, each.requirement)) if len(ids) > 1 else each


def read_weaknesses(
    lake: Lake,
    scope: Scope,
    period: Period,
    *,
    framework_id: str | None,
    in_force: pl.DataFrame,
    waivers: Sequence[Waiver],
    exported: Path,
    now: datetime,
) -> PoamEvidence:
    """The same without relations to requirements. ``in_force`` (WAIVERS_SCHEMA) are those that count.

    ``exported`` has the failing findings of the period-end posture.
    """
    moment = known_moment(period, now)
    weaknesses = _known_weaknesses(lake, scope, moment)
    known = lake.poam.load_known(scope.organization, moment).filter(pl.col("observed_at") < moment)
    counting = set(in_force["waiver_id"])
    return PoamEvidence(
        weaknesses=weaknesses,
        known=_of_weaknesses(known, weaknesses),
        relations=None,
        failing=lake.poam.load_failing(exported, in_force, framework_id),
        owners=lake.poam.load_owners(scope, period, exported),
        waivers={waiver.id: waiver for waiver in waivers if waiver.id in counting},
    )


def _known_weaknesses(lake: Lake, scope: Scope, moment: datetime) -> tuple[NumberedWeakness, ...]:
    """Numbered over the whole history, as the numbers were given; then cut at the moment.

    What is known at a time is the beginning of what is known later, so both agree on the openings.
    """
    levels = lake.poam.load_levels(scope.organization)
    numbers, scans = lake.poam.load_numbers(scope.organization), lake.poam.load_numbered_scans(scope.organization)
    numbered = number_weaknesses(find_weaknesses(levels), numbers, scans)
    then = {(each.key, each.opened): each for each in find_weaknesses(levels, until=moment)}
    return tuple(
        NumberedWeakness(
            weakness=then[each.weakness.key, each.weakness.opened],
            number=each.number,
            previous=each.previous,
            has_previous=each.has_previous,
            merged=each.merged,
        )
        for each in numbered
        if (each.weakness.key, each.weakness.opened) in then and _is_in_scope(each, scope)
    )


def _is_in_scope(numbered: NumberedWeakness, scope: Scope) -> bool:
    key = numbered.weakness.key
    return (not scope.cloud_providers or key.provider in scope.cloud_providers) and (
        not scope.accounts or key.account_id in scope.accounts
    )


def _of_weaknesses(known: pl.DataFrame, weaknesses: Sequence[NumberedWeakness]) -> pl.DataFrame:
    keys = pl.DataFrame(
        [tuple(each.weakness.key) for each in weaknesses], schema=dict.fromkeys(_KEY, pl.String()), orient="row"
    ).unique()
    return known.join(keys, on=_KEY, how="semi")


def _relations(framework: Framework, known: pl.DataFrame, assessed: AssessedPeriod) -> pl.DataFrame:
    """Also of checks that were not scanned in the period."""
    keys = known.select("provider", "check_id", "mapping_id").unique()
    if keys.is_empty():
        return RELATION_SCHEMA.to_frame()
    return expand_crosswalk(framework, keys, assessed.mappings)
