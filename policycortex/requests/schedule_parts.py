"""The ``split`` field of a schedule: one report for each account group, environment or owner, with its own deliveries.

A part is named in the schedule. ``others`` is one more part, with all values in the data that no part names. By
owner each of these values is a part of its own.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Final

from pydantic import Field, ValidationInfo, field_validator, model_validator

from policycortex.errors import Problem, RequestError
from policycortex.field_types import Line, Strict, refuse
from policycortex.names import SplitBy
from policycortex.requests.body import known_of, one_of
from policycortex.requests.destinations import ScheduleDeliveryBody
from policycortex.requests.scope_body import ScopeBody

_MOST_PARTS: Final = 100
_LONGEST_NAME: Final = 80
_SCOPE_FIELDS: Final = {
    SplitBy.ACCOUNT_GROUP: "accounts",
    SplitBy.ENVIRONMENT: "environments",
    SplitBy.OWNER: "owners",
}
_OTHERS: Final = "Others"
_DELIVERY: Final = Field(default=None, description="By default the schedule's own delivery")

PartName = Annotated[Line, Field(max_length=_LONGEST_NAME)]


class PartBody(Strict):
    """One part: a report on these accounts, or on the account group, environment or owner that it is named after."""

    accounts: list[Annotated[Line, Field(max_length=256)]] = Field(
        default=[],
        max_length=1000,
        description="Of an account group; absent: its accounts in the account table. None by environment or owner",
    )
    delivery: ScheduleDeliveryBody | None = _DELIVERY


class OthersBody(Strict):
    """A report on everything that no part names. None is made at a tick that finds nothing else.

    By owner: the delivery of owners that no part names, each of which has a report; those past 100 share this one.
    """

    name: PartName = Field(default=_OTHERS, examples=["Other accounts"])
    delivery: ScheduleDeliveryBody | None = _DELIVERY


class SplitBody(Strict):
    """One report for each part, instead of one for all."""

    by: SplitBy = Field(examples=["account_group"])
    parts: dict[PartName, PartBody] = Field(
        default={},
        validate_default=True,
        max_length=_MOST_PARTS,
        description="By name of the account group, environment or owner; at least one unless by owner",
        examples=[{"Retail": {"accounts": ["123456789012"], "delivery": {"email": {"recipients": ["r@example.com"]}}}}],
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
        if by is None:
            return value
        if not value and by is not SplitBy.OWNER:
            raise refuse("Must have at least 1 entry")
        if by is SplitBy.ACCOUNT_GROUP:
            known = {name.casefold() for name in known_of(info).load_groups()}
            missing = [name for name, part in value.items() if not part.accounts and name.casefold() not in known]
            if missing:
                raise refuse(f"The part {missing[0]!r} needs accounts: it is no group of the account table")
            return value
        wrong = [name for name, part in value.items() if part.accounts]
        if wrong:
            raise refuse(f"The part {wrong[0]!r} takes no accounts: it is the {by.value} of its name")
        if value:
            ScopeBody.model_validate({_SCOPE_FIELDS[by]: list(value)}, context=info.context)
        return value

    @model_validator(mode="after")
    def _others_differ(self) -> "SplitBody":
        if self.others is not None and self.others.name.casefold() in {name.casefold() for name in self.parts}:
            raise refuse(f"others.name: a part is named {self.others.name!r} too")
        return self

    def problem_in(self, scope: ScopeBody) -> str | None:
        """The problem of a part that lies outside of the scope of all reports; None if there is none."""
        allowed = {value.casefold() for value in getattr(scope, _SCOPE_FIELDS[self.by])}
        for name, part in self.parts.items():
            values = part.accounts if self.by is SplitBy.ACCOUNT_GROUP else [name]
            outside = [value for value in values if allowed and value.casefold() not in allowed]
            if outside:
                return f"{outside[0]!r} of the part {name!r} is not in report_template.scope.{_SCOPE_FIELDS[self.by]}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePart:
    """One part of a schedule at one tick."""

    name: str
    values: tuple[str, ...]
    """Accounts, environments or owners, sorted as given; never empty."""
    body: Mapping[str, Any]
    """The schedule's body with the scope and the delivery of this part."""


def names_others(body: Mapping[str, Any]) -> bool:
    """Whether the parts depend on what is in the data."""
    split = body.get("split") or {}
    return split.get("others") is not None or split.get("by") == SplitBy.OWNER


