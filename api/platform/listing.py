"""The query parameters that all lists share."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

_LAST_OFFSET: Final = 1 << 31


class PageQuery(BaseModel):
    """Which part of a list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=_LAST_OFFSET)
