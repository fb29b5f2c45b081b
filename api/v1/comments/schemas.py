"""Query parameters and response bodies of comments."""

from pydantic import Field

from api.platform.listing import PageQuery
from api.platform.responses import Moment, Pagination, ResponseModel


class CommentQuery(PageQuery):
    """Which comments."""

    framework: str | None = Field(default=None, max_length=100, description="Only comments on this framework")
    requirement: str | None = Field(
        default=None,
        max_length=1000,
        description="Only comments on this requirement, in any known spelling; needs `framework`",
    )


class CommentAnswer(ResponseModel):
    """One comment on a requirement."""

    id: str = Field(description="Id of the comment", examples=["cmt_0123456789abcdef"])
    framework: str = Field(description="Id of the framework", examples=["soc2"])
    requirement: str = Field(description="Id of the requirement", examples=["CC6.1"])
    text: str = Field(description="What the author says; plain text")
    as_of: Moment = Field(description="The time that it is about, exclusive: reports whose period has it show it")
    author: str = Field(
        description="Id of the key, person or auditor, or who it was at the command line",
        examples=["aud_0123456789abcdef"],
    )
    author_name: str = Field(
        description="Name of that identity when the comment was made", examples=["Grace Hopper, Example Audit LLP"]
    )
    author_role: str | None = Field(description="The role in which the author acted, where one was given")
    made_at: Moment = Field(description="When it was made")


class CommentList(ResponseModel):
    """A page of comments, newest first."""

    comments: list[CommentAnswer] = Field(description="The comments of the page")
    pagination: Pagination
