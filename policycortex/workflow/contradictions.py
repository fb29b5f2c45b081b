"""Tells owners of requirements that fail although people state them as met, on the day of the finding."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from policycortex.frameworks.model import Framework
from policycortex.names import CrosswalkEdition
from policycortex.scoring.attestations import Statement
from policycortex.scoring.model import Posture
from policycortex.storage.registry import Registry
from policycortex.storage.registry.contradictions import Contradiction
from policycortex.workflow.assessed_period import DayReadings, contradicted_on


def tell_contradictions(
    registry: Registry,
    readings: DayReadings,
    judged: Iterable[tuple[Framework, Mapping[date, Posture]]],
    *,
    now: datetime,
) -> tuple[Contradiction, ...]:
    """Note the contradictions of the newest judged day in the audit log and as alerts. Returns the new ones."""
    reviewed = [(each, postures) for each, postures in judged if each.edition is CrosswalkEdition.REVIEWED]
    days = [day for _, postures in reviewed for day in postures]
    if not days or not any(each.statement is Statement.MET for each in readings.attestations):
        return ()
    newest = max(days)
    found = [
        Contradiction(attestation_id=attestation_id, framework=framework.id, requirement=requirement)
        for framework, postures in reviewed
        if newest in postures
        for attestation_id, requirement in contradicted_on(readings, framework, postures[newest], newest)
    ]
    return registry.contradictions.note_day(readings.scope.organization, newest, found, now=now)
