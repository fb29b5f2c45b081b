"""Query parameters and response bodies of keys."""

from enum import StrEnum

from pydantic import Field

from api.platform.listing import PageQuery
from api.platform.responses import Moment, Pagination, ResponseModel


class IdentityKind(StrEnum):
    """Who or what a request can come from."""

    KEY = "key"
    PERSON = "person"


class IdentityStatus(StrEnum):
    """The state of a key or person."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class KeysQuery(PageQuery):
    """Which identities."""

    kind: IdentityKind = Field(
        default=IdentityKind.KEY, description="`key`, or `person` for people who signed in without a key"
    )


class IdentityAnswer(ResponseModel):
    """One key or person. The secret of a key is in no list."""

    id: str = Field(description="As in the access log and the audit log", examples=["key_0123456789abcdef"])
    kind: IdentityKind = Field(description="A key, or a person who signs in without one")
    name: str = Field(description="What the key is for, or who the person is", examples=["pipeline"])
    prefix: str = Field(description="First characters of its secret; empty for a person", examples=["sk_live_1234"])
    scopes: list[str] = Field(description="What it may do, sorted; `admin` includes all", examples=[["reports:read"]])
    status: IdentityStatus = Field(description="Its state now")
    networks: list[str] = Field(description="CIDR blocks from which it may be used; empty: any")
    created_at: Moment = Field(description="When it was made")
    expires_at: Moment | None = Field(description="When it ends; null: it does not end by itself")
    revoked_at: Moment | None = Field(description="When it was revoked; null: it was not")
    last_used_at: Moment | None = Field(description="Its last use, accurate to a minute; null: none, or a person")


class KeyMade(IdentityAnswer):
    """A key that was made now."""

    secret: str = Field(description="The key itself. It is in no other response", examples=["sk_live_..."])


class KeyList(ResponseModel):
    """A page of keys or people, newest first."""

    keys: list[IdentityAnswer] = Field(description="The keys or people of the page, also ended ones")
    pagination: Pagination
