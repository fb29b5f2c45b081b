"""Rebuilds the daily tables of the lake and assesses every framework on each day."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from policycortex.findings.accounts import ACCOUNT_TABLE, load_account_environments
from policycortex.frameworks.fingerprint import recorded_version
from policycortex.frameworks.model import Framework
from policycortex.names import CrosswalkEdition
from policycortex.period import FIRST_DAY, Period
from policycortex.scope import Scope
from policycortex.scoring.attestations import Attestation
from policycortex.scoring.model import Posture
from policycortex.scoring.result_tables import framework_scores_frame, requirement_results_frame
from policycortex.scoring.waivers import Waiver
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import frameworks_of
from policycortex.storage.lake.lake import DayCounts, DayResults, Lake, open_lake, open_lake_if_any
from policycortex.storage.registry import Registry, open_registry
from policycortex.workflow.assessed_period import judge_days, read_days
from policycortex.workflow.contradictions import tell_contradictions
from policycortex.workflow.unrelated_findings import store_unrelated

_SPAN_DAYS: Final = 31
"""Assessed at a time: the results of a day with all built-in frameworks in both editions take 5 MB."""


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
    """Replace finding state, scan coverage and tallies of ``days``. Deterministic."""
    with open_lake(settings) as lake:
        return lake.state.rebuild_state(days, load_account_environments(settings.home / ACCOUNT_TABLE))


def score_days(settings: Settings, days: Sequence[date], *, now: datetime | None = None) -> tuple[DayScore, ...]:
    """Assess every framework on each of ``days`` for every organisation, and replace the stored results.

    A day is assessed as last known; later days on which scans of ``days`` count are assessed again, too.
    ``now`` (default: the current time) bounds what is known of waivers on a day that has not ended.
    """
    moment = now or datetime.now(UTC)
    scores: list[DayScore] = []
    with open_lake(settings) as lake, closing(open_registry(settings)) as registry:
        for organization in lake.imports.load_organizations():
            later = lake.analytics.load_days_carried_to(organization, days) if days else ()
            touched = sorted({*days, *later})
            if not _is_scanned(lake, organization, touched):  # an import of another organisation
                lake.results.remove_results(organization, touched)
                continue
            inputs = _load_inputs(settings, registry, organization)
            scored = tuple(_score_days(lake, registry, inputs, touched, moment))
            _store_unrelated(lake, registry, inputs, scored)
            scores += scored
    return tuple(scores)


def rescore_days(
    settings: Settings, *, now: datetime | None = None, progress: Callable[[str], None] = lambda _: None
) -> tuple[DayScore, ...]:
    """Assess again all days whose stored results are of other framework versions than today's. Reads tallies only."""
    moment = now or datetime.now(UTC)
    scores: list[DayScore] = []
    with open_lake(settings) as lake, closing(open_registry(settings)) as registry:
        for organization in lake.imports.load_organizations():
            inputs = _load_inputs(settings, registry, organization)
            days = _outdated_days(lake, inputs)
            if days:
                progress(f"rescoring {len(days)} days of {organization}, {days[0]} to {days[-1]}")
            scored = [score for span in _spans(days) for score in _score_days(lake, registry, inputs, span, moment)]
            _store_unrelated(lake, registry, inputs, scored)
            scores += scored
    return tuple(scores)


def load_rescore_days(settings: Settings) -> tuple[date, ...]:
    """The days that ``rescore_days`` would assess, of all organisations, sorted."""
    with open_lake(settings) as lake, closing(open_registry(settings)) as registry:
        found = (
            _outdated_days(lake, _load_inputs(settings, registry, organization))
            for organization in lake.imports.load_organizations()
        )
        return tuple(sorted({day for days in found for day in days}))


def load_scan_days(settings: Settings, *, today: date) -> tuple[date, ...]:
    """The days until ``today`` that have daily results, of all organisations, in order. Makes no lake where none is."""
    with open_lake_if_any(settings) as lake:
        return () if lake is None else lake.state.load_scan_days(FIRST_DAY, today)


def load_framework_versions(settings: Settings) -> dict[tuple[str, str], str]:
    """Recorded version by (organisation, framework); "" is any organisation without uploads. Does not open the lake."""
    with closing(open_registry(settings)) as registry:
        all_inputs = [
            _load_inputs(settings, registry, name) for name in ("", *registry.frameworks.list_framework_organizations())
        ]
    return {(inputs.organization, id_): version for inputs in all_inputs for id_, version in inputs.versions().items()}


