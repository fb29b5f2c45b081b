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


class RequirementAnswer(ResponseModel):
    """One requirement, in the framework's order."""

    id: str = Field(examples=["CC6.1"])
    title: str
    section: str
    description: str
    aliases: list[str]
    manual_for: list[str] = Field(description="Providers for which only a person can assess it; `*` is any")
    checks: list[str] = Field(description="Checks that the crosswalk relates to it, as `provider/check`, sorted")


class FrameworkDetails(ResponseModel):
    """One framework with its requirements and crosswalk."""

    id: str
    name: str
    version: str
    is_builtin: bool
    requirement_count: int
    crosswalk_version: str
    requirements: list[RequirementAnswer]
