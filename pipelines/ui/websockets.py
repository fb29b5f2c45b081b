"""Dagster's WebSocket, by which pages follow runs: subscriptions only, and only while the session lasts."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from graphql import OperationType
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.ui.graphql_calls import MAX_CALL_BYTES, call_of
from policycortex.errors import RequestError

PATH: Final = "/graphql"
POLICY_VIOLATION: Final = 1008
RECHECK_SECONDS: Final = 30.0
_PLAIN: Final = frozenset({"connection_init", "connection_terminate", "stop"})


async def refuse(receive: Receive, send: Send) -> None:
    """Answer the request for a WebSocket with 403."""
    await receive()
    await send({"type": "websocket.close", "code": POLICY_VIOLATION})


async def serve(
    app: ASGIApp, scope: Scope, receive: Receive, send: Send, is_signed_in: Callable[[], Awaitable[bool]]
) -> None:
    """Pass subscriptions on until either side closes, the client sends something else, or the session ends."""

    async def receive_checked() -> Message:
        message = await receive()
        if message["type"] != "websocket.receive":
            return message
        try:
            return {"type": "websocket.receive", "text": json.dumps(checked(message))}
        except RequestError:
            with suppress(RuntimeError):  # it is closed already
                await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}

    serving = asyncio.ensure_future(app(scope, receive_checked, send))
    try:
        while not serving.done():
            await asyncio.wait({serving}, timeout=RECHECK_SECONDS)
            if not serving.done() and not await is_signed_in():
                await send({"type": "websocket.close", "code": POLICY_VIOLATION})
                return
        await serving
    finally:
        serving.cancel()


def checked(message: Message) -> dict[str, Any]:
    """The client's message for Dagster, written anew. Raises RequestError unless Dagster's pages send such a one."""
    text = message.get("text")
    if not isinstance(text, str) or len(text) > MAX_CALL_BYTES:
        raise RequestError("the message is no text, or too long")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise RequestError("the message is no JSON") from None
    match content:
        case {"type": str(kind), "id": str() | None as id_} | {"type": str(kind), "id": int() as id_} if kind in _PLAIN:
            return {"type": kind, "id": id_}
        case {"type": str(kind)} if kind in _PLAIN and "id" not in content:
            return {"type": kind}
        case {"type": "start", "id": str() | int() as id_, "payload": {**payload}}:
            call = call_of({"query": payload.get("query"), "variables": payload.get("variables")})
            if call.operations != {OperationType.SUBSCRIPTION}:
                raise RequestError("only subscriptions go over the WebSocket")
            inner = {"query": call.body["query"], "variables": call.body["variables"]}
            return {"type": "start", "id": id_, "payload": inner}
    raise RequestError("Dagster's pages send no such message")
