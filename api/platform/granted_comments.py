"""Bodies of what a person writes on a requirement, checked within the person's grant if there is one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from api.platform.auth import Principal
from api.platform.grants import require_time
from api.platform.services import Services
from policycortex.requests.comment_body import CommentBody, CommentRequest, parse_comment


def parse_within_grant(
    services: Services,
    caller: Principal,
    body: Mapping[str, Any],
    *,
    now: datetime,
    model: type[CommentBody] = CommentBody,
) -> tuple[CommentRequest, datetime]:
    """The checked ``body`` and the time that it is about: as given, else now, in a grant at most the end of its period.

    Raises RequestError for an invalid body or a framework outside the grant, ApiError 404 for a time outside it.
    """
    known, grant = services.frameworks(caller.organization), caller.key.grant
    if grant is None:
        given = parse_comment(body, now=now, frameworks=known, model=model)
        return given, given.as_of or now
    granted = {id_: framework for id_, framework in known.items() if id_ in grant.frameworks}
    given = parse_comment(body, now=now, frameworks=granted, model=model)
    as_of = given.as_of or min(now, grant.period.end)
    require_time(grant, as_of)
    return given, as_of
