"""What a read of one framework requests: the framework, the scope, and the data as it was known at one time."""

from dataclasses import dataclass
from datetime import UTC

from api.platform import error_codes as codes
from api.platform.as_of import AsOfQuery, KnownData, known_data_of
from api.platform.auth import Principal
from api.platform.errors import ApiError
from api.platform.filters import checked_scope, frameworks_of, known_filters
from api.platform.services import Services
from policycortex.frameworks.model import Framework
from policycortex.requests.scope_body import scope_of
from policycortex.scope import Scope
from policycortex.scoring.approvals import as_known_at
from policycortex.scoring.attestations import Attestation


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedFramework:
    """One framework with what its assessment is read from."""

    framework: Framework
    """As it was known at the time of ``known``."""
    scope: Scope
    known: KnownData
    attestations: tuple[Attestation, ...]


def requested_framework(
    framework_id: str, query: AsOfQuery, services: Services, caller: Principal
) -> RequestedFramework:
    """Raises ApiError for an unknown framework and wrong filters, RequestError for a time whose data is not kept."""
    frameworks = frameworks_of(query, services, caller)
    framework = frameworks.get(framework_id)
    if framework is None:
        raise ApiError(codes.PATH_NOT_FOUND, f"No framework {framework_id!r}; GET /v1/frameworks lists all")
    now = services.now().astimezone(UTC)
    filters = known_filters(frameworks, services, caller)
    scope = scope_of(checked_scope(query, filters, now), caller.organization, filters)
    known = known_data_of(query, framework, services, caller, now=now)
    stated = services.registry.attestations.list_records(caller.organization)
    return RequestedFramework(
        framework=known.framework or framework, scope=scope, known=known, attestations=as_known_at(stated, known.at)
    )
