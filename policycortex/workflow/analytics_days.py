"""Rebuilds the daily analytics tables: finding ages, risk of every place, causes of score changes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from policycortex.frameworks.crosswalk import RELATION_SCHEMA, expand_crosswalk
from policycortex.frameworks.model import Framework
from policycortex.names import CrosswalkEdition
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.approvals import known_moment
from policycortex.scoring.changes import explain_change
from policycortex.scoring.changes_model import PostureSide, ScoreChange
from policycortex.scoring.risk import assess_risk
from policycortex.scoring.risk_file import load_risk_weights
from policycortex.scoring.risk_model import Risk, RiskPart, RiskWeights
from policycortex.scoring.waivers import Waiver, waivers_in_force
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import frameworks_of
from policycortex.storage.lake.analytics import CHANGES_SCHEMA, LOOKBACK_DAYS, RISK_SCHEMA, ChangedFindings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.storage.lake.scan_selection import LastKnown
from policycortex.storage.private_folders import private_folder
from policycortex.storage.registry import open_registry

_TALLY: Final = ("provider", "check_id", "mapping_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticsDay:
    """Result of the rebuild for one day of one organisation."""

    day: date
    organization: str
    previous: date | None
    """The scanned day that changes are measured from; None where there is none within LOOKBACK_DAYS."""
    risk: float | None
    failing: int


def risk_weights(settings: Settings) -> RiskWeights:
    """``<home>/risk.yaml``, or the defaults."""
    return load_risk_weights(settings.home / "risk.yaml")


def rebuild_analytics(
    settings: Settings, days: Sequence[date], *, now: datetime | None = None
) -> tuple[AnalyticsDay, ...]:
    """Replace ages, risk and changes of ``days``, and of later scanned days that depend on them.

    ``now`` (default: the current time) bounds what is known of waivers on a day that has not ended.
    """
    if not days:
        return ()
    moment, weights = now or datetime.now(UTC), risk_weights(settings)
    with open_lake(settings) as lake, closing(open_registry(settings)) as registry:
        touched = sorted({*days, *(counts.day for counts in lake.analytics.rebuild_ages(days))})
        built: list[AnalyticsDay] = []
        for organization in lake.imports.load_organizations():
            wanted = _days_to_build(lake, organization, touched)
            if not wanted:  # an import of another organisation
                continue
            with private_folder(settings) as folder:
                builder = _Builder(
                    lake=lake,
                    organization=organization,
                    relations=_Relations(
                        frameworks_of(settings, registry, organization), lake.period_end.load_mappings(organization)
                    ),
                    waivers=registry.waivers.list_records(organization),
                    weights=weights,
                    now=moment,
                    folder=folder,
                )
                built += builder.build(wanted)
        lake.forget_statistics()
    return tuple(built)


def load_unbuilt_days(settings: Settings) -> tuple[date, ...]:
    """Days whose risk and changes are not stored, in order: after an upgrade of the lake, or before their first run."""
    with open_lake(settings) as lake:
        return lake.analytics.load_unbuilt_days()


def relations_of(framework: Framework, keys: pl.DataFrame, mappings: pl.DataFrame) -> pl.DataFrame:
    """RELATION_SCHEMA of these tally keys; ``mappings`` is the organisation's MAPPING_SCHEMA."""
    return expand_crosswalk(framework, keys.select(_TALLY).unique(), mappings)


def explain_turned(
    turned: ChangedFindings, covered: Sequence[pl.DataFrame], relations: pl.DataFrame | None
) -> ScoreChange:
    """Causes of the change of one framework between two dates.

    Computed from the findings that changed and the counts of those that did not.
    """
    same = turned.same if relations is None else turned.same.join(relations, on=_TALLY, how="semi")
    before, after = turned_sides(turned, covered, relations)
    counted = {f"same_{name}": int(same[name].sum()) for name in ("passed", "failed")}
    return explain_change(before, after, **counted)


def turned_sides(
    turned: ChangedFindings, covered: Sequence[pl.DataFrame], relations: pl.DataFrame | None
) -> tuple[PostureSide, PostureSide]:
    """The changed findings at two dates, earlier first, for one framework (``relations``) or all findings (None)."""
    before, after = (
        PostureSide(states=states, covered=looked, relations=relations)
        for states, looked in zip((turned.before, turned.after), covered, strict=True)
    )
    return before, after


