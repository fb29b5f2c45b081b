"""Days to postures: rebuild the daily truth, then judge every framework on it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from policycortex.findings.accounts import load_account_environments
from policycortex.frameworks.fingerprint import recorded_version
from policycortex.frameworks.model import Framework
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.model import Posture
from policycortex.scoring.result_tables import framework_scores_frame, requirement_results_frame
from policycortex.scoring.waivers import Waiver
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import frameworks_of
from policycortex.storage.lake.lake import DayCounts, DayResults, Lake, open_lake
from policycortex.storage.registry import Registry, open_registry
from policycortex.workflow.assessed_period import judge_days, read_days

_STRETCH_DAYS: Final = 366


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


def score_days(settings: Settings, days: Sequence[date], *, now: datetime | None = None) -> tuple[DayScore, ...]:
    """Judge every framework on each of ``days`` for every organisation, and replace their marts.

    ``now`` (the clock, unless given) bounds what is known of waivers on a day that has not ended.
    """
    moment = now or datetime.now(UTC)
    with open_lake(settings) as lake, closing(open_registry(settings)) as registry:
        return tuple(
            score
            for organization in lake.load_organizations()
            for score in _score_days(lake, _house(settings, registry, organization), sorted(days), moment)
        )


def rescore_days(
    settings: Settings, *, now: datetime | None = None, progress: Callable[[str], None] = lambda _: None
) -> tuple[DayScore, ...]:
    """Judge anew, from tallies alone, all days whose kept judgement rests on other frameworks than those of today."""
    moment = now or datetime.now(UTC)
    scores: list[DayScore] = []
    with open_lake(settings) as lake, closing(open_registry(settings)) as registry:
        for organization in lake.load_organizations():
            house = _house(settings, registry, organization)
            days = _judged_otherwise(lake, house)
            if days:
                progress(f"judging {len(days)} days of {organization} anew, {days[0]} to {days[-1]}")
            for stretch in _stretches(days):
                scores += _score_days(lake, house, stretch, moment)
    return tuple(scores)


def load_rescore_days(settings: Settings) -> tuple[date, ...]:
    """The days that ``rescore_days`` would judge, of all organisations."""
    with open_lake(settings) as lake, closing(open_registry(settings)) as registry:
        found = (
            _judged_otherwise(lake, _house(settings, registry, organization))
            for organization in lake.load_organizations()
        )
        return tuple(sorted({day for days in found for day in days}))


def load_framework_versions(settings: Settings) -> dict[tuple[str, str], str]:
    """Recorded version by (organisation, framework); "" stands for organisations without uploads. Opens no lake."""
    with closing(open_registry(settings)) as registry:
        houses = [
            _house(settings, registry, name) for name in ("", *registry.frameworks.list_framework_organizations())
        ]
    return {(house.organization, id_): version for house in houses for id_, version in house.versions().items()}


def refresh_stale_days(
    settings: Settings,
    lake: Lake,
    span: tuple[date, date],
    progress: Callable[[str], None],
    *,
    now: datetime | None = None,
) -> None:
    """Bring days of ``span`` (both ends in) that imports have touched since they were built up to date.

    ``lake`` is the installation's, not at a snapshot; its next reader sees what was built.
    """
    if stale := lake.load_stale_days(*span):
        progress(f"bringing {len(stale)} days up to date first")
        rebuild_days(settings, stale)
        score_days(settings, stale, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _House:
    """What one organisation is judged against."""

    organization: str
    frameworks: Mapping[str, Framework]
    waivers: Sequence[Waiver]

    def versions(self) -> dict[str, str]:
        """As they are recorded with judgements."""
        return {framework.id: recorded_version(framework) for framework in self.frameworks.values()}


def _house(settings: Settings, registry: Registry, organization: str) -> _House:
    return _House(
        organization=organization,
        frameworks=frameworks_of(settings, registry, organization),
        waivers=registry.waivers.list_waivers(organization),
    )


def _judged_otherwise(lake: Lake, house: _House) -> tuple[date, ...]:
    return lake.load_days_judged_otherwise(house.organization, house.versions())


def _stretches(days: Sequence[date]) -> Iterator[Sequence[date]]:
    """A year of days at a time, so that a decade of history is neither held at once nor one transaction."""
    for start in range(0, len(days), _STRETCH_DAYS):
        yield days[start : start + _STRETCH_DAYS]


def _score_days(lake: Lake, house: _House, days: Sequence[date], now: datetime) -> Iterator[DayScore]:
    if not days:
        return
    period, wanted = Period.of_days(days[0], days[-1]), set(days)
    readings = read_days(lake, Scope(organization=house.organization), period, waivers=house.waivers, now=now)
    judged = {
        framework.id: {day: posture for day, posture in judge_days(readings, framework).items() if day in wanted}
        for framework in house.frameworks.values()
    }
    lake.replace_results(house.organization, days, _kept(house.versions(), judged))
    for postures in judged.values():
        yield from (_day_score(day, house.organization, posture) for day, posture in postures.items())


def _kept(versions: Mapping[str, str], judged: Mapping[str, Mapping[date, Posture]]) -> list[DayResults]:
    return [
        DayResults(
            day=day,
            framework_id=framework_id,
            requirements=requirement_results_frame(posture),
            scores=framework_scores_frame(posture, crosswalk_version=versions[framework_id]),
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