def refresh_stale_days(
    settings: Settings,
    lake: Lake,
    span: tuple[date, date],
    progress: Callable[[str], None],
    *,
    now: datetime | None = None,
) -> bool:
    """Rebuild and assess the days of ``span`` (both ends included) that imports changed since they were built.

    ``lake`` is at its newest snapshot. Returns whether days were rebuilt, which another opening of the lake shows.
    """
    stale = lake.state.load_stale_days(*span)
    if not stale:
        progress(f"no day from {span[0]} to {span[1]} has changed since it was assessed; none is rebuilt")
        return False
    progress(f"bringing {len(stale)} days up to date first")
    rebuild_days(settings, stale)
    score_days(settings, stale, now=now)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _AssessmentInputs:
    """What the findings of one organisation are assessed with."""

    organization: str
    frameworks: Mapping[str, Framework]
    waivers: Sequence[Waiver]
    attestations: Sequence[Attestation]

    def versions(self) -> dict[str, str]:
        """Version by framework id, as stored with results."""
        return {framework.id: recorded_version(framework) for framework in self.frameworks.values()}


def _load_inputs(settings: Settings, registry: Registry, organization: str) -> _AssessmentInputs:
    return _AssessmentInputs(
        organization=organization,
        frameworks=frameworks_of(settings, registry, organization),
        waivers=registry.waivers.list_records(organization),
        attestations=registry.attestations.list_records(organization),
    )


def _is_scanned(lake: Lake, organization: str, days: Sequence[date]) -> bool:
    """Whether the organisation has findings on one of these days, in order."""
    if not days:
        return False
    tallied = lake.period_end.load_tallied_dates(organization, Period.of_days(days[0], days[-1]))
    return not set(days).isdisjoint(tallied)


def _outdated_days(lake: Lake, inputs: _AssessmentInputs) -> tuple[date, ...]:
    return lake.results.load_outdated_days(inputs.organization, inputs.versions())


def _spans(days: Sequence[date]) -> Iterator[Sequence[date]]:
    """Some of the days at a time, which bounds memory and the size of a transaction."""
    for start in range(0, len(days), _SPAN_DAYS):
        yield days[start : start + _SPAN_DAYS]


def _score_days(
    lake: Lake, registry: Registry, inputs: _AssessmentInputs, days: Sequence[date], now: datetime
) -> Iterator[DayScore]:
    if not days:
        return
    period, scope = Period.of_days(days[0], days[-1]), Scope(organization=inputs.organization)
    wanted = set(days).intersection(lake.period_end.load_tallied_dates(inputs.organization, period))
    readings = read_days(lake, scope, period, waivers=inputs.waivers, now=now, attestations=inputs.attestations)
    judged = [
        (each, judge_days(readings, each, days=wanted))
        for framework in inputs.frameworks.values()
        for each in _editions(framework)
    ]
    lake.results.replace_results(inputs.organization, days, _kept(judged))
    tell_contradictions(registry, readings, judged, now=now)
    for each, postures in judged:
        if each.edition is CrosswalkEdition.REVIEWED:
            yield from (_day_score(day, inputs.organization, posture) for day, posture in postures.items())


def _store_unrelated(lake: Lake, registry: Registry, inputs: _AssessmentInputs, scores: Sequence[DayScore]) -> None:
    """Store what counts towards no requirement as of the newest scored day, unless a later day is stored."""
    if scores:
        newest = max(score.day for score in scores)
        store_unrelated(lake, registry, inputs.organization, inputs.frameworks, newest)


def _editions(framework: Framework) -> tuple[Framework, ...]:
    """The editions whose results are stored: both where they can differ."""
    return (
        tuple(framework.in_edition(edition) for edition in CrosswalkEdition) if framework.has_editions else (framework,)
    )


def _kept(judged: Sequence[tuple[Framework, Mapping[date, Posture]]]) -> list[DayResults]:
    return [
        DayResults(
            day=day,
            framework_id=each.id,
            edition=each.edition,
            requirements=requirement_results_frame(posture),
            scores=framework_scores_frame(posture, crosswalk_version=recorded_version(each)),
        )
        for each, postures in judged
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
