"""One scope and period, read from one lake and judged: what days and reports share."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from policycortex.frameworks.crosswalk import RELATION_SCHEMA, expand_crosswalk
from policycortex.frameworks.model import Framework
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.model import WAIVED_SCHEMA, Posture
from policycortex.storage.lake import Lake
from policycortex.storage.lake_frames import WAIVERS_SCHEMA

_NO_RELATIONS: Final = RELATION_SCHEMA.to_frame()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A posture and what it rests on."""

    posture: Posture
    relations: pl.DataFrame | None
    """The lake's RELATIONS_SCHEMA; None without a framework: every finding, whatever it is mapped to."""
    waivers: pl.DataFrame
    """Waivers that held at the end of the period, the lake's WAIVERS_SCHEMA."""


def judge_period(lake: Lake, framework: Framework | None, scope: Scope, period: Period) -> Judged:
    """The closing posture of ``period``."""
    waivers = WAIVERS_SCHEMA.to_frame()
    tallies, mappings = lake.load_tallies(scope, period), lake.load_mappings(scope.organization)
    waived = lake.load_waived(scope, period, waivers) if len(waivers) else WAIVED_SCHEMA.to_frame()
    if framework is None:
        posture = assess_posture(None, tallies=tallies, relations=_NO_RELATIONS, waived=waived)
        return Judged(posture=posture, relations=None, waivers=waivers)
    relations = expand_crosswalk(framework, tallies, mappings)
    posture = assess_posture(framework, tallies=tallies, relations=relations, waived=waived)
    return Judged(posture=posture, relations=_in_order(framework, relations), waivers=waivers)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReadings:
    """Tallies of each scanned day of a scope, read once and judged against as many frameworks as are asked for."""

    by_day: Mapping[date, pl.DataFrame]
    """TALLY_SCHEMA per UTC day, oldest first; days without scans are absent."""
    mappings: pl.DataFrame


def read_days(lake: Lake, scope: Scope, period: Period) -> DayReadings:
    """Each day's own closing tallies."""
    daily = lake.load_daily_tallies(scope, period)
    by_day = daily.sort("observed_date").partition_by("observed_date", as_dict=True, include_key=False)
    return DayReadings(
        by_day={day: tallies for (day,), tallies in by_day.items()}, mappings=lake.load_mappings(scope.organization)
    )


def judge_days(readings: DayReadings, framework: Framework | None) -> Mapping[date, Posture]:
    """Each scanned day's own posture, oldest first."""
    return {
        day: assess_posture(
            framework,
            tallies=tallies,
            relations=expand_crosswalk(framework, tallies, readings.mappings) if framework else _NO_RELATIONS,
            waived=WAIVED_SCHEMA.to_frame(),
        )
        for day, tallies in readings.by_day.items()
    }


def _in_order(framework: Framework, relations: pl.DataFrame) -> pl.DataFrame:
    ids = [requirement.id for requirement in framework.requirements]
    places = pl.DataFrame(
        {"requirement_id": ids, "ordinal": list(range(len(ids)))},
        schema={"requirement_id": pl.String, "ordinal": pl.Int64},
    )
    return relations.join(places, on="requirement_id")
