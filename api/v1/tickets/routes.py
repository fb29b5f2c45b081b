"""``/v1/tickets``: the tickets of weaknesses in issue trackers, and retrying a step that failed."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.audit import audited
from api.platform.auth import Admin, Reader
from api.platform.dependencies import ServicesDep
from api.platform.errors import not_found_as
from api.platform.openapi import errors_of
from api.platform.responses import page_of, send_json
from api.v1.tickets.presenters import present_ticket
from api.v1.tickets.schemas import TicketAnswer, TicketList, TicketQuery, TicketState

router: Final = APIRouter(prefix="/v1/tickets", tags=["tickets"])

TicketId = Annotated[str, Path(max_length=64, description="Id of the ticket here", examples=["tkt_0123456789abcdef"])]
_NOT_FOUND: Final = "No such ticket; GET /v1/tickets lists all"


@router.get("", response_model=TicketList, responses=errors_of())
def list_tickets(
    request: Request, caller: Reader, query: Annotated[TicketQuery, Query()], services: ServicesDep
) -> Response:
    """The organisation's tickets, the last changed first. ``failed=true`` lists those that need a person."""
    rows, total = services.registry.tickets.list_tickets(
        caller.organization,
        connection=query.connection,
        is_open=None if query.state is None else query.state is TicketState.OPEN,
        has_failed=query.failed,
        limit=query.limit,
        offset=query.offset,
    )
    page = page_of(total, limit=query.limit, offset=query.offset, count=len(rows))
    return send_json(request, TicketList(tickets=[present_ticket(row) for row in rows], pagination=page))


@router.get("/{ticket_id}", response_model=TicketAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
def get_ticket(ticket_id: TicketId, request: Request, caller: Reader, services: ServicesDep) -> Response:
    """One ticket with its steps."""
    with not_found_as(_NOT_FOUND):
        row = services.registry.tickets.get_ticket(caller.organization, ticket_id)
    return send_json(request, present_ticket(row, services.registry.tickets.list_steps(row.id)))


@router.post("/{ticket_id}/retry", status_code=202, responses=errors_of(codes.PATH_NOT_FOUND, codes.CONFLICT))
@audited("ticket_retried")
def retry_ticket(ticket_id: TicketId, caller: Admin, services: ServicesDep) -> TicketAnswer:
    """Carry out the steps that failed again, and then those that wait for them."""
    with not_found_as(_NOT_FOUND):
        row = services.registry.tickets.retry_ticket(caller.organization, ticket_id, now=services.now())
    return present_ticket(row, services.registry.tickets.list_steps(row.id))
