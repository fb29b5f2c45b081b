"""Filters over findings as query parameters, and what they mean for the caller."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from api.platform import error_codes as codes
from api.platform.auth import Principal
from api.platform.errors import ApiError
from api.platform.services import Services
from policycortex.errors import Problem, RequestError
from policycortex.findings.accounts import ACCOUNT_TABLE, load_account_groups
from policycortex.frameworks.model import Framework
from policycortex.names import CrosswalkEdition
from policycortex.requests.body import Known
from policycortex.requests.parsing import validated
from policycortex.requests.scope_body import ScopeBody, tags_of_pairs

REFUSED: Final = "Request parameters are not valid"
_LISTS: Final = ("environments", "cloud_providers", "accounts", "account_groups", "services", "regions", "owners")

MomentText = Annotated[str, Field(max_length=40, json_schema_extra={"format": "date-time"})]
"""A time that is checked where it is read, so that its zone is kept."""


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
    account_groups: list[str] = Field(
        default=[], max_length=100, description="Of the account table; repeat for several"
    )
    services: list[str] = Field(default=[], max_length=100, description="Repeat for several")
    regions: list[str] = Field(default=[], max_length=100, description="Repeat for several")
    tags: list[str] = Field(
        default=[],
        max_length=100,
        description="`key=value`; repeat for several. Of one key any value counts, of several keys each",
        examples=[["team=payments"]],
    )
    owners: list[str] = Field(
        default=[], max_length=100, description="Owners by the resources' tags; `no owner` for none; repeat for several"
    )

    @field_validator("tags")
    @classmethod
    def _pairs(cls, values: list[str]) -> list[str]:
        tags_of_pairs(values)
        return values

    def body(self) -> dict[str, object]:
        """The parameters as the ``scope`` of a request for a report."""
        named = {name: getattr(self, name) for name in _LISTS} | {"tags": tags_of_pairs(self.tags)}
        return {name: given for name, given in named.items() if given}


def frameworks_of(query: FilterQuery, services: Services, caller: Principal) -> Mapping[str, Framework]:
    """The organisation's frameworks, in the edition of the query."""
    known = services.frameworks(caller.organization)
    return {id_: framework.in_edition(query.crosswalk) for id_, framework in known.items()}


def known_filters(frameworks: Mapping[str, Framework], services: Services, caller: Principal) -> Known:
    """The values that filters of the caller may name."""
    table = services.settings.home / ACCOUNT_TABLE
    return Known(frameworks=frameworks, load_groups=lambda: load_account_groups(table, caller.organization))


def checked_scope(query: FilterQuery, known: Known, now: datetime) -> ScopeBody:
    """The parameters as the scope of a request. Raises ApiError that names every invalid one."""
    try:
        return validated(ScopeBody, query.body(), context={"known": known, "due_at": now})
    except RequestError as error:
        raise ApiError(codes.INVALID_REQUEST, REFUSED, details=tuple(map(_renamed, error.details))) from None


def _renamed(problem: Problem) -> Problem:
    return Problem(field=problem.field.removeprefix("date_range."), message=problem.message)
