"""Response bodies of frameworks."""

from pydantic import Field

from api.platform.responses import ResponseModel


class FrameworkItem(ResponseModel):
    """One framework in the list."""

    id: str = Field(description="As requests for reports name it", examples=["soc2"])
    name: str = Field(examples=["SOC 2"])
    version: str
    is_builtin: bool
    requirement_count: int = Field(examples=[61])


class FrameworkList(ResponseModel):
    """All frameworks of the organisation, on one page; there are tens."""

    frameworks: list[FrameworkItem]


class ReviewedChecks(ResponseModel):
    """Checks of the reviewed edition, as `provider/check`, sorted."""

    direct: list[str] = Field(description="They test the requirement")
    supporting: list[str] = Field(description="They help it; alone they never make it compliant")
    contrary: list[str] = Field(description="They show nothing of it, or the opposite; they do not count")


class ConditionAnswer(ResponseModel):
    """One setting that a check must have run with for its findings to show the requirement."""

    provider: str = Field(examples=["aws"], description="`*` is any")
    check_id: str = Field(examples=["iam_user_accesskey_unused"])
    setting: str = Field(examples=["max_unused_access_keys_days"])
    operator: str = Field(examples=["lte"])
    value: bool | int | float | str | list[bool | int | float | str] = Field(examples=[45])


class RequirementAnswer(ResponseModel):
    """One requirement, in the framework's order."""

    id: str = Field(examples=["CC6.1"])
    title: str
    section: str
    description: str
    aliases: list[str]
    manual_for: list[str] = Field(description="Providers for which only a person can assess it; `*` is any")
    checks: list[str] = Field(description="Checks that the crosswalk relates to it, as `provider/check`, sorted")
    parent: str | None = Field(description="Id of the requirement that it is a part of")
    kind: str | None = Field(description="What it is within its framework, such as addressable", examples=["required"])
    tags: list[str] = Field(
        description="Marks that its framework gives it, such as a level", examples=[["level_1", "automated"]]
    )
    conditions: list[ConditionAnswer] = Field(
        description="Settings that its checks must have run with; counted in reports, never evaluated"
    )
    is_manual: bool | None = Field(
        description="Whether only a person can assess it in the reviewed edition; null: manual_for decides"
    )
    reviewed_checks: ReviewedChecks


class ProfileAnswer(ResponseModel):
    """Requirements that an organisation can leave out under one name, with an approved attestation."""

    id: str = Field(examples=["privacy"])
    title: str = Field(description="Names what is left out")
    requirements: list[str]


class FrameworkDetails(ResponseModel):
    """One framework with its requirements and crosswalk."""

    id: str
    name: str
    version: str
    is_builtin: bool
    requirement_count: int
    crosswalk_version: str
    review_version: str | None = Field(description="Version of the review of its relations; null: not reviewed")
    requirements: list[RequirementAnswer]
    profiles: list[ProfileAnswer] = Field(description="For attestations; empty for frameworks of one's own")
