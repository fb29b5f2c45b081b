"""One scope and period, read from one lake and judged: what days and reports share."""

from collections.abc import Iterator, Mapping
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
from policycortex.storage.lake_findings import WAIVERS_SCHEMA

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


def judge_days(lake: Lake, framework: Framework | None, scope: Scope, period: Period) -> Mapping[date, Posture]:
    """Each scanned day's own posture; days without scans are absent."""
    mappings = lake.load_mappings(scope.organization)
    return {
        day: assess_posture(
            framework,
            tallies=tallies,
            relations=expand_crosswalk(framework, tallies, mappings) if framework else _NO_RELATIONS,
            waived=WAIVED_SCHEMA.to_frame(),
        )
        for day, tallies in _by_day(lake, scope, period)
    }


def _by_day(lake: Lake, scope: Scope, period: Period) -> Iterator[tuple[date, pl.DataFrame]]:
    daily = lake.load_daily_tallies(scope, period)
    for day in daily["observed_date"].unique().sort().to_list():
        yield day, daily.filter(pl.col("observed_date") == day).drop("observed_date")


def _in_order(framework: Framework, relations: pl.DataFrame) -> pl.DataFrame:
    ids = [requirement.id for requirement in framework.requirements]
    places = pl.DataFrame(
        {"requirement_id": ids, "ordinal": list(range(len(ids)))},
        schema={"requirement_id": pl.String, "ordinal": pl.Int64},
    )
    return relations.join(places, on="requirement_id")
