"""Days to postures: rebuild the daily truth, then judge every framework on it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from policycortex.findings.accounts import load_account_environments
from policycortex.frameworks.catalog import load_frameworks
from policycortex.frameworks.model import Framework
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.frames import framework_scores_frame, requirement_results_frame
from policycortex.scoring.model import Posture
from policycortex.settings import Settings
from policycortex.storage.lake import DayCounts, DayResults, Lake, open_lake
from policycortex.workflow.judging import judge_days, read_days


@dataclass(frozen=True, slots=True, kw_only=True)
class DayScore:
    """One framework's default score on one UTC day of one organisation."""

    day: date
    organization: str
    framework_id: str
    value_pct: float | None
    passed: int
    failed: int


def rebuild_days(settings: Settings, days: Sequence[date]) -> tuple[DayCounts, ...]:
    """Replace finding state, scan coverage and tallies of ``days``; the same input gives the same content."""
    with open_lake(settings) as lake:
        return lake.rebuild_state(days, load_account_environments(settings.home / "accounts.yaml"))


def score_days(settings: Settings, days: Sequence[date]) -> tuple[DayScore, ...]:
    """Judge every framework on each of ``days`` for every organisation, and replace their marts."""
    frameworks = load_frameworks(settings.custom_frameworks_dir)
    with open_lake(settings) as lake:
        return tuple(_score_days(lake, frameworks, sorted(days)))


def refresh_stale_days(settings: Settings, span: tuple[date, date], progress: Callable[[str], None]) -> None:
    """Bring days of ``span`` (both ends in) that imports have touched since they were built up to date."""
    with open_lake(settings) as lake:
        stale = lake.load_stale_days(*span)
    if stale:
        progress(f"bringing {len(stale)} days up to date first")
        rebuild_days(settings, stale)
        score_days(settings, stale)


def _score_days(lake: Lake, frameworks: Mapping[str, Framework], days: Sequence[date]) -> Iterator[DayScore]:
    if not days:
        return
    period = Period.of_days(days[0], days[-1])
    for organization in lake.load_organizations():
        readings = read_days(lake, Scope(organization=organization), period)
        judged = {
            framework.id: {day: posture for day, posture in judge_days(readings, framework).items() if day in days}
            for framework in frameworks.values()
        }
        lake.replace_results(organization, days, _kept(frameworks, judged))
        for postures in judged.values():
            yield from (_day_score(day, organization, posture) for day, posture in postures.items())


def _kept(frameworks: Mapping[str, Framework], judged: Mapping[str, Mapping[date, Posture]]) -> list[DayResults]:
    return [
        DayResults(
            day=day,
            framework_id=framework_id,
            requirements=requirement_results_frame(posture),
            scores=framework_scores_frame(posture, crosswalk_version=frameworks[framework_id].crosswalk.version),
        )
        for framework_id, postures in judged.items()
        for day, posture in postures.items()
    ]


def _day_score(day: date, organization: str, posture: Posture) -> DayScore:
    return DayScore(
        day=day,
        organization=organization,
        framework_id=posture.framework_id or "",
        value_pct=posture.score.value_pct,
        passed=posture.counts.passed,
        failed=posture.counts.failed,
    )
