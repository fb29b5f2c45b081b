"""Bodies of requests for API keys, and the checked values."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import Field, ValidationInfo, field_validator

from policycortex.field_types import Line, Moment, Strict, refuse
from policycortex.requests.parsing import validated

_MOST_HOURS: Final = 30 * 24


class KeyBody(Strict):
    """Body of ``POST /v1/keys``. Scopes and networks are checked where the key is made."""

    name: Annotated[Line, Field(min_length=1, max_length=200)] = Field(
        examples=["pipeline"], description="Who or what uses the key"
    )
    scopes: Annotated[list[str], Field(min_length=1, max_length=20)] = Field(
        examples=[["reports:read"]], description="What the key may do"
    )
    expires_at: Moment | None = Field(default=None, description="It ends by itself at this time; absent: it does not")
    networks: Annotated[list[str], Field(max_length=100)] = Field(
        default=[], examples=[["10.0.0.0/8"]], description="Addresses or CIDR blocks that may use it; empty: any"
    )

    @field_validator("expires_at")
    @classmethod
    def _expires(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        now: datetime = (info.context or {})["now"]
        if value is not None and value <= now:
            raise refuse("Must be in the future")
        return value


class RotateKeyBody(Strict):
    """Body of a rotation; it may be left out."""

    overlap_hours: Annotated[int, Field(ge=0, le=_MOST_HOURS)] = Field(
        default=24, description="Hours for which the old key stays valid"
    )

    @property
    def overlap(self) -> timedelta:
        """For how long the old key stays valid."""
        return timedelta(hours=self.overlap_hours)


def parse_key(body: Mapping[str, Any], *, now: datetime) -> KeyBody:
    """The checked body. Raises RequestError that names every problem."""
    return validated(KeyBody, body, context={"now": now})


def parse_rotation(body: Mapping[str, Any]) -> RotateKeyBody:
    """The checked body. Raises RequestError that names every problem."""
    return validated(RotateKeyBody, body)