class _Relations:
    """Caches the relations of all frameworks per tally key, because most days have no key that the day before lacks."""

    def __init__(self, frameworks: Mapping[str, Framework], mappings: pl.DataFrame) -> None:
        self._frameworks, self._mappings = frameworks, mappings
        self._keys = pl.DataFrame(schema=dict.fromkeys(_TALLY, pl.String()))
        self._known = {id_: RELATION_SCHEMA.to_frame() for id_ in frameworks}

    def of(self, keys: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
        """RELATION_SCHEMA of these and of earlier tally keys, by framework id."""
        new = keys.select(_TALLY).unique().join(self._keys, on=_TALLY, how="anti", nulls_equal=True)
        if len(new):
            self._keys = pl.concat([self._keys, new])
            for id_, framework in self._frameworks.items():
                found = relations_of(framework, new, self._mappings)
                self._known[id_] = pl.concat([self._known[id_], found])
        return dict(self._known)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Builder:
    """Builds the days of one organisation."""

    lake: Lake
    organization: str
    relations: "_Relations"
    waivers: Sequence[Waiver]
    weights: RiskWeights
    now: datetime
    folder: Path

    def build(self, days: Mapping[date, date | None]) -> Iterator[AnalyticsDay]:
        """Build these days, each with the scanned day before it."""
        for day, previous in days.items():
            yield self._build_day(day, previous)

    def _build_day(self, day: date, previous: date | None) -> AnalyticsDay:
        scope = Scope(organization=self.organization)
        items = self.lake.analytics.load_risk_items(scope, LastKnown(day=day), waivers=self._in_force(day))
        risk = assess_risk(items, as_of=day, weights=self.weights, relations=self.relations.of(items))
        changes = CHANGES_SCHEMA.to_frame() if previous is None else self._changes(previous, day)
        self.lake.analytics.replace_day(self.organization, day, changes=changes, risk=_risk_frame(risk))
        return AnalyticsDay(
            day=day,
            organization=self.organization,
            previous=previous,
            risk=risk.total.value,
            failing=risk.total.failed,
        )

    def _changes(self, previous: date, day: date) -> pl.DataFrame:
        """CHANGES_SCHEMA: causes per framework and for all findings (None) from one scanned day to the next."""
        before, after = self._spooled(previous), self._spooled(day)
        covered = tuple(
            self.lake.analytics.load_covered(self.organization, LastKnown(day=each)) for each in (previous, day)
        )
        turned = self.lake.analytics.load_changed_findings(before, after)
        rows = list(_rows(explain_turned(turned, covered, None), previous, None))
        for id_, relations in self.relations.of(tally_keys(before, after)).items():
            if self._is_framework_waived(previous) or self._is_framework_waived(day):
                turned = self.lake.analytics.load_changed_findings(
                    self._spooled(previous, id_, relations), self._spooled(day, id_, relations)
                )
            rows += _rows(explain_turned(turned, covered, relations), previous, id_)
        return pl.DataFrame(rows, schema=CHANGES_SCHEMA, orient="row")

    def _in_force(self, day: date) -> pl.DataFrame:
        return waivers_in_force(self.waivers, known_moment(Period.of_days(day, day), self.now))

    def _is_framework_waived(self, day: date) -> bool:
        """Whether a waiver is limited to a framework or requirement; the states then differ per framework."""
        named = self._in_force(day).select("framework", "requirement_id")
        return bool(named.select(pl.any_horizontal(pl.all().is_not_null().any())).item())

    def _spooled(self, day: date, framework_id: str | None = None, relations: pl.DataFrame | None = None) -> Path:
        """The exported states of the day. Kept for the next pair of days; files older than that are removed."""
        path = self.folder / f"{day}.{framework_id or ''}.parquet"
        if not path.exists():
            for old in sorted(self.folder.glob(f"*.{framework_id or ''}.parquet"))[:-1]:
                old.unlink()
            self.lake.analytics.write_states(
                Scope(organization=self.organization),
                LastKnown(day=day),
                path=path,
                waivers=self._in_force(day),
                relations=relations,
                framework_id=framework_id,
            )
        return path


def _days_to_build(lake: Lake, organization: str, days: Sequence[date]) -> dict[date, date | None]:
    """Scanned days of ``days``, later ones on which their scans count, and the scanned day after each, in order.

    The value is the scanned day before, None if there is none within LOOKBACK_DAYS.
    """
    lookback = timedelta(days=LOOKBACK_DAYS)
    period = Period.of_days(days[0] - lookback, days[-1] + lookback)
    scanned = lake.period_end.load_observed_dates(organization, period)
    counting = {*days, *lake.analytics.load_days_carried_to(organization, days)}
    wanted = {*counting, *(_after(scanned, day) for day in counting.intersection(scanned))}
    return {day: before for before, day in zip((None, *scanned), scanned, strict=False) if day in wanted}


def _after(scanned: Sequence[date], day: date) -> date | None:
    return next((later for later in scanned if later > day), None)


def tally_keys(*spooled: Path) -> pl.DataFrame:
    """Distinct (provider, check_id, mapping_id) of exported states."""
    return pl.concat([pl.scan_parquet(path).select(_TALLY).unique() for path in spooled]).unique().collect()


def _rows(change: ScoreChange, previous: date, framework_id: str | None) -> Iterator[tuple[object, ...]]:
    for share in change.shares:
        points = None if share.points is None else str(share.points)
        yield (
            previous,
            framework_id,
            CrosswalkEdition.REVIEWED.value,
            share.cause.value,
            share.findings,
            share.passed,
            share.failed,
            points,
        )


def _risk_frame(risk: Risk) -> pl.DataFrame:
    places = [("total", "", risk.total), *((group.dimension, group.label, group.score) for group in risk.groups)]
    rows = [
        (
            dimension, label, risk.version, score.value, *(score.parts[part] for part in RiskPart), score.failed,
            score.assessed, score.worst, score.others, score.band,
            None if score.share_pct is None else float(score.share_pct),
        )
        for dimension, label, score in places
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=RISK_SCHEMA, orient="row")
