"""The response body of ``/v1/me``."""

from pydantic import Field

from api.platform.responses import Moment, ResponseModel


class KeyAnswer(ResponseModel):
    """The key of the request; a person who signed in to the console has an identity of the same form."""

    id: str = Field(description="As in the access log and the audit log", examples=["key_0123456789abcdef"])
    name: str = Field(description="What it is for", examples=["pipeline"])
    prefix: str = Field(description="First characters of its secret; empty for a person", examples=["sk_live_1234"])
    created_at: Moment = Field(description="When it was made")
    expires_at: Moment | None = Field(description="When it ends; null: it does not end by itself")
    last_used_at: Moment | None = Field(description="Its last use before, accurate to a minute")
    networks: list[str] = Field(description="CIDR blocks from which it may be used; empty: any")


class PersonAnswer(ResponseModel):
    """The person behind the request."""

    id: str = Field(description="Id of the person", examples=["usr_0123456789abcdef"])
    name: str = Field(description="Name of the person", examples=["Ann Smith"])


class LimitsAnswer(ResponseModel):
    """What the installation allows."""

    requests: int = Field(description="Requests of one key in `window_seconds`", examples=[60000])
    window_seconds: int = Field(description="Length of the window in which requests are counted", examples=[60])
    body_bytes: int = Field(description="Largest body, except findings files", examples=[1048576])
    upload_bytes: int = Field(description="Largest findings file", examples=[4294967296])
    open_uploads: int = Field(description="Uploads of the organisation that may wait or be read", examples=[20])


class MeAnswer(ResponseModel):
    """Who the caller is, and what the caller may do."""

    key: KeyAnswer = Field(description="The key of the request")
    person: PersonAnswer | None = Field(description="Who signed in to the console without a key; null for a key")
    organization: str = Field(description="The only organisation whose data the key reads", examples=["default"])
    is_sandbox: bool = Field(description="Whether that is the sandbox")
    scopes: list[str] = Field(
        description="What the key may do, sorted; `admin` includes all", examples=[["reports:read"]]
    )
    limits: LimitsAnswer = Field(description="Limits that hold for the key and its organisation")
