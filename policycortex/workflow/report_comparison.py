"""Two reports side by side, each read from the snapshot it was made from."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from policycortex.errors import ConflictError
from policycortex.frameworks.model import Framework
from policycortex.names import ReportStatus
from policycortex.requests.model import ReportRequest, request_from_json
from policycortex.scoring.changes import explain_change
from policycortex.scoring.changes_model import PostureSide, ScoreChange
from policycortex.scoring.compare import Comparison, RequirementChange, compare_findings, compare_requirements
from policycortex.scoring.model import Posture
from policycortex.scoring.waivers import Waiver
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.storage.registry import ReportRow
from policycortex.workflow.analytics_days import exported_coverage, relations_of, tally_keys
from policycortex.workflow.assessed_period import judge_period

_TALLY: Final = ("provider", "check_id", "mapping_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportComparison:
    """What became of one report's findings in another."""

    findings: Comparison
    requirements: tuple[RequirementChange, ...]
    change: ScoreChange
    before: Posture
    after: Posture


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One report with the lake as it was for it."""

    lake: Lake
    order: ReportRequest
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
) -> ReportComparison:
    """``before`` against ``after``, whatever their order in time. Raises ConflictError for one not completed."""
    for report in (before, after):
        if report.status is not ReportStatus.COMPLETED or report.snapshot is None:
            raise ConflictError(f"report {report.id} is {report.status.value}; only completed reports can be compared")
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="policycortex-") as folder:
        live = stack.enter_context(open_lake(settings))
        sides = [
            _side(stack, live, report, frameworks, Path(folder) / f"{number}.parquet")
            for number, report in enumerate((before, after))
        ]
        return _compare(sides, waivers)


def _side(stack: ExitStack, live: Lake, report: ReportRow, frameworks: Mapping[str, Framework], path: Path) -> _Side:
    order = request_from_json(report.order)
    if order.framework is not None and order.framework not in frameworks:
        raise ConflictError(f"report {report.id} speaks of framework {order.framework}, which is not there any more")
    return _Side(
        lake=stack.enter_context(live.at(str(report.snapshot))),
        order=order,
        framework=frameworks[order.framework] if order.framework else None,
        made_at=report.started_at or report.created_at,
        path=path,
    )


def _compare(sides: Sequence[_Side], waivers: Sequence[Waiver]) -> ReportComparison:
    judged = [
        judge_period(s.lake, s.framework, s.order.scope, s.order.period, waivers=waivers, now=s.made_at) for s in sides
    ]
    for side, each in zip(sides, judged, strict=True):
        side.lake.analytics.write_states(
            side.order.scope,
            side.order.period,
            path=side.path,
            waivers=each.waivers,
            relations=each.relations,
            framework_id=side.order.framework,
        )
    before, after = sides
    keys = tally_keys(before.path, after.path)
    relations = [_relations(side, keys) for side in sides]
    asked = _asked_once(keys, relations)
    turned = after.lake.analytics.load_changed_findings(before.path, after.path, one_sided=asked)
    covered = [exported_coverage(side.path) for side in sides]
    old, new = (
        PostureSide(states=states, covered=looked, relations=related)
        for states, looked, related in zip((turned.before, turned.after), covered, relations, strict=True)
    )
    same = turned.same if relations[0] is None else turned.same.join(relations[0], on=_TALLY, how="semi")
    counted = {name: int(same[name].sum()) for name in ("passed", "failed")}
    same_keys = after.lake.analytics.count_same_keys(before.path, after.path, one_sided=asked, relations=relations[0])
    return ReportComparison(
        findings=compare_findings(old, new, same_keys=same_keys),
        requirements=compare_requirements(judged[0].posture, judged[1].posture),
        change=explain_change(old, new, same_passed=counted["passed"], same_failed=counted["failed"]),
        before=judged[0].posture,
        after=judged[1].posture,
    )


def _relations(side: _Side, keys: pl.DataFrame) -> pl.DataFrame | None:
    if side.framework is None:
        return None
    return relations_of(side.framework, keys, side.lake.period_end.load_mappings(side.order.scope.organization))


def _asked_once(keys: pl.DataFrame, relations: Sequence[pl.DataFrame | None]) -> pl.DataFrame:
    """Tally keys that only one of the two frameworks relates; no framework relates all."""
    old, new = (keys if each is None else each.select(_TALLY).unique() for each in relations)
    return pl.concat([old.join(new, on=_TALLY, how="anti"), new.join(old, on=_TALLY, how="anti")])
