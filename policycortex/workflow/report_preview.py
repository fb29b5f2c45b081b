"""What a report would have if it were made now. Nothing is written: no row, no framework version, no lake."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from policycortex.documents.tables import EARLIER_TARGETS_SCHEMA
from policycortex.frameworks.crosswalk import RELATION_SCHEMA
from policycortex.frameworks.model import Framework
from policycortex.requests.model import ReportRequest
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.combined_records import attestations_within, waivers_within
from policycortex.scoring.model import TALLY_SCHEMA, WAIVED_SCHEMA, Posture
from policycortex.scoring.part_posture import assess_part
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.storage.lake.period_end import PLACES_SCHEMA
from policycortex.storage.lake.shared_lake import SharedLake
from policycortex.storage.registry import Registry
from policycortex.workflow.assessed_period import AssessedPeriod, judge_period
from policycortex.workflow.known_records import read_framework_and_records


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPreview:
    """The counts of a report that is not made."""

    posture: Posture
    """Of the framework, of several as one, or of all findings in scope."""
    parts: tuple[Posture, ...]
    """Of each requested framework; empty for a report on all findings."""
    places: pl.DataFrame
    """PLACES_SCHEMA: all findings in scope, also those that count towards no requirement."""
    earlier_targets: pl.DataFrame
    """EARLIER_TARGETS_SCHEMA: what was scanned within a quarter before the period and not in it."""
    is_current: bool
    """False where imports of the period are not evaluated yet; the report evaluates them before it counts."""


def preview_report(
    settings: Settings, registry: Registry, shared: SharedLake, request: ReportRequest, *, now: datetime
) -> ReportPreview:
    """Count what the report would have. Raises ConfigurationError, DataNotKeptError."""
    framework, waivers, attestations = read_framework_and_records(settings, registry, request, now)
    with _opened(settings, shared, request) as lake:
        if lake is None:
            return _without_data(framework)
        scope, period = request.scope, request.period
        assessed = judge_period(
            lake,
            framework,
            scope,
            period,
            waivers=waivers_within(waivers, framework),
            attestations=attestations_within(attestations, framework),
            now=request.basis.known_at if request.basis else now,
        )
        return ReportPreview(
            posture=assessed.posture,
            parts=_parts(framework, assessed),
            places=lake.period_end.load_places(scope, period),
            earlier_targets=lake.period_end.load_earlier_targets(scope, period),
            is_current=request.basis is not None
            or not lake.state.has_unbuilt_imports(scope.organization, period.first_utc_date, period.last_utc_date),
        )


@contextmanager
def _opened(settings: Settings, shared: SharedLake, request: ReportRequest) -> Iterator[Lake | None]:
    """The lake that the report would be made from; None where nothing was imported yet."""
    if request.basis is None:
        with shared.read_if_any() as newest:
            yield newest
        return
    with open_lake(settings, snapshot=request.basis.snapshot) as lake:
        if request.basis.carry_days is not None:
            lake.session.carry_days = request.basis.carry_days
        yield lake


def _parts(framework: Framework | None, assessed: AssessedPeriod) -> tuple[Posture, ...]:
    if framework is None:
        return ()
    if not framework.parts:
        return (assessed.posture,)
    relations = assessed.relations if assessed.relations is not None else RELATION_SCHEMA.to_frame()
    return tuple(
        assess_part(
            assessed.posture,
            part,
            framework_id=framework.id,
            tallies=assessed.tallies,
            relations=relations,
            waived=assessed.waived,
        )
        for part in framework.parts
    )


def _without_data(framework: Framework | None) -> ReportPreview:
    frameworks = () if framework is None else framework.parts or (framework,)
    return ReportPreview(
        posture=_nothing_assessed(framework),
        parts=tuple(_nothing_assessed(each) for each in frameworks),
        places=PLACES_SCHEMA.to_frame(),
        earlier_targets=EARLIER_TARGETS_SCHEMA.to_frame(),
        is_current=True,
    )


def _nothing_assessed(framework: Framework | None) -> Posture:
    empty = TALLY_SCHEMA.to_frame()
    return assess_posture(
        framework, tallies=empty, relations=RELATION_SCHEMA.to_frame(), waived=WAIVED_SCHEMA.to_frame()
    )
