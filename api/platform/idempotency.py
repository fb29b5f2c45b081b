"""``Idempotency-Key``: the same order sent twice is one report, or one schedule, with one answer, for 24 hours."""

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, TypeVar

from fastapi import Header, Request, Response
from pydantic import BaseModel

from api.platform.auth import Principal
from api.platform.services import Services
from policycortex.security.key_store import open_vault
from policycortex.storage.registry import Claim

REPLAYED: Final = "Idempotency-Replayed"

_Answer = TypeVar("_Answer", bound=BaseModel)

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Any text of your own; the same key and body give the same answer for 24 hours",
    ),
]


def answer_once(
    services: Services,
    claim: Claim | None,
    response: Response,
    *,
    fresh_id: str,
    make: Callable[[str], _Answer],
    is_begun: Callable[[str], bool],
    form: type[_Answer],
) -> _Answer:
    """The answer of ``make``, which gets the id of what it makes; or the answer that was given before under this key.

    ``is_begun`` tells whether something of that id is there although ``make`` failed.
    """
    if claim is None:
        return make(fresh_id)
    claimed = services.registry.idempotency.claim_key(claim, report_id=fresh_id, now=services.now())
    if claimed.answer is not None:
        response.headers[REPLAYED] = "true"
        return form.model_validate(claimed.answer)
    is_made = False
    try:
        answer = make(claimed.report_id)
        is_made = True
    finally:
        # What was begun keeps the key: a later try continues it instead of making a second one.
        if not is_made and not is_begun(claimed.report_id):
            services.registry.idempotency.release_key(claim)
    services.registry.idempotency.settle_key(claim, answer.model_dump(mode="json"))
    return answer


def claim_of(
    services: Services, request: Request, caller: Principal, key: str | None, body: Mapping[str, Any]
) -> Claim | None:
    """What the client's key stands for; None without one."""
    if key is None:
        return None
    said = json.dumps([request.method, request.url.path, body], sort_keys=True)
    # keyed, as a plain digest of a body would tell its password to whoever guesses
    fingerprint = open_vault(services.settings).fingerprint(said.encode())
    return Claim(organization=caller.organization, key=key, fingerprint=fingerprint)
