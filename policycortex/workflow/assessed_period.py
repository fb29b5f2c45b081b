"""Assessment of one scope and period from the lake, for daily scores and for reports."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import product
from typing import Final

import polars as pl

from policycortex.documents.model import CrosswalkNote, ScanDays
from policycortex.frameworks.crosswalk import RELATION_SCHEMA, expand_crosswalk
from policycortex.frameworks.model import Framework
from policycortex.names import CrosswalkEdition
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.applicability import AccountCounts
from policycortex.scoring.approvals import known_moment
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.attestations import Attestation, Place
from policycortex.scoring.contradictions import Contradicted, find_contradictions
from policycortex.scoring.model import TALLY_SCHEMA, WAIVED_SCHEMA, Posture
from policycortex.scoring.requirement_counts import KEY
from policycortex.scoring.unrelated import UnrelatedFindings, count_unrelated
from policycortex.scoring.waivers import Waiver, waivers_by_day, waivers_in_force
from policycortex.storage.lake.lake import Lake
from policycortex.workflow.applicability import StatedResults, count_findings, stated_at

_NO_RELATIONS: Final = RELATION_SCHEMA.to_frame()
_NOTHING_WAIVED: Final = WAIVED_SCHEMA.to_frame()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessedPeriod:
    """A posture with the relations and waivers it was computed from."""

    posture: Posture
    relations: pl.DataFrame | None
    """The lake's RELATIONS_SCHEMA; None without a framework: every finding, whatever it is mapped to."""
    waivers: pl.DataFrame
    """Waivers in force at the end of the period, the lake's WAIVERS_SCHEMA."""
    unrelated: UnrelatedFindings | None
    """Findings in scope that count towards no requirement; None without a framework."""
    tallies: pl.DataFrame
    """TALLY_SCHEMA."""
    mappings: pl.DataFrame
    """MAPPING_SCHEMA."""
    waived: pl.DataFrame
    """WAIVED_SCHEMA."""
    stated: StatedResults
    """What attestations in force at the end of the period say of requirements in the scope."""
    contradicted: Contradicted
    """Statements ``met`` that findings contradict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedPeriod:
    """What single findings of a period count towards, without scores."""

    relations: pl.DataFrame | None
    """As in AssessedPeriod."""
    waivers: pl.DataFrame
    """As in AssessedPeriod."""

    def limited_to(self, requirements: Collection[str]) -> "RelatedPeriod":
        """Only relations to these requirements."""
        if self.relations is None:
            return self
        return replace(self, relations=self.relations.filter(pl.col("requirement_id").is_in(list(requirements))))


def relate_period(
    lake: Lake, framework: Framework | None, scope: Scope, period: Period, *, waivers: Sequence[Waiver], now: datetime
) -> RelatedPeriod:
    """Relations and waivers of the period-end posture, as ``judge_period`` has them."""
    in_force = waivers_in_force(waivers, known_moment(period, now))
    if framework is None:
        return RelatedPeriod(relations=None, waivers=in_force)
    tallies, mappings = lake.period_end.load_tallies(scope, period), lake.period_end.load_mappings(scope.organization)
    relations = _in_order(framework, expand_crosswalk(framework, tallies, mappings))
    return RelatedPeriod(relations=relations, waivers=in_force)


def judge_period(
    lake: Lake,
    framework: Framework | None,
    scope: Scope,
    period: Period,
    *,
    waivers: Sequence[Waiver],
    now: datetime,
    attestations: Sequence[Attestation] = (),
) -> AssessedPeriod:
    """The period-end posture.

    With those of ``waivers`` and ``attestations`` that were in force at the period's end, or at an earlier ``now``.
    """
    moment = known_moment(period, now)
    in_force = waivers_in_force(waivers, moment)
    tallies, mappings = lake.period_end.load_tallies(scope, period), lake.period_end.load_mappings(scope.organization)
    waived = lake.findings.load_waived(scope, period, in_force) if len(in_force) else _NOTHING_WAIVED

    def read_places(accounts: Sequence[str], environments: Sequence[str]) -> AccountCounts:
        part = _part(scope, accounts, environments)
        return AccountCounts(
            tallies=lake.period_end.load_tallies(part, period),
            waived=lake.findings.load_waived(part, period, in_force) if len(in_force) else _NOTHING_WAIVED,
        )

    framework_id = framework.id if framework else None
    by_people = stated_at(
        attestations,
        framework_id,
        moment,
        scope=scope,
        findings=count_findings(AccountCounts(tallies=tallies, waived=waived)),
        read=read_places,
    )
    relations = expand_crosswalk(framework, tallies, mappings) if framework else _NO_RELATIONS
    posture = assess_posture(
        framework,
        tallies=tallies,
        relations=relations,
        waived=waived,
        exclusions=by_people.exclusions,
        stated=by_people.statements,
    )
    return AssessedPeriod(
        posture=posture,
        relations=_in_order(framework, relations) if framework else None,
        waivers=in_force,
        tallies=tallies,
        mappings=mappings,
        waived=waived,
        stated=by_people,
        contradicted=find_contradictions(by_people.in_force, posture, by_people.limited, relations),
        unrelated=count_unrelated(framework, tallies, relations) if framework else None,
    )


def describe_crosswalk(framework: Framework | None, assessed: AssessedPeriod) -> CrosswalkNote | None:
    """The edition of ``framework`` and how many requirements have another result in the other one."""
    if framework is None:
        return None
    differing = 0
    if framework.has_editions:
        (other,) = {*CrosswalkEdition} - {framework.edition}
        relations = expand_crosswalk(framework.in_edition(other), assessed.tallies, assessed.mappings)
        judged = assess_posture(
            framework.in_edition(other),
            tallies=assessed.tallies,
            relations=relations,
            waived=assessed.waived,
            exclusions=assessed.stated.exclusions,
        )
        pairs = zip(assessed.posture.requirements, judged.requirements, strict=True)
        differing = sum(one.result is not two.result for one, two in pairs)
    return CrosswalkNote(
        edition=framework.edition,
        review_version=framework.review.version if framework.review else "",
        differing=differing,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReadings:
    """Tallies as last known on each day of a scope, read once and assessed against several frameworks."""

    by_day: Mapping[date, pl.DataFrame]
    """TALLY_SCHEMA per day of the period's zone, oldest first; days for which no scan counts are absent."""
    waived: Mapping[date, pl.DataFrame]
    """WAIVED_SCHEMA per day; days without waived findings are absent."""
    mappings: pl.DataFrame
    scope: Scope = field(default_factory=lambda: Scope(organization=""))
    attestations: tuple[Attestation, ...] = ()
    """All of the organisation, in force or not."""
    moments: Mapping[date, datetime] = field(default_factory=dict)
    """The time of each day for which waivers and attestations are selected."""
    places: Mapping[Place, "DayReadings"] = field(default_factory=dict)
    """The same of each account and environment that attestations name, and of each pair of them."""
    scanned: Mapping[date, ScanDays] = field(default_factory=dict)
    """Per day the days of the scans that count."""

    def place_counts(self, day: date, accounts: Sequence[str], environments: Sequence[str]) -> AccountCounts:
        """The findings of some accounts and environments on one day; empty: of all of the scope."""
        pairs = product(accounts or (None,), environments or (None,))
        wanted = [Place(account=account, environment=environment) for account, environment in pairs]
        parts = [self.places[place] for place in wanted if place in self.places]
        tallies = [part.by_day[day] for part in parts if day in part.by_day]
        waived = [part.waived[day] for part in parts if day in part.waived]
        return AccountCounts(
            tallies=pl.concat(tallies) if tallies else TALLY_SCHEMA.to_frame(),
            waived=pl.concat(waived) if waived else _NOTHING_WAIVED,
        )

    def stated(self, day: date, framework: Framework | None) -> StatedResults:
        """What people state of the framework's requirements on one day."""
        if framework is None or not self.attestations:
            return StatedResults()
        own = AccountCounts(tallies=self.by_day[day], waived=_NOTHING_WAIVED)
        return stated_at(
            self.attestations,
            framework.id,
            self.moments[day],
            scope=self.scope,
            findings=count_findings(own),
            read=lambda accounts, environments: self.place_counts(day, accounts, environments),
        )


