"""JSON answers that a client need not fetch twice."""

import hashlib

from fastapi import Request, Response
from pydantic import BaseModel


def send_json(request: Request, answer: BaseModel) -> Response:
    """200 with an ETag over the bytes, or 304 when the client has them."""
    content = answer.model_dump_json().encode()
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if is_known(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def is_known(given: str | None, etag: str) -> bool:
    """Whether ``If-None-Match`` names the tag, weakly compared as RFC 9110 asks."""
    if given is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    return "*" in tags or etag in tags
