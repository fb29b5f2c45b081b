"""Bodies of requests about links and sharing."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from policycortex.field_types import Strict, refuse
from policycortex.names import ReportFormat
from policycortex.requests.body import one_of

_DAY = 24 * 3600


def whole_number(value: object) -> object:
    """JSON Schema counts 60.0 among the integers."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class LinkBody(Strict):
    """Which file, for how long."""

    format: ReportFormat = Field(examples=["pdf"])
    expires_in: Annotated[int, BeforeValidator(whole_number)] = Field(
        default=3600, ge=60, le=7 * _DAY, description="Seconds, one minute to seven days"
    )
    one_time: bool = Field(default=False, description="The first download ends it")

    @field_validator("format", mode="before")
    @classmethod
    def _format(cls, value: object) -> object:
        return one_of(ReportFormat, value)


class SharingBody(Strict):
    """Who sees the report."""

    visibility: Literal["organization", "keys"] = Field(description="Every key of the organisation, or those of `keys`")
    keys: list[Annotated[str, Field(max_length=64)]] = Field(
        default=[], max_length=100, description="Ids of keys, as `policycortex keys list` shows them"
    )
    links_allowed: bool = Field(default=True, description="False ends all links of the report and allows no new ones")

    @field_validator("keys")
    @classmethod
    def _only_with_keys(cls, values: list[str], info: ValidationInfo) -> list[str]:
        if values and info.data.get("visibility") == "organization":
            raise refuse("keys goes with visibility keys")
        return values