def read_days(
    lake: Lake,
    scope: Scope,
    period: Period,
    *,
    waivers: Sequence[Waiver],
    now: datetime,
    attestations: Sequence[Attestation] = (),
    since: date | None = None,
) -> DayReadings:
    """Tallies as last known on each day up to today, and the findings covered by ``waivers`` in force at its end.

    Checks and targets without a scan from ``since`` on do not count; None: all do.
    """
    mappings, known = lake.period_end.load_mappings(scope.organization), period.until(now)
    if known is None:
        return DayReadings(by_day={}, waived={}, mappings=mappings, scope=scope, attestations=tuple(attestations))
    daily = lake.period_end.load_daily_tallies(scope, known, since=since)
    by_day = _by_day(daily.select("observed_date", *TALLY_SCHEMA.names()))
    moments = {day: known_moment(Period.of_days(day, day, known.zone), now) for day in by_day}
    in_force = waivers_by_day(waivers, moments)
    waived = lake.findings.load_daily_waived(scope, known, in_force, since=since) if len(in_force) else None
    return DayReadings(
        by_day=by_day,
        waived={} if waived is None else _by_day(waived),
        mappings=mappings,
        scope=scope,
        attestations=tuple(attestations),
        moments=moments,
        places={
            place: read_days(lake, part, period, waivers=waivers, now=now, since=since)
            for place, part in _parts(scope, attestations).items()
        },
        scanned=_scan_days(daily),
    )


