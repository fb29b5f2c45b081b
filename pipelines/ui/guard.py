"""The guard: every request is refused, answered by the sign-in, or passed on to Dagster's webserver.

Dagster's webserver itself answers everybody: mutations as GET or text/plain, under any Host, from any Origin.
"""

from typing import Final
from urllib.parse import parse_qs

from anyio import to_thread
from graphql import OperationType
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pipelines.ui import websockets
from pipelines.ui.access import Caller, UiAccess
from pipelines.ui.graphql_calls import MAX_CALL_BYTES, GraphqlCall, Mutation, parse_call
from pipelines.ui.organizations import require_own_organization
from pipelines.ui.pages import account_page, sign_in_page, signed_in_page
from pipelines.ui.recorder import UiRecorder
from pipelines.ui.requests import WatchedSend, header_values, read_body, receive_of, scope_for_dagster
from policycortex.errors import RequestError, UnavailableError
from policycortex.security.address_limits import AddressLimiter
from policycortex.security.client_address import ClientAddresses
from policycortex.security.web_access import SiteGuard, WebRole, needs_origin

_GRAPHQL: Final = "/graphql"
_REPORTS: Final = ("/report_asset_materialization/", "/report_asset_check/", "/report_asset_observation/")
_CLOSED: Final = ("/notebook", "/dagit/notebook")  # they read any notebook of the machine; we have none
_MAX_FORM_BYTES: Final = 4096
_SIGN_INS_PER_MINUTE: Final = 20


class _Refused(Exception):  # noqa: N818 - an answer
    """The request is refused; it is recorded."""

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.code = status, code


