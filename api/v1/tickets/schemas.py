"""Response bodies and query parameters of tickets."""

from enum import StrEnum

from pydantic import Field

from api.platform.listing import PageQuery
from api.platform.responses import Moment, Pagination, ResponseModel
from policycortex.names import Severity, TicketStepKind, TicketStepStatus


class TicketState(StrEnum):
    """Whether a ticket is open once all its steps are done."""

    OPEN = "open"
    CLOSED = "closed"


class TicketQuery(PageQuery):
    """Filters of the list."""

    connection: str | None = Field(default=None, max_length=64, description="Only in this tracker, by its connection")
    state: TicketState | None = Field(default=None, description="Only open tickets, or only closed ones")
    failed: bool | None = Field(default=None, description="Only tickets with a step that failed, or only others")


class TicketStepAnswer(ResponseModel):
    """One step of a ticket."""

    kind: TicketStepKind = Field(description="What is done")
    status: TicketStepStatus = Field(description="`failed`: refused, or given up; it can be retried")
    attempt_count: int = Field(description="Attempts since it was planned or retried")
    created_at: Moment = Field(description="When it was planned")
    next_attempt_at: Moment | None = Field(description="When it is tried next; null once it has ended")
    ended_at: Moment | None = Field(description="When it was done or given up")
    answer: str = Field(description="What the tracker answered, or why there was no answer")
    paragraphs: list[str] = Field(description="Of a comment: its text; else empty")


class TicketAnswer(ResponseModel):
    """The ticket of one weakness in one tracker."""

    id: str = Field(description="Id of the ticket here", examples=["tkt_0123456789abcdef"])
    weakness: str = Field(description="Number of the weakness in plans of action", examples=["POAM-00012"])
    connection: str = Field(description="Connection of the tracker", examples=["security-board"])
    title: str = Field(description="Its title", examples=["[POAM-00012] Buckets must not be public (aws 123456789012)"])
    severity: Severity = Field(description="Of the weakness when the ticket was planned")
    state: TicketState = Field(description="`closed`: a scan found that the weakness no longer fails")
    name: str | None = Field(description="The tracker's name of it; null until it is created", examples=["SEC-12"])
    url: str | None = Field(
        description="Its page; null until it is created", examples=["https://example.com/browse/SEC-12"]
    )
    open_steps: int = Field(description="Steps that are not done")
    failed_steps: int = Field(description="Those of them that failed; later ones wait for them")
    created_at: Moment = Field(description="When it was planned")
    changed_at: Moment = Field(description="When its last step was planned")
    steps: list[TicketStepAnswer] | None = Field(description="Only in the ticket's own details, in their order")


class TicketList(ResponseModel):
    """A page of tickets, the last changed first."""

    tickets: list[TicketAnswer] = Field(description="The tickets of the page")
    pagination: Pagination