def judge_days(
    readings: DayReadings, framework: Framework | None, *, days: Collection[date] | None = None
) -> Mapping[date, Posture]:
    """Posture of each day, oldest first; of ``days`` only where they are given: a week between scans costs nothing.

    A day with the findings and statements of the one before it has the same posture.
    """
    relations = _relations_of_all(readings, framework) if framework else _NO_RELATIONS
    judged: dict[date, Posture] = {}
    before: tuple[_DayBasis, Posture] | None = None
    for day, tallies in readings.by_day.items():
        if days is not None and day not in days:
            continue
        waived, stated = readings.waived.get(day, _NOTHING_WAIVED), readings.stated(day, framework)
        basis = _DayBasis(tallies=tallies, waived=waived, stated=stated)
        posture = before[1] if before and basis.equals(before[0]) else _judge_day(framework, relations, basis)
        judged[day], before = posture, (basis, posture)
    return judged


def contradicted_on(readings: DayReadings, framework: Framework, posture: Posture, day: date) -> Contradicted:
    """Statements ``met`` that findings of one day contradict; ``posture`` is that of the day."""
    stated = readings.stated(day, framework)
    if not stated.in_force:
        return frozenset()
    relations = expand_crosswalk(framework, readings.by_day[day], readings.mappings)
    return find_contradictions(stated.in_force, posture, stated.limited, relations)


@dataclass(frozen=True, slots=True, kw_only=True)
class _DayBasis:
    """All that distinguishes the posture of one day from that of another."""

    tallies: pl.DataFrame
    waived: pl.DataFrame
    stated: StatedResults

    def equals(self, other: "_DayBasis") -> bool:
        """Whether both give the same posture. Exclusions have counts of their own, which are not compared."""
        return (
            not (self.stated.exclusions or other.stated.exclusions)
            and self.stated.statements == other.stated.statements
            and self.tallies.equals(other.tallies)
            and self.waived.equals(other.waived)
        )


def _judge_day(framework: Framework | None, relations: pl.DataFrame, basis: _DayBasis) -> Posture:
    return assess_posture(
        framework,
        tallies=basis.tallies,
        relations=relations,
        waived=basis.waived,
        exclusions=basis.stated.exclusions,
        stated=basis.stated.statements,
    )


def _part(scope: Scope, accounts: Sequence[str], environments: Sequence[str]) -> Scope:
    """The scope in some accounts and environments only; empty: in all of its own."""
    return replace(
        scope, accounts=tuple(accounts) or scope.accounts, environments=tuple(environments) or scope.environments
    )


def _parts(scope: Scope, attestations: Sequence[Attestation]) -> dict[Place, Scope]:
    """The parts of the scope that findings are read of for the statements, by place."""
    accounts = {a for each in attestations for a in each.scope.accounts if not scope.accounts or a in scope.accounts}
    environments = {
        e for each in attestations for e in each.scope.environments if not scope.environments or e in scope.environments
    }
    pairs = product((None, *sorted(accounts)), (None, *sorted(environments)))
    return {
        Place(account=a, environment=e): _part(scope, (a,) if a else (), (e,) if e else ())
        for a, e in pairs
        if a is not None or e is not None
    }


def _relations_of_all(readings: DayReadings, framework: Framework) -> pl.DataFrame:
    """Expands the crosswalk once for all days, because it decides per key and days mostly share their keys."""
    keys = [tallies.select(KEY) for tallies in readings.by_day.values()]
    return expand_crosswalk(framework, pl.concat(keys), readings.mappings) if keys else _NO_RELATIONS


def _scan_days(daily: pl.DataFrame) -> dict[date, ScanDays]:
    days = daily.group_by("observed_date").agg(pl.col("newest_on").max(), pl.col("oldest_on").min())
    return {day: ScanDays(newest=newest, oldest=oldest) for day, newest, oldest in days.iter_rows()}


def _by_day(daily: pl.DataFrame) -> dict[date, pl.DataFrame]:
    parts = daily.sort("observed_date", maintain_order=True).partition_by(
        "observed_date", as_dict=True, include_key=False
    )
    return {day: rows for (day,), rows in parts.items()}


def _in_order(framework: Framework, relations: pl.DataFrame) -> pl.DataFrame:
    ids = [requirement.id for requirement in framework.requirements]
    places = pl.DataFrame(
        {"requirement_id": ids, "ordinal": list(range(len(ids)))},
        schema={"requirement_id": pl.String, "ordinal": pl.Int64},
    )
    return relations.join(places, on="requirement_id")