class UiGuard:
    """An ASGI application around Dagster's."""

    def __init__(
        self, app: ASGIApp, *, access: UiAccess, site: SiteGuard, recorder: UiRecorder, addresses: ClientAddresses
    ) -> None:
        self._app, self._access, self._site, self._recorder = app, access, site, recorder
        self._addresses = addresses
        self._attempts = AddressLimiter(_SIGN_INS_PER_MINUTE, 60.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._serve_websocket(scope, receive, send)
        else:
            await self._serve_http(scope, receive, WatchedSend(send))

    async def _serve_http(self, scope: Scope, receive: Receive, send: WatchedSend) -> None:
        if scope["path"] == "/healthz" and scope["method"] in {"GET", "HEAD"}:
            await PlainTextResponse("ok")(scope, receive, send)
            return
        caller: Caller | None = None
        try:
            self._addresses.apply(scope)
            caller = await self._checked_caller(scope)
            response = await self._answer(scope, receive, send, caller)
        except _Refused as refused:
            await to_thread.run_sync(self._record_refusal, scope, caller, refused.code)
            response = JSONResponse({"error": str(refused)}, status_code=refused.status)
        except UnavailableError as error:
            response = JSONResponse({"error": str(error)}, status_code=503, headers={"Retry-After": "5"})
        if response is not None and not send.status:
            await response(scope, receive, send)

    async def _checked_caller(self, scope: Scope, *, is_websocket: bool = False) -> Caller | None:
        """The caller of a request that comes from an own page or from a service."""
        headers, method = header_values(scope), scope.get("method", "GET")
        if (fault := self._site.find_fault(method, headers, is_websocket=is_websocket)) is not None:
            raise _Refused(403, "foreign_request", fault)
        caller = await to_thread.run_sync(self._access.find_caller, headers, _address(scope))
        is_service = caller is not None and caller.is_service
        if needs_origin(method, is_websocket=is_websocket) and "origin" not in headers and not is_service:
            raise _Refused(403, "no_origin", "a request that may change something needs the header Origin")
        return caller

    async def _answer(
        self, scope: Scope, receive: Receive, send: WatchedSend, caller: Caller | None
    ) -> Response | None:
        """The response, or None when Dagster has sent it."""
        method, path = scope["method"], scope["path"]
        if path == "/sign-in" and method in {"GET", "POST"}:
            return await self._sign_in(scope, receive, caller)
        if caller is None:
            return _unauthorized(scope)
        if path == "/sign-out" and method == "POST":
            await to_thread.run_sync(self._access.sign_out, caller)
            headers = {"Set-Cookie": self._access.cookie.to_removal_header()}
            return RedirectResponse("/sign-in", status_code=303, headers=headers)
        if ".." in path.split("/") or path.rstrip("/") in _CLOSED:
            raise _Refused(404, "closed_path", "there is no such page")
        if method in {"GET", "HEAD"} and (path.rstrip("/") != _GRAPHQL or _is_page(scope)):
            await self._app(scope_for_dagster(scope, caller.role), receive, send)
            return None
        if method == "POST" and path == _GRAPHQL:
            await self._call(scope, receive, send, caller)
            return None
        if method == "POST" and path.startswith(_REPORTS):
            await self._report(scope, receive, send, caller)
            return None
        raise _Refused(405, "method", "queries and mutations are sent as POST with application/json")

    async def _call(self, scope: Scope, receive: Receive, send: WatchedSend, caller: Caller) -> None:
        """A query or mutation, by POST with JSON only."""
        _require_json(scope)
        try:
            content = await read_body(receive, limit=MAX_CALL_BYTES)
            call: GraphqlCall = await to_thread.run_sync(parse_call, content)
        except RequestError as error:
            raise _Refused(400, "malformed", str(error)) from None
        if OperationType.SUBSCRIPTION in call.operations:
            raise _Refused(400, "malformed", "subscriptions go over the WebSocket")
        mutations = call.mutations
        if OperationType.MUTATION in call.operations:
            self._require_rights(caller, mutations)
        await self._pass_on(scope, receive, send, caller, mutations=mutations, body=call.to_json())

    async def _report(self, scope: Scope, receive: Receive, send: WatchedSend, caller: Caller) -> None:
        """Dagster's endpoints by which other programs report assets."""
        _require_json(scope)
        mutation = Mutation(name=scope["path"].split("/")[1], arguments={"path": scope["path"][:200]})
        self._require_rights(caller, (mutation,))
        try:
            body = await read_body(receive, limit=MAX_CALL_BYTES)
        except RequestError as error:
            raise _Refused(400, "malformed", str(error)) from None
        await self._pass_on(scope, receive, send, caller, mutations=(mutation,), body=body)

    def _require_rights(self, caller: Caller, mutations: tuple[Mutation, ...]) -> None:
        if caller.role is not WebRole.OPERATOR:
            raise _Refused(403, "read_only", "you are signed in to look only: this would change something")
        if caller.organization is not None:
            try:
                require_own_organization(mutations, caller.organization)
            except RequestError as error:
                raise _Refused(403, "other_organization", str(error)) from None

    async def _pass_on(
        self,
        scope: Scope,
        receive: Receive,
        send: WatchedSend,
        caller: Caller,
        *,
        mutations: tuple[Mutation, ...],
        body: bytes,
    ) -> None:
        changed, given = scope_for_dagster(scope, caller.role, body), receive_of(body, receive)
        if not mutations or caller.is_service:
            await self._app(changed, given, send)
            return
        recorded = await to_thread.run_sync(self._recorder.begin, caller, _address(scope), mutations)
        try:
            await self._app(changed, given, send)
        finally:
            recorded.end(send.status)

    async def _sign_in(self, scope: Scope, receive: Receive, caller: Caller | None) -> Response:
        if scope["method"] == "GET":
            fields = parse_qs(scope["query_string"].decode("latin-1"))
            secret = fields.get("token", [""])[0]
            if not secret:
                return account_page(caller) if caller is not None else sign_in_page(200)
        else:
            try:
                content = await read_body(receive, limit=_MAX_FORM_BYTES)
            except RequestError as error:
                raise _Refused(400, "malformed", str(error)) from None
            fields = parse_qs(content.decode("latin-1"))
            secret = fields.get("key", [""])[0]
        role = WebRole.VIEWER if fields.get("role") == [WebRole.VIEWER.value] else WebRole.OPERATOR
        if self._attempts.take(_address(scope)):
            raise _Refused(429, "too_many_sign_ins", "too many attempts; wait a minute")
        try:
            token = await to_thread.run_sync(self._open_session, secret.strip(), role, _address(scope))
        except RequestError as error:
            await to_thread.run_sync(self._record_refusal, scope, None, "sign_in")
            return sign_in_page(403, str(error))
        response = signed_in_page()
        seconds = int(self._access.limits.total.total_seconds())
        response.headers["Set-Cookie"] = self._access.cookie.to_header(token, max_age_seconds=seconds)
        return response

    def _open_session(self, secret: str, role: WebRole, address: str | None) -> str:
        return self._access.sign_in(secret, role=role, address=address)

    async def _serve_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller: Caller | None = None
        try:
            self._addresses.apply(scope)
            caller = await self._checked_caller(scope, is_websocket=True)
        except (_Refused, UnavailableError):
            await to_thread.run_sync(self._record_refusal, scope, None, "foreign_websocket")
        if caller is None or scope["path"] != websockets.PATH:
            await websockets.refuse(receive, send)
            return
        headers, address = header_values(scope), _address(scope)

        async def is_signed_in() -> bool:
            return await to_thread.run_sync(self._access.find_caller, headers, address) is not None

        await websockets.serve(self._app, scope_for_dagster(scope, caller.role), receive, send, is_signed_in)

    def _record_refusal(self, scope: Scope, caller: Caller | None, code: str) -> None:
        self._recorder.refuse(caller, _address(scope), code=code, path=scope["path"])


def _address(scope: Scope) -> str | None:
    return scope["client"][0] if scope.get("client") else None


def _is_page(scope: Scope) -> bool:
    """Whether a GET of /graphql wants the query page, and not an answer to a query."""
    accepted = ",".join(header_values(scope).get("accept", ()))
    return scope["method"] == "GET" and "text/html" in accepted and not scope["query_string"]


def _require_json(scope: Scope) -> None:
    types = header_values(scope).get("content-type", [])
    if len(types) != 1 or types[0].partition(";")[0].strip().lower() != "application/json":
        raise _Refused(415, "content_type", "send the body as application/json")


def _unauthorized(scope: Scope) -> Response:
    if scope["method"] == "GET" and "text/html" in ",".join(header_values(scope).get("accept", ())):
        return sign_in_page(401)
    return JSONResponse({"error": "Sign in first: /sign-in"}, status_code=401)
