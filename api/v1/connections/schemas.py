"""Response bodies of connections."""

from pydantic import Field

from api.platform.responses import ResponseModel


class ConnectionAnswer(ResponseModel):
    """One connection that the organisation may use."""

    name: str = Field(description="As deliveries name it", examples=["ops-mail"])
    type: str = Field(description="Its channel", examples=["email"])
    is_shared: bool = Field(description="Whether other organisations may use it, too")
    allowed_targets: list[str] = Field(description="Targets that a request may name; empty: any")
    timeout_seconds: float = Field(description="Longest silence of the receiver", examples=[30])


class ConnectionList(ResponseModel):
    """All connections of the organisation, by name; there are tens."""

    connections: list[ConnectionAnswer] = Field(description="The connections, by name")


class ConnectionCheck(ResponseModel):
    """What came of an attempt to connect and log in."""

    name: str = Field(description="Name of the connection", examples=["ops-mail"])
    is_ready: bool = Field(description="Whether a delivery could be sent now")
    answer: str = Field(description="The receiver's words, or why there was no answer")
