"""Compares two reports, each read from the snapshot that it was made from."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from policycortex.documents.stored_summary import RiskComparison, compare_risk
from policycortex.errors import ConflictError
from policycortex.frameworks.combined import combine
from policycortex.frameworks.model import Framework
from policycortex.names import CrosswalkEdition, ReportStatus
from policycortex.requests.model import ReportRequest, framework_ids, request_from_json
from policycortex.scoring.attestations import Attestation
from policycortex.scoring.changes import explain_change
from policycortex.scoring.changes_model import PostureSide, ScoreChange
from policycortex.scoring.combined_records import attestations_within, waivers_within
from policycortex.scoring.compare import Comparison, RequirementChange, compare_findings, compare_requirements
from policycortex.scoring.model import Posture
from policycortex.scoring.waivers import Waiver
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.storage.private_folders import private_folder
from policycortex.storage.registry import ReportRow
from policycortex.workflow.analytics_days import relations_of, tally_keys
from policycortex.workflow.assessed_period import judge_period

_TALLY: Final = ("provider", "check_id", "mapping_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportComparison:
    """The changes from one report to another."""

    findings: Comparison
    requirements: tuple[RequirementChange, ...]
    change: ScoreChange
    before: Posture
    after: Posture
    risk: RiskComparison
    """The risk scores that both reports were made with."""
    editions: tuple[CrosswalkEdition | None, CrosswalkEdition | None]
    """Of the relations that each report uses; None without a framework."""

    @property
    def has_other_edition(self) -> bool:
        """Whether both have a framework, in different editions."""
        return None not in self.editions and len({*self.editions}) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One report, with the lake at the report's snapshot."""

    lake: Lake
    request: ReportRequest
    framework: Framework | None
    made_at: datetime
    path: Path


def compare_reports(
    settings: Settings,
    before: ReportRow,
    after: ReportRow,
    *,
    frameworks: Mapping[str, Framework],
    waivers: Sequence[Waiver],
    attestations: Sequence[Attestation] = (),
) -> ReportComparison:
    """Compare ``before`` with ``after``, in any order of time. Raises ConflictError unless both are completed."""
    for report in (before, after):
        if report.status is not ReportStatus.COMPLETED or report.snapshot is None:
            raise ConflictError(f"report {report.id} is {report.status.value}; only completed reports can be compared")
    with ExitStack() as stack, private_folder(settings) as folder:
        live = stack.enter_context(open_lake(settings))
        sides = [
            _side(stack, live, report, frameworks, folder / f"{number}.parquet")
            for number, report in enumerate((before, after))
        ]
        risk = compare_risk(before.summary or {}, after.summary or {})
        return _compare(sides, waivers, attestations, risk)


def _side(stack: ExitStack, live: Lake, report: ReportRow, frameworks: Mapping[str, Framework], path: Path) -> _Side:
    request = request_from_json(report.order)
    missing = [id_ for id_ in framework_ids(request) if id_ not in frameworks]
    if missing:
        raise ConflictError(f"report {report.id} uses framework {missing[0]}, which no longer exists")
    parts = [frameworks[id_].in_edition(request.crosswalk) for id_ in framework_ids(request)]
    return _Side(
        lake=stack.enter_context(live.at(str(report.snapshot))),
        request=request,
        framework=combine(parts) if parts else None,
        made_at=request.basis.known_at if request.basis else report.started_at or report.created_at,
        path=path,
    )


def _compare(
    sides: Sequence[_Side], waivers: Sequence[Waiver], attestations: Sequence[Attestation], risk: RiskComparison
) -> ReportComparison:
    assessed = [
        judge_period(
            s.lake,
            s.framework,
            s.request.scope,
            s.request.period,
            waivers=waivers_within(waivers, s.framework),
            now=s.made_at,
            attestations=attestations_within(attestations, s.framework),
        )
        for s in sides
    ]
    for side, each in zip(sides, assessed, strict=True):
        side.lake.analytics.write_states(
            side.request.scope,
            side.request.period,
            path=side.path,
            waivers=each.waivers,
            relations=each.relations,
            framework_id=side.request.framework,
        )
    before, after = sides
    keys = tally_keys(before.path, after.path)
    relations = [_relations(side, keys) for side in sides]
    one_sided = _one_sided_keys(keys, relations)
    changed = after.lake.analytics.load_changed_findings(before.path, after.path, one_sided=one_sided)
    covered = [s.lake.analytics.load_covered(s.request.scope.organization, s.request.period) for s in sides]
    old, new = (
        PostureSide(states=states, covered=looked, relations=related)
        for states, looked, related in zip((changed.before, changed.after), covered, relations, strict=True)
    )
    same = changed.same if relations[0] is None else changed.same.join(relations[0], on=_TALLY, how="semi")
    counted = {name: int(same[name].sum()) for name in ("passed", "failed")}
    same_keys = after.lake.analytics.count_same_keys(
        before.path, after.path, one_sided=one_sided, relations=relations[0]
    )
    return ReportComparison(
        findings=compare_findings(old, new, same_keys=same_keys),
        requirements=compare_requirements(assessed[0].posture, assessed[1].posture),
        change=explain_change(old, new, same_passed=counted["passed"], same_failed=counted["failed"]),
        before=assessed[0].posture,
        after=assessed[1].posture,
        risk=risk,
        editions=(_edition(before), _edition(after)),
    )


def _edition(side: _Side) -> CrosswalkEdition | None:
    return side.framework.edition if side.framework else None


def _relations(side: _Side, keys: pl.DataFrame) -> pl.DataFrame | None:
    if side.framework is None:
        return None
    return relations_of(side.framework, keys, side.lake.period_end.load_mappings(side.request.scope.organization))


def _one_sided_keys(keys: pl.DataFrame, relations: Sequence[pl.DataFrame | None]) -> pl.DataFrame:
    """Tally keys that only one of the two frameworks has a relation for; without a framework all keys are related."""
    old, new = (keys if each is None else each.select(_TALLY).unique() for each in relations)
    return pl.concat([old.join(new, on=_TALLY, how="anti"), new.join(old, on=_TALLY, how="anti")])
