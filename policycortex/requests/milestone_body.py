"""The body of a milestone of a plan of action, for the API and the command line, and the checked value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import Field, ValidationInfo, field_validator

from policycortex.documents.milestones import MilestoneChange
from policycortex.field_types import Line, Strict, did_you_mean, refuse
from policycortex.frameworks.model import Framework
from policycortex.period import FIRST_DAY
from policycortex.reports.poam_items import read_number
from policycortex.requests.approval_body import ROLE_TEXT, Role, known_framework, known_frameworks, request_context
from policycortex.requests.backfill_body import Day
from policycortex.requests.parsing import validated

_LONGEST: Final = 1000
"""Characters of a milestone; workbooks list all of an item in one cell."""
_ITEM: Final = re.compile(r"(POAM-[0-9]{1,9})(?:/(.+))?", re.IGNORECASE | re.ASCII)
_LAST_DAY: Final = date(2100, 12, 31)
_AHEAD: Final = timedelta(hours=14)
"""Of UTC, in the first zone of a day."""
_Id = Annotated[str, Field(max_length=100)]


class MilestoneBody(Strict):
    """Body of ``POST /v1/milestones``."""

    completes: _Id | None = Field(
        default=None, examples=["mst_0123456789abcdef"], description="Id of the milestone that was completed"
    )
    replaces: _Id | None = Field(
        default=None,
        examples=["mst_0123456789abcdef"],
        description="Id of the milestone in whose place this one is, with another text or day",
    )
    item: Annotated[Line, Field(max_length=1020)] | None = Field(
        default=None,
        validate_default=True,
        examples=["POAM-00012/CC6.1"],
        description="Of a new milestone: the number of the item, or of the weakness (`POAM-00012`) for all its items",
    )
    framework: str | None = Field(
        default=None,
        validate_default=True,
        examples=["soc2"],
        description="The framework of the item's requirement; absent for a weakness",
    )
    text: Annotated[Line, Field(max_length=_LONGEST)] = Field(
        examples=["The bucket policy is reviewed"],
        description="One line; it cannot be changed later",
        json_schema_extra={"minLength": 1, "pattern": r"\S"},
    )
    due_on: Day | None = Field(
        default=None,
        validate_default=True,
        examples=["2026-12-31"],
        description="The day by which it is to be done; not with `completes`",
    )
    done_on: Day | None = Field(
        default=None, examples=["2026-12-15"], description="With `completes`: the day; absent: today, UTC"
    )
    role: Role = Field(default=None, description=ROLE_TEXT, examples=["System owner"])

    @field_validator("replaces")
    @classmethod
    def _one_change(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("completes") is not None:
            raise refuse("A milestone completes or replaces an earlier one, not both")
        return value

    @field_validator("item")
    @classmethod
    def _item(cls, value: str | None, info: ValidationInfo) -> str | None:
        has_earlier = _earlier(info) is not None
        if value is None:
            if has_earlier or not {"completes", "replaces"} <= info.data.keys():
                return None
            raise refuse("Give the item, or the milestone that this one completes or replaces")
        if has_earlier:
            raise refuse("The item is that of the earlier milestone: leave it out")
        if _ITEM.fullmatch(value) is None:
            raise refuse("Must be the number of an item or weakness, such as POAM-00012/CC6.1 or POAM-00012")
        return value

    @field_validator("framework")
    @classmethod
    def _framework(cls, value: str | None, info: ValidationInfo) -> str | None:
        requirement = split_item(info.data.get("item"))[1]
        if value is None:
            if requirement is not None:
                raise refuse("Needed: the framework of the item's requirement")
            return None
        if requirement is None and "item" in info.data:
            raise refuse("Only with the number of an item, such as POAM-00012/CC6.1")
        framework = known_frameworks(info)[known_framework(value, info)]
        if requirement is not None and requirement.casefold() not in framework.requirement_by_spelling():
            ids = [each.id for each in framework.requirements]
            raise refuse(f"No requirement {requirement!r} of {value}{did_you_mean(requirement, ids)}")
        return value

    @field_validator("due_on")
    @classmethod
    def _due(cls, value: date | None, info: ValidationInfo) -> date | None:
        completes = info.data.get("completes") is not None
        if value is None and not completes:
            raise refuse("Needed: the day by which it is to be done")
        if value is not None and completes:
            raise refuse("Not with completes: give done_on")
        return _in_range(value)

    @field_validator("done_on")
    @classmethod
    def _done(cls, value: date | None, info: ValidationInfo) -> date | None:
        if value is not None and info.data.get("completes") is None:
            raise refuse("Only with completes")
        if value is not None and value > ((info.context or {})["now"] + _AHEAD).date():
            raise refuse("Must not be in the future")
        return _in_range(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneRequest:
    """A checked milestone."""

    number: int | None
    """Of the weakness; None: that of ``earlier``."""
    framework: str | None
    requirement: str | None
    """Canonical id; None: of the weakness, or that of ``earlier``."""
    text: str
    due_on: date | None
    done_on: date | None
    earlier: str | None
    change: MilestoneChange | None
    role: str | None


def parse_milestone(body: Mapping[str, Any], *, now: datetime, frameworks: Mapping[str, Framework]) -> MilestoneRequest:
    """The milestone in ``body``. Raises RequestError whose details name every problem at once."""
    checked = validated(MilestoneBody, body, context=request_context(frameworks, now))
    number, requirement = split_item(checked.item)
    if requirement is not None and checked.framework is not None:
        requirement = frameworks[checked.framework].requirement_by_spelling()[requirement.casefold()]
    change = MilestoneChange.COMPLETED if checked.completes else MilestoneChange.REPLACED if checked.replaces else None
    return MilestoneRequest(
        number=number,
        framework=checked.framework,
        requirement=requirement,
        text=checked.text,
        due_on=checked.due_on,
        done_on=(checked.done_on or now.date()) if checked.completes else None,
        earlier=checked.completes or checked.replaces,
        change=change,
        role=checked.role,
    )


def split_item(item: str | None) -> tuple[int | None, str | None]:
    """Number and requirement of ``POAM-00012/CC6.1``; None for what it does not have."""
    found = _ITEM.fullmatch(item or "")
    return (read_number(found[1].upper()), found[2]) if found else (None, None)


def _earlier(info: ValidationInfo) -> str | None:
    return info.data.get("completes") or info.data.get("replaces")


def _in_range(day: date | None) -> date | None:
    if day is not None and not FIRST_DAY <= day <= _LAST_DAY:
        raise refuse(f"Must be from {FIRST_DAY} to {_LAST_DAY}")
    return day
