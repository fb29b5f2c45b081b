"""``Idempotency-Key``: a request sent twice creates one report or schedule, with one response, for 24 hours."""

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, TypeVar

from fastapi import Header, Request, Response
from pydantic import BaseModel

from api.platform.auth import Principal
from api.platform.services import Services
from policycortex.security.key_store import open_key_store
from policycortex.storage.registry import Claim

REPLAYED: Final = "Idempotency-Replayed"

_Schema = TypeVar("_Schema", bound=BaseModel)

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Any text of your own; the same key and body give the same response for 24 hours",
    ),
]


def create_once(
    services: Services,
    request: Request,
    response: Response,
    *,
    caller: Principal,
    key: str | None,
    body: Mapping[str, Any],
    fresh_id: str,
    create: Callable[[str], _Schema],
    exists: Callable[[str], bool],
    schema: type[_Schema],
) -> _Schema:
    """The response of ``create(id)``, or the stored response of an earlier request with the same key.

    ``exists`` tells whether something of that id exists although ``create`` failed. Without a key, ``create`` gets
    ``fresh_id``. Raises ConflictError when the key came with another request before.
    """
    if key is None:
        return create(fresh_id)
    claim = Claim(organization=caller.organization, key=key, fingerprint=_fingerprint(services, request, body))
    claimed = services.registry.idempotency.claim_key(claim, report_id=fresh_id, now=services.now())
    if claimed.answer is not None:
        response.headers[REPLAYED] = "true"
        return schema.model_validate(claimed.answer)
    is_created = False
    try:
        created = create(claimed.report_id)
        is_created = True
    finally:
        # What exists keeps the key: a later request continues it instead of creating a second one.
        if not is_created and not exists(claimed.report_id):
            services.registry.idempotency.release_key(claim)
    services.registry.idempotency.settle_key(claim, created.model_dump(mode="json"))
    return created


def _fingerprint(services: Services, request: Request, body: Mapping[str, Any]) -> str:
    text = json.dumps([request.method, request.url.path, body], sort_keys=True)
    # Keyed: a plain digest of the body would let somebody guess the password in it.
    return open_key_store(services.settings).fingerprint(text.encode())
