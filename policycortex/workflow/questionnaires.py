"""Questionnaires: the open requirements of a framework as a workbook, and the import of a filled one."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from policycortex.frameworks.model import Framework
from policycortex.names import CrosswalkEdition, RequirementResult
from policycortex.period import Period
from policycortex.requests.questionnaire.reading import read_questionnaire
from policycortex.requests.questionnaire.writing import Question, write_questionnaire
from policycortex.scope import Scope
from policycortex.scoring.approvals import ApprovalStatus
from policycortex.scoring.attestations import Attestation
from policycortex.scoring.hierarchy import distinct_conclusions
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import Registry
from policycortex.storage.registry.attestations import NewStatement
from policycortex.workflow.assessed_period import judge_period

_LOOKBACK: Final = timedelta(days=30)
"""Findings of these days count, as for the posture over the API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedAnswers:
    """What became of the rows of a questionnaire."""

    requested: tuple[Attestation, ...]
    unchanged: tuple[Attestation, ...]
    """Requested before with the same content, and neither revoked nor over."""
    empty: int


def export_questionnaire(
    settings: Settings,
    registry: Registry,
    organization: str,
    framework: Framework,
    path: Path,
    *,
    now: datetime,
    every: bool = False,
) -> int:
    """Write the requirements that neither scanners nor people decide now, or ``every`` one that applies.

    In the reviewed edition, without parents: their parts are stated. Returns the number of requirements.
    """
    framework = framework.in_edition(CrosswalkEdition.REVIEWED)
    attestations = registry.attestations.list_records(organization)
    with open_lake(settings) as lake:
        assessed = judge_period(
            lake,
            framework,
            Scope(organization=organization),
            Period.as_given(now - _LOOKBACK, now),
            waivers=registry.waivers.list_records(organization),
            attestations=attestations,
            now=now,
        )
    waiting = defaultdict[str, list[Attestation]](list)
    for each in attestations:
        if each.scope.framework == framework.id and each.status_at(now) is ApprovalStatus.REQUESTED:
            for id_ in each.scope.requirements:
                waiting[id_].append(each)
    questions = [
        Question(requirement=each, waiting=tuple(waiting[each.id]))
        for each in distinct_conclusions(assessed.posture.requirements)
        if each.result is not RequirementResult.NOT_APPLICABLE and (every or each.decided_by is None)
    ]
    write_questionnaire(path, framework, questions, organization=organization, now=now)
    return len(questions)


def import_questionnaire(
    registry: Registry, organization: str, framework: Framework, path: Path, *, by: str, now: datetime
) -> ImportedAnswers:
    """Request all statements of a filled questionnaire, in one transaction.

    Raises RequestError whose details name every problem with its cell; then nothing is requested.
    """
    answers = read_questionnaire(path, framework, organization=organization, now=now)
    wanted = [
        NewStatement(
            statement=each.request.statement,
            scope=each.request.scope,
            reason=each.request.reason,
            valid=each.request.valid,
            role=each.request.role,
            has_start=each.has_start,
        )
        for each in answers.answered
    ]
    made = registry.attestations.request_attestations(organization, wanted, by=by, now=now)
    return ImportedAnswers(
        requested=tuple(each for each, is_new in made if is_new),
        unchanged=tuple(each for each, is_new in made if not is_new),
        empty=answers.empty,
    )
