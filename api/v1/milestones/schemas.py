"""Query parameters and response bodies of milestones."""

from datetime import date

from pydantic import Field

from api.platform.listing import PageQuery
from api.platform.responses import Moment, Pagination, ResponseModel
from policycortex.documents.milestones import MilestoneChange


class MilestoneQuery(PageQuery):
    """Which milestones."""

    item: str | None = Field(
        default=None,
        max_length=1020,
        examples=["POAM-00012/CC6.1"],
        description="Only milestones of this item, or under the number of a weakness all of it and its items",
    )
    framework: str | None = Field(
        default=None, max_length=100, description="Only milestones of items of this framework"
    )


class MilestoneAnswer(ResponseModel):
    """One statement of a milestone."""

    id: str = Field(description="Id of the milestone", examples=["mst_0123456789abcdef"])
    item: str = Field(description="Number of the item, or of the weakness", examples=["POAM-00012/CC6.1"])
    framework: str | None = Field(description="Framework of the item's requirement; null for a weakness")
    requirement: str | None = Field(description="Id of the requirement; null for a weakness", examples=["CC6.1"])
    text: str = Field(description="What is to be done, or what was done")
    due_on: date | None = Field(description="The day by which it is to be done; null where it completes another one")
    done_on: date | None = Field(description="The day on which it was done; null where it completes none")
    earlier: str | None = Field(description="Id of the milestone that it completes or replaces")
    change: MilestoneChange | None = Field(description="What it does to the earlier one")
    changed: MilestoneChange | None = Field(
        default=None, description="What a later one did to it; null while it stands as it is"
    )
    author: str = Field(
        description="Id of the key or person, or who it was at the command line", examples=["key_0123456789abcdef"]
    )
    author_name: str = Field(description="Name of that identity when the milestone was stated")
    author_role: str | None = Field(description="The role in which the author acted, where one was given")
    made_at: Moment = Field(description="When it was stated")


class MilestoneList(ResponseModel):
    """A page of milestones, newest first."""

    milestones: list[MilestoneAnswer] = Field(description="The milestones of the page")
    pagination: Pagination
