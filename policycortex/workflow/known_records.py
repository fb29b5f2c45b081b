"""The framework, waivers and attestations of a report, as its basis knows them."""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime

from policycortex.documents.comments import RequirementComment
from policycortex.documents.milestones import StatedMilestone
from policycortex.frameworks.combined import combine
from policycortex.frameworks.model import Framework
from policycortex.names import ReportType
from policycortex.requests.model import ReportRequest, framework_ids
from policycortex.scoring.approvals import as_known_at
from policycortex.scoring.attestations import Attestation
from policycortex.scoring.waivers import Waiver
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import (
    framework_known_at,
    framework_of_version,
    keep_framework,
    require_framework,
)
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.comments import CommentFilter
from policycortex.storage.registry.milestones import MilestoneFilter


def framework_and_records(
    settings: Settings, request: ReportRequest, now: datetime
) -> tuple[Framework | None, Sequence[Waiver], Sequence[Attestation]]:
    """The requested framework, several as one, and all waivers and attestations; all as the basis knows them.

    The registry keeps the versions of the frameworks, so that the report can be made again.
    """
    with closing(open_registry(settings)) as registry:
        if request.basis is None:
            organization = request.scope.organization
            for id_ in framework_ids(request):
                framework = require_framework(settings, registry, organization, id_)
                keep_framework(registry, organization, framework, now=now)
        return read_framework_and_records(settings, registry, request, now)


def read_framework_and_records(
    settings: Settings, registry: Registry, request: ReportRequest, now: datetime
) -> tuple[Framework | None, Sequence[Waiver], Sequence[Attestation]]:
    """The same; nothing is written."""
    organization = request.scope.organization
    waivers = registry.waivers.list_records(organization)
    attestations = registry.attestations.list_records(organization)
    parts = [_framework(settings, registry, request, id_) for id_ in framework_ids(request)]
    known_at = request.basis.known_at if request.basis else now
    return combine(parts) if parts else None, as_known_at(waivers, known_at), as_known_at(attestations, known_at)


def comments_on(settings: Settings, request: ReportRequest, now: datetime) -> tuple[RequirementComment, ...] | None:
    """Comments on the report's frameworks and period that were made by the time of its basis, oldest first.

    None where the request does not ask for them.
    """
    if not request.include_comments:
        return None
    known_at = request.basis.known_at if request.basis else now
    wanted = CommentFilter(frameworks=framework_ids(request), about=request.period, made_until=known_at)
    with closing(open_registry(settings)) as registry:
        return registry.comments.list_comments(request.scope.organization, wanted)[::-1]


def milestones_of(settings: Settings, request: ReportRequest, now: datetime) -> tuple[StatedMilestone, ...]:
    """Milestones that were stated before the end of the report's period, and by the time of its basis; oldest first.

    Those stated later are left out, so that the plan of a past month stays as it is. None but for a plan of action.
    """
    if request.type is not ReportType.POAM:
        return ()
    with closing(open_registry(settings)) as registry:
        return read_milestones(registry, request, now)


def read_milestones(registry: Registry, request: ReportRequest, now: datetime) -> tuple[StatedMilestone, ...]:
    """The same from an open registry, whatever the report's type."""
    known_at = request.basis.known_at if request.basis else now
    wanted = MilestoneFilter(made_until=known_at, made_before=request.period.end)
    return registry.milestones.list_milestones(request.scope.organization, wanted)[::-1]


def _framework(settings: Settings, registry: Registry, request: ReportRequest, framework_id: str) -> Framework:
    """In the edition that is asked for. Raises ConfigurationError, DataNotKeptError."""
    organization, basis = request.scope.organization, request.basis
    if basis is None:
        framework = require_framework(settings, registry, organization, framework_id)
    elif framework_id in basis.frameworks:
        framework = framework_of_version(settings, registry, organization, framework_id, basis.frameworks[framework_id])
    else:
        framework = framework_known_at(settings, registry, organization, framework_id, basis.known_at)
    return framework.in_edition(request.crosswalk)
