"""The ``split`` field of a schedule: one report for each account group or environment, each with its own deliveries.

A part is named in the schedule. ``others`` is one more part, with all values in the data that no part names.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field, ValidationInfo, field_validator, model_validator

from policycortex.field_types import Line, Strict, refuse
from policycortex.names import SplitBy
from policycortex.requests.body import one_of
from policycortex.requests.destinations import ScheduleDeliveryBody
from policycortex.requests.scope_body import ScopeBody

_MOST_PARTS: Final = 100
_SCOPE_FIELDS: Final = {SplitBy.ACCOUNT_GROUP: "accounts", SplitBy.ENVIRONMENT: "environments"}
_DELIVERY: Final = Field(default=None, description="By default the schedule's own delivery")

PartName = Annotated[Line, Field(max_length=80)]


class PartBody(Strict):
    """One part: a report on these accounts, or on the environment that it is named after."""

    accounts: list[Annotated[Line, Field(max_length=256)]] = Field(
        default=[], max_length=1000, description="The accounts of an account group; none for an environment"
    )
    delivery: ScheduleDeliveryBody | None = _DELIVERY


class OthersBody(Strict):
    """A report on everything that no part names. None is made at a tick that finds nothing else."""

    name: PartName = Field(default="Others", examples=["Other accounts"])
    delivery: ScheduleDeliveryBody | None = _DELIVERY


class SplitBody(Strict):
    """One report for each part, instead of one for all."""

    by: SplitBy = Field(examples=["account_group"])
    parts: dict[PartName, PartBody] = Field(
        min_length=1,
        max_length=_MOST_PARTS,
        description="By name of the account group, or by environment",
        examples=[{"Retail": {"accounts": ["123456789012"], "delivery": {"email": {"recipients": ["r@company.com"]}}}}],
    )
    others: OthersBody | None = Field(default=None, description="Absent: nothing that no part names is reported")

    @field_validator("by", mode="before")
    @classmethod
    def _by(cls, value: object) -> object:
        return one_of(SplitBy, value)

    @field_validator("parts")
    @classmethod
    def _parts(cls, value: dict[str, PartBody], info: ValidationInfo) -> dict[str, PartBody]:
        folded = [name.casefold() for name in value]
        if len(set(folded)) != len(folded):
            raise refuse("Two parts have the same name, but for upper and lower case")
        by = info.data.get("by")
        is_group = by is SplitBy.ACCOUNT_GROUP
        wrong = [name for name, part in value.items() if by is not None and bool(part.accounts) != is_group]
        if wrong:
            needed = "needs accounts" if is_group else "takes no accounts: it is the environment of its name"
            raise refuse(f"The part {wrong[0]!r} {needed}")
        if not is_group:
            ScopeBody.model_validate({"environments": list(value)}, context=info.context)
        return value

    @model_validator(mode="after")
    def _others_differ(self) -> "SplitBody":
        if self.others is not None and self.others.name.casefold() in {name.casefold() for name in self.parts}:
            raise refuse(f"others.name: a part is named {self.others.name!r} too")
        return self

    def problem_in(self, scope: ScopeBody) -> str | None:
        """The problem of a part that lies outside of the scope of all reports; None if there is none."""
        allowed = set(getattr(scope, _SCOPE_FIELDS[self.by]))
        for name, part in self.parts.items():
            outside = [value for value in part.accounts or [name] if allowed and value not in allowed]
            if outside:
                return f"{outside[0]!r} of the part {name!r} is not in report_template.scope.{_SCOPE_FIELDS[self.by]}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePart:
    """One part of a schedule at one tick."""

    name: str
    values: tuple[str, ...]
    """Accounts or environments, sorted as given; never empty."""
    body: Mapping[str, Any]
    """The schedule's body with the scope and the delivery of this part."""


def names_others(body: Mapping[str, Any]) -> bool:
    """Whether the parts depend on what is in the data."""
    return (body.get("split") or {}).get("others") is not None


def part_count(body: Mapping[str, Any]) -> int:
    """The most reports that one tick of a stored schedule makes."""
    split = body.get("split")
    return len(split["parts"]) + 1 if split else 1


def split_by(body: Mapping[str, Any]) -> SplitBy | None:
    """What a stored schedule is split by; None if it makes one report."""
    split = body.get("split")
    return SplitBy(split["by"]) if split else None


def parts_of(body: Mapping[str, Any], found: Collection[str] = ()) -> tuple[SchedulePart, ...]:
    """The parts of a stored schedule that is split, in its order, then the others.

    ``found`` are the accounts or environments in the data, within the scope of the schedule.
    """
    return tuple(_parts_of(body, found))


def uncovered_by(body: Mapping[str, Any], found: Collection[str]) -> tuple[str, ...]:
    """Values in the data that no part names, sorted; they have no report unless the schedule has ``others``."""
    split = body["split"]
    named = {value.casefold() for name, part in split["parts"].items() for value in (part.get("accounts") or [name])}
    return tuple(sorted(value for value in set(found) if value.casefold() not in named))


def _parts_of(body: Mapping[str, Any], found: Collection[str]) -> Iterator[SchedulePart]:
    split = body["split"]
    for name, part in split["parts"].items():
        yield _part(body, name, tuple(dict.fromkeys(part.get("accounts") or [name])), part)
    others, rest = split.get("others"), uncovered_by(body, found)
    if others is not None and rest:
        yield _part(body, others.get("name", "Others"), rest, others)


def _part(body: Mapping[str, Any], name: str, values: tuple[str, ...], given: Mapping[str, Any]) -> SchedulePart:
    template = body["report_template"]
    field = _SCOPE_FIELDS[SplitBy(body["split"]["by"])]
    scope = {**template.get("scope", {}), field: list(values)}
    delivery = given.get("delivery") if given.get("delivery") is not None else body.get("delivery")
    changed = {**body, "report_template": {**template, "scope": scope}, "delivery": delivery}
    return SchedulePart(name=name, values=values, body=changed)
