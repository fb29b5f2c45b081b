"""The overview of the core as its JSON form."""

from collections.abc import Mapping

from api.v1.analytics.overview_schemas import (
    FrameworkProgressAnswer,
    OverviewAnswer,
    ScannedDayAnswer,
    ScoredDayAnswer,
    SilentAccountAnswer,
)
from api.v1.analytics.schemas import AgeAnswer, CauseAnswer
from policycortex.frameworks.model import Framework
from policycortex.scoring.framework_progress import FrameworkProgress
from policycortex.scoring.rounding import known_pct
from policycortex.scoring.scan_rhythm import SilentAccount
from policycortex.workflow.overview import Overview, ScannedDay


def present_overview(found: Overview | None, frameworks: Mapping[str, Framework]) -> OverviewAnswer:
    """Frameworks with most assessed findings first; an empty overview where nothing was evaluated."""
    if found is None:
        return OverviewAnswer(start_date=None, end_date=None, frameworks=[], ages=[], silent_accounts=[], scans=[])
    by_size = sorted(found.frameworks, key=lambda each: (-each.days[-1].assessed, each.framework_id))
    return OverviewAnswer(
        start_date=found.first_day,
        end_date=found.newest_day,
        frameworks=[_progress(each, frameworks[each.framework_id].name) for each in by_size],
        ages=[AgeAnswer.model_validate(each) for each in found.ages],
        silent_accounts=[_silent(each, found.account_names) for each in found.silent],
        scans=[_scan(each) for each in found.scans],
    )


def _progress(progress: FrameworkProgress, name: str) -> FrameworkProgressAnswer:
    newest, met = progress.days[-1], progress.met
    return FrameworkProgressAnswer(
        framework=progress.framework_id,
        name=name,
        compliance_score=known_pct(newest.exact_pct),
        change_points=progress.change_points,
        causes=[
            CauseAnswer(cause=each.cause.value, findings=each.findings, points=float(each.points))
            for each in progress.causes
        ],
        assessed=newest.assessed,
        requirements_met=met.met if met else None,
        requirements_assessed=met.assessed if met else None,
        requirements_met_change=progress.met_change,
        days=[ScoredDayAnswer(date=day.day, compliance_score=known_pct(day.exact_pct)) for day in progress.days],
    )


def _silent(account: SilentAccount, names: Mapping[str, str]) -> SilentAccountAnswer:
    return SilentAccountAnswer(
        account_id=account.account_id,
        account_name=names.get(account.account_id),
        source=account.source,
        provider=account.provider,
        last_scan_on=account.last_day,
        newest_scan_on=account.newest_day,
    )


def _scan(scan: ScannedDay) -> ScannedDayAnswer:
    return ScannedDayAnswer(
        source=scan.source, provider=scan.provider, date=scan.day, accounts=scan.accounts, checks=scan.checks
    )
