"""Tools for assistants at ``/mcp``: an answer with the API's own figures, and the rights and records of the key."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, cast

import httpx
import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from starlette.responses import JSONResponse

from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.analytics_days import rebuild_analytics
from policycortex.workflow.posture import rebuild_days
from policycortex_mcp.backend import ToolBackend
from policycortex_mcp.endpoint import McpEndpoint
from policycortex_mcp.posture_tools import PostureTools
from tests.support.api_server import ApiServer
from tests.support.history import RELATIONS
from tests.support.samples.lake import finding, import_findings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from policycortex_mcp.report_tools import ToolContext

_FILLED: dict[str, tuple[str, str]] = {}
"""The two reports by the address of a server that has the scans already."""
READER = ("reports:read",)
WRITER = ("reports:read", "reports:write")


@pytest.fixture
def running_server(folder_server: ApiServer) -> ApiServer:
    """Tools ask the API, whose tests run on both kinds of storage."""
    return folder_server


@pytest.fixture
def fallen(running_server: ApiServer) -> Iterator[ApiServer]:
    """An organisation whose SOC 2 score fell last month from 75 to 25 %, with a report of each month."""
    running_server.clock.reset()
    server = replace(running_server, organization="assistants", clients=[])
    if server.url not in _FILLED:
        _FILLED[server.url] = fill(server)
    yield server
    for client in server.clients:
        client.close()


def months(server: ApiServer) -> tuple[tuple[date, date], tuple[date, date]]:
    """First and last day of the month before last, and of the last one."""
    last = server.clock().date().replace(day=1) - timedelta(days=1)
    before = last.replace(day=1) - timedelta(days=1)
    return (before.replace(day=1), before), (last.replace(day=1), last)


def fill(server: ApiServer) -> tuple[str, str]:
    """A scan at the end of each month; the ids of the two reports."""
    spans, failing = months(server), ({"r3"}, {"r1", "r2", "r3"})
    with open_lake(server.settings) as lake:
        for (_, day), failed in zip(spans, failing, strict=True):
            found = [
                finding(day, "c1", f"r{n}", "FAIL" if f"r{n}" in failed else "PASS", relations=RELATIONS)
                for n in range(4)
            ]
            import_findings(lake, found, organization=server.organization)
    days = [day for _, day in spans]
    rebuild_days(server.settings, days)
    rebuild_analytics(server.settings, days)
    with open_lake(server.settings) as lake:
        snapshot = lake.snapshot()
    made = []
    for first, last in spans:
        scope = {"date_range": {"start": f"{first}T00:00:00Z", "end": f"{last}T23:59:59Z"}}
        body = {"name": f"SOC 2 of {first:%Y-%m}", "type": "compliance", "framework": "soc2", "scope": scope}
        report = server.client().post("/v1/reports", json=body).json()
        server.complete(report["id"], snapshot=snapshot)
        made.append(report["id"])
    return made[0], made[1]


def token_of(server: ApiServer, *scopes: str) -> str:
    """A new key."""
    return server.registry.keys.create_key(organization=server.organization, name="assistant", scopes=scopes)[1]


@asynccontextmanager
async def connected(server: ApiServer, token: str) -> "AsyncIterator[Client]":
    """A client of the protocol with this key."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http:
        transport = streamable_http_client(f"{server.url}/mcp", http_client=http)
        async with Client(transport) as client:
            yield client


async def call(client: Client, tool: str, **arguments: object) -> dict[str, Any]:
    """The structured answer of a tool that must succeed."""
    result = await client.call_tool(tool, dict(arguments))
    assert not result.is_error, result.content
    answer: dict[str, Any] = result.structured_content
    return answer


async def why_did_it_fall(client: Client, framework: str, month: str) -> tuple[str, Mapping[str, Any]]:
    """As an assistant does it: find the reports of the month and the one before, compare them, say the causes."""
    listed = await call(client, "list_reports", framework=framework, status="completed")
    reports = [await call(client, "get_report", report_id=each["id"]) for each in listed["reports"]]
    by_month = {each["period"]["start"][:7]: each for each in reports}
    earlier = max(name for name in by_month if name < month)
    ids = {"report_id": by_month[earlier]["id"], "other_id": by_month[month]["id"]}
    compared = await call(client, "compare_reports", **ids)
    change = compared["change"]
    causes = ", ".join(f"{each['cause']} {each['points']:+g}" for each in change["causes"] if each["points"])
    return f"{framework} went from {change['score_before']:g} to {change['score_after']:g} %: {causes}", compared


def test_an_assistant_explains_the_fall_of_a_month(fallen: ApiServer) -> None:
    """75 to 25 %, all of it by two findings that regressed; every figure is that of the API's comparison."""

    async def session() -> tuple[str, Mapping[str, Any], Mapping[str, Any]]:
        (_, _), (first, last) = months(fallen)
        async with connected(fallen, token_of(fallen, *READER)) as client:
            answer, compared = await why_did_it_fall(client, "soc2", f"{first:%Y-%m}")
            span = {"start": first.isoformat(), "end": last.isoformat()}
            return answer, compared, await call(client, "explain_score", framework="soc2", **span)

    answer, compared, explained = asyncio.run(session())
    assert answer == "soc2 went from 75 to 25 %: regressed -50"
    before, after = _FILLED[fallen.url]
    assert compared == fallen.client().get(f"/v1/reports/{before}/compare/{after}").json()
    assert explained["change"]["points"] == compared["change"]["points"] == -50
    assert explained["change"]["causes"] == compared["change"]["causes"]


