"""The ``scope`` of a request: its filters over findings and its period, as a Pydantic model.

Validation needs the context of ``body``.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field, ValidationInfo, field_validator

from policycortex.field_types import Line, LocalMoment, Strict, ZoneName, did_you_mean, refuse, suggest
from policycortex.names import DateRangeType
from policycortex.requests.body import Known, known_of, one_of, refuse_all
from policycortex.scope import Scope, TagFilter

_LONGEST: Final = timedelta(days=3660)  # ten years of daily partitions
_Name = Annotated[Line, Field(max_length=256)]
_Names = Annotated[list[_Name], Field(max_length=1000)]
_GivenNames = Annotated[list[_Name], Field(min_length=1, max_length=1000)]
_MOST_TAGS: Final = 20
_ZONE: Final = (
    "IANA time zone in which the report cuts and prints its days; by default the offset that both times of date_range "
    "have, else UTC"
)


class DateRangeBody(Strict):
    """``start`` is inclusive; an ``end`` at 23:59:59 means the end of its day."""

    start: LocalMoment
    end: LocalMoment

    @field_validator("start")
    @classmethod
    def _not_ahead(cls, value: datetime, info: ValidationInfo) -> datetime:
        if info.context is not None and value > info.context["due_at"]:
            raise refuse("Start date cannot be in the future")
        return value

    @field_validator("end")
    @classmethod
    def _after_start(cls, value: datetime, info: ValidationInfo) -> datetime:
        start = info.data.get("start")
        if start is not None and value <= start:
            raise refuse("End date must be after the start date")
        if start is not None and value - start > _LONGEST:
            raise refuse("A report covers ten years at most; move the start or the end date")
        return value


class ScopeBody(Strict):
    """Which findings the report covers. Absent lists mean all; without a date range, the last 30 days."""

    environments: _Names = Field(default=[], examples=[["production", "staging"]])
    cloud_providers: _Names = Field(default=[], examples=[["aws", "azure", "gcp"]])
    accounts: _Names = Field(default=[], examples=[["123456789012"]])
    account_groups: _GivenNames = Field(
        default=[],
        examples=[["Retail"]],
        description="Groups of the account table; with accounts, the accounts that are in both",
    )
    services: _GivenNames = Field(default=[], examples=[["s3", "rds"]], description="As findings name them")
    regions: _GivenNames = Field(default=[], examples=[["eu-central-1"]])
    tags: dict[_Name, _Name | _GivenNames] = Field(
        default={},
        min_length=1,
        max_length=_MOST_TAGS,
        examples=[{"team": ["payments", "core"], "tier": "1"}],
        description="Resources with each of these tags, with one of its values; upper and lower case differ",
    )
    owners: _GivenNames = Field(
        default=[],
        examples=[["payments@example.com", "no owner"]],
        description="Owners as the resources' tags name them (owner, team...); `no owner`: resources without one",
    )
    date_range: DateRangeBody | None = None
    date_range_type: DateRangeType | None = None
    timezone: ZoneName | None = Field(default=None, description=_ZONE)

    @field_validator("environments")
    @classmethod
    def _environments(cls, values: list[str], info: ValidationInfo) -> list[str]:
        known = known_of(info).environments
        # a value unlike all known ones may be an environment of future findings
        refuse_all(
            f"Unknown environment {value!r}{did_you_mean(value.casefold(), known)}"
            for value in values
            if value.casefold() not in known and suggest(value.casefold(), known)
        )
        return _distinct(values)

    @field_validator("cloud_providers")
    @classmethod
    def _providers(cls, values: list[str], info: ValidationInfo) -> list[str]:
        known = known_of(info).cloud_providers
        choices = f"; known are {', '.join(sorted(known))}"
        refuse_all(
            f"Unknown cloud provider {value!r}{did_you_mean(value, known) or choices}"
            for value in values
            if value.casefold() not in known
        )
        return _distinct(values)

    @field_validator("account_groups")
    @classmethod
    def _groups(cls, values: list[str], info: ValidationInfo) -> list[str]:
        groups = known_of(info).load_groups()
        folded = {name.casefold(): name for name in groups}
        unknown = [value for value in values if value.casefold() not in folded]
        if unknown and not groups:
            raise refuse(f"Unknown account group {unknown[0]!r}: the account table has no groups")
        if unknown:
            meant = suggest(unknown[0], folded)
            hint = f"; did you mean {folded[meant]!r}?" if meant else "."
            raise refuse(f"Unknown account group {unknown[0]!r}{hint} Known are {', '.join(groups)}")
        named = list(dict.fromkeys(folded[value.casefold()] for value in values))
        accounts = info.data.get("accounts")
        if accounts and not set(accounts).intersection(_members(groups, named)):
            raise refuse(f"No account of {', '.join(named)} is among accounts: the report would have nothing in scope")
        return named

    @field_validator("services", "regions")
    @classmethod
    def _places(cls, values: list[str]) -> list[str]:
        return list(dict.fromkeys(value.lower() for value in values))

    @field_validator("date_range_type", mode="before")
    @classmethod
    def _kind(cls, value: object) -> object:
        return None if value is None else one_of(DateRangeType, value)

    @field_validator("date_range_type")
    @classmethod
    def _either(cls, value: DateRangeType | None, info: ValidationInfo) -> DateRangeType | None:
        if value is not None and info.data.get("date_range") is not None:
            raise refuse("Give either date_range or date_range_type, not both")
        return value


def _members(groups: Mapping[str, tuple[str, ...]], named: Iterable[str]) -> set[str]:
    return {account for name in named for account in groups[name]}


def tags_of_pairs(pairs: Iterable[str]) -> dict[str, list[str]]:
    """``key=value`` texts as the ``tags`` of a scope. Raises as ``refuse`` if one is none."""
    tags: dict[str, list[str]] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key.strip():
            raise refuse(f"{pair!r} is not key=value")
        tags.setdefault(key.strip(), []).append(value)
    return tags


def scope_of(checked: ScopeBody, organization: str, known: Known) -> Scope:
    """The filters of a checked scope. Account groups become the accounts that are in them now."""
    accounts = tuple(dict.fromkeys(checked.accounts))
    if checked.account_groups:
        members = _members(known.load_groups(), checked.account_groups)
        accounts = tuple(each for each in accounts if each in members) if accounts else tuple(sorted(members))
    tags = checked.tags.items()
    return Scope(
        organization=organization,
        environments=tuple(checked.environments),
        cloud_providers=tuple(checked.cloud_providers),
        accounts=accounts,
        services=tuple(checked.services),
        regions=tuple(checked.regions),
        tags=tuple(
            TagFilter(key=key, values=(given,) if isinstance(given, str) else tuple(dict.fromkeys(given)))
            for key, given in tags
        ),
        owners=tuple({value.lower(): value for value in checked.owners}.values()),
    )


def _distinct(values: list[str]) -> list[str]:
    return list(dict.fromkeys(value.casefold() for value in values))
