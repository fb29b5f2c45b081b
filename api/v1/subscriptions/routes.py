"""``/v1/subscriptions``: subscribe webhooks to events. For ``admin`` keys, which see all that events are about."""

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.audit import audited, note
from api.platform.auth import Admin
from api.platform.dependencies import BaseUrl, JsonObject, ServicesDep
from api.platform.errors import not_found_as
from api.platform.listing import PageQuery
from api.platform.openapi import body_of, errors_of
from api.platform.responses import page_of, send_json
from api.v1.subscriptions.schemas import (
    SubscribedEvent,
    SubscribedEventList,
    SubscriptionAnswer,
    SubscriptionList,
)
from policycortex.channels.connections import load_connections
from policycortex.names import EventStatus
from policycortex.requests.subscription_body import SubscriptionBody, parse_subscription
from policycortex.storage.registry.event_rows import EventRow, SubscriptionRow

router: Final = APIRouter(prefix="/v1/subscriptions", tags=["events"])

SubscriptionId = Annotated[
    str, Path(max_length=64, description="Id of the subscription", examples=["sub_0123456789abcdef"])
]
EventId = Annotated[
    str, Path(max_length=64, description="Id of the event", examples=["evt_0123456789abcdef0123456789abcdef"])
]
_NOT_FOUND: Final = "No such subscription; GET /v1/subscriptions lists all"
_NO_EVENT: Final = "No such event of this subscription; GET /v1/subscriptions/{id}/events lists all"
_EXAMPLE: Final = {"name": "Incident desk", "events": ["report.failed", "delivery.failed"], "connection": "incidents"}


@router.post(
    "",
    status_code=201,
    responses=errors_of(codes.INVALID_CONFIG, codes.CONFLICT, body=True),
    openapi_extra=body_of(SubscriptionBody, _EXAMPLE),
)
@audited("subscription_created")
def create_subscription(
    *, caller: Admin, body: JsonObject, services: ServicesDep, base_url: BaseUrl, response: Response
) -> SubscriptionAnswer:
    """Send events of some kinds to a webhook, from now on. What happened before is not sent."""
    connections = load_connections(services.settings)
    new = parse_subscription(body, connections=connections, organization=caller.organization)
    row = services.registry.subscriptions.create_subscription(
        caller.organization, new, by=caller.key.id, now=services.now()
    )
    note(subject=row.id, details={"connection": row.connection, "events": [kind.value for kind in row.kinds]})
    response.headers["Location"] = f"{base_url}/v1/subscriptions/{row.id}"
    return _present(row)


@router.get("", response_model=SubscriptionList, responses=errors_of())
def list_subscriptions(
    request: Request, caller: Admin, query: Annotated[PageQuery, Query()], services: ServicesDep
) -> Response:
    """The organisation's subscriptions, newest first."""
    kept = services.registry.subscriptions
    found = kept.list_subscriptions(caller.organization, limit=query.limit, offset=query.offset)
    total = kept.count_subscriptions(caller.organization)
    page = page_of(total, limit=query.limit, offset=query.offset, count=len(found))
    return send_json(request, SubscriptionList(subscriptions=[_present(row) for row in found], pagination=page))


@router.get("/{subscription_id}", response_model=SubscriptionAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
def get_subscription(
    subscription_id: SubscriptionId, request: Request, caller: Admin, services: ServicesDep
) -> Response:
    """One subscription."""
    with not_found_as(_NOT_FOUND):
        row = services.registry.subscriptions.get_subscription(caller.organization, subscription_id)
    return send_json(request, _present(row))


@router.delete("/{subscription_id}", status_code=204, responses=errors_of(codes.PATH_NOT_FOUND))
@audited("subscription_deleted")
def delete_subscription(subscription_id: SubscriptionId, caller: Admin, services: ServicesDep) -> None:
    """End the subscription; its events that wait are not sent."""
    with not_found_as(_NOT_FOUND):
        services.registry.subscriptions.delete_subscription(caller.organization, subscription_id, now=services.now())


@router.get("/{subscription_id}/events", response_model=SubscribedEventList, responses=errors_of(codes.PATH_NOT_FOUND))
def list_subscribed_events(
    subscription_id: SubscriptionId,
    request: Request,
    *,
    caller: Admin,
    query: Annotated[PageQuery, Query()],
    services: ServicesDep,
) -> Response:
    """Events of the subscription with what became of each, newest first."""
    with not_found_as(_NOT_FOUND):
        rows, total = services.registry.subscriptions.list_events(
            caller.organization, subscription_id, limit=query.limit, offset=query.offset
        )
    page = page_of(total, limit=query.limit, offset=query.offset, count=len(rows))
    return send_json(request, SubscribedEventList(events=[_present_event(row) for row in rows], pagination=page))


@router.post(
    "/{subscription_id}/events/{event_id}/replay",
    status_code=202,
    responses=errors_of(codes.PATH_NOT_FOUND, codes.CONFLICT),
)
@audited("event_replayed")
def replay_event(
    subscription_id: SubscriptionId, event_id: EventId, caller: Admin, services: ServicesDep
) -> SubscribedEvent:
    """Send a failed event, or one that was sent, again under the same id."""
    with not_found_as(_NO_EVENT):
        row = services.registry.subscriptions.replay_event(
            caller.organization, subscription_id, event_id, now=services.now()
        )
    return _present_event(row)


def _present(row: SubscriptionRow) -> SubscriptionAnswer:
    return SubscriptionAnswer.model_validate(asdict(row) | {"url": row.url or None})


def _present_event(row: EventRow) -> SubscribedEvent:
    values: dict[str, Any] = asdict(row)
    if row.status is not EventStatus.PENDING:
        values["next_attempt_at"] = None
    return SubscribedEvent.model_validate(values)