def test_tools_give_what_the_api_gives(fallen: ApiServer) -> None:
    """Posture, findings, trends, forecast, risk and frameworks, with the arguments of the tool as parameters."""
    (_, _), (_, last) = months(fallen)
    moment = f"{last}T23:59:59Z"
    pairs: tuple[tuple[str, dict[str, Any], str, dict[str, Any]], ...] = (
        ("list_frameworks", {}, "/v1/frameworks", {}),
        ("get_posture", {"framework": "soc2", "as_of": moment}, "/v1/frameworks/soc2/posture", {"as_of": moment}),
        (
            "list_findings",
            {"framework": "soc2", "status": ["FAIL"], "as_of": moment, "limit": 2},
            "/v1/findings",
            {"framework": "soc2", "status": "FAIL", "as_of": moment, "limit": 2},
        ),
        ("get_forecast", {"framework": "soc2"}, "/v1/analytics/forecast", {"framework": "soc2"}),
        (
            "get_requirement",
            {"framework": "soc2", "requirement": "CC6.1", "as_of": moment},
            "/v1/frameworks/soc2/requirements/CC6.1",
            {"as_of": moment},
        ),
    )

    async def session() -> list[dict[str, Any]]:
        async with connected(fallen, token_of(fallen, *READER)) as client:
            return [await call(client, tool, **arguments) for tool, arguments, _, _ in pairs]

    answers = asyncio.run(session())
    for answer, (tool, _, path, query) in zip(answers, pairs, strict=True):
        assert answer == fallen.client().get(path, params=query).json(), tool
    assert len(answers[2]["findings"]) == 2


def test_a_key_that_reads_cannot_order(server: ApiServer) -> None:
    """The API's refusal reaches the assistant with the missing scope; a key that writes orders, waits and links."""

    async def session(token: str) -> tuple[bool, str]:
        async with connected(server, token) as client:
            result = await client.call_tool("order_report", {"name": "x", "framework": "soc2"})
            return result.is_error, str(result.content)

    is_refused, text = asyncio.run(session(token_of(server, *READER)))
    assert is_refused
    assert "403" in text
    assert "This key lacks the scope reports:write" in text
    assert server.launcher.launched == []
    is_refused, text = asyncio.run(session(token_of(server, *WRITER)))
    assert not is_refused, text
    assert len(server.launcher.launched) == 1


def test_an_order_is_followed_to_its_link(server: ApiServer) -> None:
    """Ordered once under one key, waited for, linked, deleted."""

    async def session() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        async with connected(server, token_of(server, *WRITER)) as client:
            order = {"name": "x", "frameworks": ["soc2", "hipaa"], "idempotency_key": "once"}
            made, again = [await call(client, "order_report", **order) for _ in range(2)]
            assert made["id"] == again["id"]
            waiting = await call(client, "wait_for_report", report_id=made["id"], seconds=0)
            assert waiting["status"] == "pending"
            await asyncio.to_thread(server.complete, made["id"])
            done = await call(client, "wait_for_report", report_id=made["id"], seconds=30)
            link = await call(client, "create_download_link", report_id=made["id"], format="pdf")
            content = await asyncio.to_thread(server.bare_client().get, link["url"])
            assert content.content == b"%PDF-1.7 a report"
            return done, link, await call(client, "delete_report", report_id=made["id"])

    done, link, deleted = asyncio.run(session())
    assert (done["status"], link["one_time"], deleted["deleted"]) == ("completed", True, True)


def test_every_call_is_in_the_audit_log(server: ApiServer) -> None:
    """With the key, the request's id of the tools, and what was refused."""

    async def session(token: str) -> None:
        async with connected(server, token) as client:
            await call(client, "list_frameworks")
            await client.call_tool("get_report", {"report_id": "rpt_0000000000000000"})
            await client.call_tool("order_report", {"name": "x"})

    key, token = server.registry.keys.create_key(organization=server.organization, name="assistant", scopes=READER)
    asyncio.run(session(token))
    page = server.client(scopes=["admin"]).get("/v1/audit-trail", params={"actor": key.id, "limit": 100}).json()
    by_tools = [each for each in page["records"] if (each["request_id"] or "").startswith("mcp_")]
    assert sorted((each["details"]["status"], each["outcome"]) for each in by_tools) == [
        (200, "done"), (403, "refused"), (404, "refused"),
    ]  # fmt: skip


