"""Filters over findings as query parameters, and what they mean for the caller."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from api.platform import error_codes as codes
from api.platform.auth import Principal
from api.platform.errors import ApiError
from api.platform.services import Services
from policycortex.errors import Problem, RequestError
from policycortex.frameworks.model import Framework
from policycortex.names import CrosswalkEdition
from policycortex.requests.body import Known, ScopeBody
from policycortex.requests.parsing import validated
from policycortex.scope import Scope

REFUSED: Final = "Request parameters are not valid"


class FilterQuery(BaseModel):
    """Which findings; absent lists mean all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    crosswalk: CrosswalkEdition = Field(
        default=CrosswalkEdition.REVIEWED,
        description="Relations of checks to requirements: `reviewed`, or `scanner` for those of the scanner's files",
    )
    environments: list[str] = Field(default=[], max_length=100, description="Repeat for several")
    cloud_providers: list[str] = Field(default=[], max_length=100, description="Repeat for several")
    accounts: list[str] = Field(default=[], max_length=100, description="Repeat for several")

    def body(self) -> dict[str, object]:
        """The parameters as the ``scope`` of a request for a report."""
        return {
            "environments": self.environments,
            "cloud_providers": self.cloud_providers,
            "accounts": self.accounts,
        }


def frameworks_of(query: FilterQuery, services: Services, caller: Principal) -> Mapping[str, Framework]:
    """The organisation's frameworks, in the edition of the query."""
    known = services.frameworks(caller.organization)
    return {id_: framework.in_edition(query.crosswalk) for id_, framework in known.items()}


def checked_scope(query: FilterQuery, frameworks: Mapping[str, Framework], now: datetime) -> ScopeBody:
    """The parameters as the scope of a request. Raises ApiError that names every invalid one."""
    try:
        return validated(ScopeBody, query.body(), context={"known": Known(frameworks=frameworks), "due_at": now})
    except RequestError as error:
        raise ApiError(codes.INVALID_REQUEST, REFUSED, details=tuple(map(_renamed, error.details))) from None


def scope_from(checked: ScopeBody, caller: Principal) -> Scope:
    """The filters, limited to the organisation of the caller."""
    return Scope(
        organization=caller.organization,
        environments=tuple(checked.environments),
        cloud_providers=tuple(checked.cloud_providers),
        accounts=tuple(dict.fromkeys(checked.accounts)),
    )


def _renamed(problem: Problem) -> Problem:
    return Problem(field=problem.field.removeprefix("date_range."), message=problem.message)
