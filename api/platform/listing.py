"""The query parameters that all lists share."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from policycortex.field_types import parse_moment

_LAST_OFFSET: Final = 1 << 31


GivenMoment = Annotated[datetime, BeforeValidator(parse_moment)]
"""A time with a zone, in RFC 3339."""


class PageQuery(BaseModel):
    """Which part of a list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: int = Field(default=20, ge=1, le=100, description="Entries of one page")
    offset: int = Field(default=0, ge=0, le=_LAST_OFFSET, description="Entries before the page")
