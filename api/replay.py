"""``Idempotency-Key``: the same order sent twice is one report with one answer, for 24 hours."""

import json
import secrets
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import Header, Request, Response

from api.auth import Caller
from api.orders import find_begun
from api.schemas import ReportAccepted
from api.services import Services
from policycortex.proof.vault import open_vault
from policycortex.storage.registry import Claim

REPLAYED: Final = "Idempotency-Replayed"

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
    services: Services, claim: Claim | None, make: Callable[[str], ReportAccepted], response: Response
) -> ReportAccepted:
    """The answer of ``make``, which gets the report's id; or the answer that was given before under this key."""
    report_id = f"rpt_{secrets.token_hex(8)}"
    if claim is None:
        return make(report_id)
    claimed = services.registry.claim_key(claim, report_id=report_id, now=services.now())
    if claimed.answer is not None:
        response.headers[REPLAYED] = "true"
        return ReportAccepted.model_validate(claimed.answer)
    is_made = False
    try:
        answer = make(claimed.report_id)
        is_made = True
    finally:
        # A report that was begun keeps the key: a later try continues it instead of making a second one.
        if not is_made and find_begun(services, claimed.report_id) is None:
            services.registry.release_key(claim)
    services.registry.settle_key(claim, answer.model_dump(mode="json"))
    return answer


def claim_of(
    services: Services, request: Request, caller: Caller, key: str | None, body: Mapping[str, Any]
) -> Claim | None:
    """What the client's key stands for; None without one."""
    if key is None:
        return None
    said = json.dumps([request.method, request.url.path, body], sort_keys=True)
    # keyed, as a plain digest of a body would tell its password to whoever guesses
    fingerprint = open_vault(services.settings).fingerprint(said.encode())
    return Claim(organization=caller.organization, key=key, fingerprint=fingerprint)