def with_groups(body: Mapping[str, Any], load_groups: Callable[[], Mapping[str, Sequence[str]]]) -> Mapping[str, Any]:
    """A stored schedule that is split, its account groups with the accounts that the account table has now.

    Raises RequestError for a group that the table has no more.
    """
    split = body["split"]
    parts = split.get("parts", {})
    bare = [name for name, part in parts.items() if not part.get("accounts")]
    if not bare or split["by"] != SplitBy.ACCOUNT_GROUP:
        return body
    groups = {name.casefold(): accounts for name, accounts in load_groups().items()}
    missing = [name for name in bare if name.casefold() not in groups]
    if missing:
        message = f"the account table has no group {missing[0]!r}, which a part is named after"
        raise RequestError(message, details=(Problem(field="split.parts", message=message),))
    filled = {name: {**parts[name], "accounts": list(groups[name.casefold()])} for name in bare}
    return {**body, "split": {**split, "parts": {**parts, **filled}}}


def part_count(body: Mapping[str, Any]) -> int:
    """The most reports that one tick of a stored schedule makes."""
    split = body.get("split")
    if split and split["by"] == SplitBy.OWNER:
        return _MOST_PARTS + 1
    return len(split.get("parts", {})) + 1 if split else 1


def split_by(body: Mapping[str, Any]) -> SplitBy | None:
    """What a stored schedule is split by; None if it makes one report."""
    split = body.get("split")
    return SplitBy(split["by"]) if split else None


def parts_of(body: Mapping[str, Any], found: Collection[str] = ()) -> tuple[SchedulePart, ...]:
    """The parts of a stored schedule that is split, in its order, then the others.

    ``found`` are the accounts, environments or owners in the data, within the scope of the schedule; owners in the
    order in which they become parts.
    """
    return tuple(_parts_of(body, found))


def uncovered_by(body: Mapping[str, Any], found: Collection[str]) -> tuple[str, ...]:
    """Values in the data that no part names, sorted; they have no report unless the schedule has ``others``."""
    split = body["split"]
    named = {
        value.casefold() for name, part in split.get("parts", {}).items() for value in (part.get("accounts") or [name])
    }
    return tuple(sorted(value for value in set(found) if value.casefold() not in named))


def _parts_of(body: Mapping[str, Any], found: Collection[str]) -> Iterator[SchedulePart]:
    split = body["split"]
    for name, part in split.get("parts", {}).items():
        yield _part(body, name, tuple(dict.fromkeys(part.get("accounts") or [name])), part)
    others, rest = split.get("others"), uncovered_by(body, found)
    if split["by"] == SplitBy.OWNER:
        unnamed = set(rest)
        yield from _owner_parts(body, tuple(owner for owner in found if owner in unnamed), others or {})
    elif others is not None and rest:
        yield _part(body, others.get("name", _OTHERS), rest, others)


def _owner_parts(body: Mapping[str, Any], owners: Sequence[str], others: Mapping[str, Any]) -> Iterator[SchedulePart]:
    """A part for each owner that the schedule does not name; those past the limit share one."""
    free = _MOST_PARTS - len(body["split"].get("parts", {}))
    alone, together = owners[:free], owners[free:]
    for owner in alone:
        yield _part(body, _name_of_owner(owner), (owner,), others)
    if together:
        yield _part(body, others.get("name", _OTHERS), tuple(together), others)


def _name_of_owner(owner: str) -> str:
    """The owner; a long one is cut and ends with digits of its digest, so that two differ."""
    if len(owner) <= _LONGEST_NAME:
        return owner
    return f"{owner[: _LONGEST_NAME - 9]} {sha256(owner.encode()).hexdigest()[:8]}"


def _part(body: Mapping[str, Any], name: str, values: tuple[str, ...], given: Mapping[str, Any]) -> SchedulePart:
    template = body["report_template"]
    field = _SCOPE_FIELDS[SplitBy(body["split"]["by"])]
    scope = {**template.get("scope", {}), field: list(values)}
    delivery = given.get("delivery") if given.get("delivery") is not None else body.get("delivery")
    changed = {**body, "report_template": {**template, "scope": scope}, "delivery": delivery}
    return SchedulePart(name=name, values=values, body=changed)