def test_each_tool_says_what_it_does(server: ApiServer) -> None:
    """Whatever changes nothing is marked as reading, and only what cannot be undone as destructive."""

    async def session() -> dict[str, ToolAnnotations | None]:
        async with connected(server, token_of(server, *READER)) as client:
            return {tool.name: tool.annotations for tool in (await client.list_tools()).tools}

    marks = asyncio.run(session())
    assert len(marks) == 16
    assert all(mark is not None and mark.open_world_hint is False for mark in marks.values())
    writing = {name for name, mark in marks.items() if mark and not mark.read_only_hint}
    assert writing == {"order_report", "create_download_link", "cancel_report", "delete_report"}
    assert {name for name, mark in marks.items() if mark and mark.destructive_hint} == {
        "cancel_report", "delete_report",
    }  # fmt: skip


_PING = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
_ACCEPT = {"Accept": "application/json, text/event-stream"}


def test_without_a_key_nothing_is_answered(server: ApiServer) -> None:
    """401 with a challenge for none and an unknown key, 403 for another site; a key that may not read has no data."""
    bare = server.bare_client(_ACCEPT)
    none = bare.post("/mcp", json=_PING)
    assert (none.status_code, none.headers["www-authenticate"][:6]) == (401, "Bearer")
    assert bare.post("/mcp", json=_PING, headers={"Authorization": "Bearer sk_live_x"}).status_code == 401

    async def session(token: str) -> str:
        async with connected(server, token) as client:
            return str((await client.call_tool("list_frameworks", {})).content)

    assert "This key lacks the scope reports:read" in asyncio.run(session(token_of(server, "schedules:write")))
    good = {"Authorization": f"Bearer {token_of(server, *READER)}"}
    assert bare.post("/mcp", json=_PING, headers=good).status_code == 200
    assert bare.post("/mcp", json=_PING, headers={**good, "Origin": "https://example.org"}).status_code == 403


def test_the_same_tools_are_on_standard_input_and_output(fallen: ApiServer) -> None:
    """``policycortex mcp --home`` answers from the home, as the user of the machine."""
    command = ["-c", "from policycortex_cli import main; main()", "mcp", "--home", str(fallen.settings.home)]
    environment = {name: value for name, value in os.environ.items() if name != "POLICYCORTEX_URL"}
    parameters = StdioServerParameters(
        command=sys.executable, args=[*command, "--org", fallen.organization], env=environment
    )

    async def session() -> dict[str, Any]:
        async with Client(parameters) as client:
            return await call(client, "list_reports", framework="soc2")

    listed = asyncio.run(session())
    assert {each["id"] for each in listed["reports"]} == set(_FILLED[fallen.url])
    assert json.dumps(listed)


async def _answer_to(method: str, *pieces: bytes) -> httpx.Response:
    """What the endpoint answers before an API that knows the key."""
    waiting = [
        {"type": "http.request", "body": piece, "more_body": n < len(pieces)} for n, piece in enumerate(pieces, 1)
    ]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return waiting.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    api = JSONResponse({"organization": "default"})
    scope = {"type": "http", "method": method, "path": "/mcp", "scheme": "http", "headers": [], "query_string": b""}
    await McpEndpoint(api, api)(scope, receive, send)
    return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=sent[1]["body"])


@pytest.mark.parametrize("pieces", [(b"x" * (1 << 20) + b"x",), (b"x" * (1 << 19),) * 2 + (b"x", b"x")])
def test_a_message_of_more_than_a_mebibyte_is_refused(pieces: tuple[bytes, ...]) -> None:
    """In one piece or in several, of which the rest is not read."""
    assert asyncio.run(_answer_to("POST", *pieces)).status_code == 413


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_messages_come_by_post_alone(method: str) -> None:
    """No stream is opened, which would be empty for as long as its client likes."""
    answer = asyncio.run(_answer_to(method, b""))
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_dots_are_no_folder_in_the_address_of_a_requirement() -> None:
    """``..`` is sent as the id that it is, not as the address of the framework."""
    sent: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.raw_path)
        return httpx.Response(200, json={})

    async def call_it() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://127.0.0.1") as client:
            tools = PostureTools(lambda _context: ToolBackend(client))
            for requirement in ("..", "CC6.1", "a/b"):
                await tools.get_requirement(cast("ToolContext", None), framework="soc2", requirement=requirement)

    asyncio.run(call_it())
    assert [path.rpartition(b"/")[2] for path in sent] == [b"%2E%2E", b"CC6%2E1", b"a%2Fb"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (httpx.Response(502, html="<h1>Bad Gateway</h1>"), "502: the answer is not one of the API"),
        (httpx.Response(200, json=["of", "another", "program"]), "200: the answer is not one of the API"),
        (httpx.Response(403, json={"error_code": "RPT_006", "error_description": "no"}), "403 RPT_006: no"),
    ],
)
def test_the_answer_of_another_program_is_reported(answer: httpx.Response, message: str) -> None:
    """A proxy's page and the wrong address reach the assistant, not a fault of JSON."""

    async def call_it() -> None:
        transport = httpx.MockTransport(lambda _request: answer)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            await ToolBackend(client).get("/v1/me")

    with pytest.raises(ToolError, match=message):
        asyncio.run(call_it())
