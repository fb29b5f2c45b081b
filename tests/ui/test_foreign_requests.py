"""Attacks by pages of other origins and by other programs: none reaches Dagster."""

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.ui.conftest import Ui

MUTATION = 'mutation { terminateRun(runId: "x") { __typename } }'


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:8000"}, 403),
        ({"Origin": "http://localhost:{port}"}, 403),
        ({"Origin": "https://127.0.0.1:{port}"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "evil.example:{port}"}, 403),
        ({"Host": "127.0.0.1:{port}.evil.example"}, 403),
        ({"Host": "127.0.0.1:8000"}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=application/json"}, 415),
        ({"Content-Type": "text/plain; application/json"}, 415),
        ({"Content-Type": "application/graphql"}, 415),
    ],
)
def test_a_foreign_mutation_does_not_reach_dagster(ui: Ui, headers: dict[str, str], status: int) -> None:
    """With the cookie of an operator, as a browser would send it: another origin, name or simple type of body."""
    client = ui.signed_in()
    own = {name: value.format(port=ui.port) for name, value in headers.items()}
    given = {"Content-Type": "application/json", **own}
    answer = client.post("/graphql", content=json.dumps({"query": MUTATION}), headers=given)
    assert (answer.status_code, ui.behind.requests) == (status, [])


def test_a_request_without_origin_does_not_reach_dagster(ui: Ui) -> None:
    """Browsers send Origin with each POST; one without it is no request of a page here."""
    client = ui.signed_in()
    del client.headers["Origin"]
    assert client.post("/graphql", json={"query": MUTATION}).status_code == 403
    assert ui.behind.requests == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS", "DELETE"])
@pytest.mark.parametrize("path", ["/graphql", "/graphql/"])
def test_no_method_but_post_executes_a_query(ui: Ui, method: str, path: str) -> None:
    """Also a GET that asks for a page, as an address bar does, with a query in it."""
    client = ui.signed_in()
    for accept in ("*/*", "text/html"):
        answer = client.request(method, path, params={"query": MUTATION}, headers={"Accept": accept})
        assert answer.status_code == 405
    assert ui.behind.requests == []


def test_a_link_from_another_site_opens_a_page(ui: Ui) -> None:
    """Only by navigation, only GET, and framing is forbidden."""
    client = ui.signed_in()
    del client.headers["Origin"]
    opened = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    answer = client.get("/runs", headers=opened)
    assert answer.status_code == 200
    assert answer.headers["x-frame-options"] == "DENY"
    assert client.get("/runs", headers=opened | {"Sec-Fetch-Dest": "iframe"}).status_code == 403
    assert client.get("/runs", headers=opened | {"Sec-Fetch-Mode": "no-cors"}).status_code == 403


def test_without_a_session_nothing_is_shown(ui: Ui) -> None:
    """Pages, files, queries, logs: 401; a browser gets the sign-in page. An invented cookie changes nothing."""
    client = ui.client()
    for _ in range(2):
        for path in ("/", "/runs", "/server_info", "/logs/x/y.out", "/download_debug/x", "/robots.txt"):
            assert client.get(path).status_code == 401
        assert client.post("/graphql", json={"query": "{ version }"}).status_code == 401
        assert "sign in" in client.get("/", headers={"Accept": "text/html"}).text.lower()
        client.cookies.set("policycortex_session", "ws_" + "a" * 38)
    assert ui.behind.requests == []


@pytest.mark.parametrize(
    "path", ["/notebook?path=/srv/x.ipynb", "/dagit/notebook", "/logs/../../etc/x.out", "/logs/.."]
)
def test_paths_that_read_files_are_closed(ui: Ui, path: str) -> None:
    """Dagster reads any notebook that a request names; a log's path must not leave its folder."""
    client = ui.signed_in()
    scope_path = path.partition("?")[0]
    assert client.get(path.replace("..", "%2e%2e")).status_code == 404
    assert scope_path not in [request["path"] for request in ui.behind.requests]


def test_dagster_gets_no_cookie_and_no_token(ui: Ui) -> None:
    """Neither a person's nor a service's."""
    ui.signed_in().post("/graphql", json={"query": "{ version }"})
    ui.service().post("/graphql", json={"query": "{ version }"})
    for request in ui.behind.requests:
        assert not {"cookie", "authorization"} & set(request["headers"])
    assert len(ui.behind.requests) == 2


@pytest.mark.parametrize("content", [b"[]", b"x", b'{"query": 1}', b'[{"query": "{ version }"}]', b'{"query": "{"}'])
def test_a_list_of_calls_or_no_call_is_refused(ui: Ui, content: bytes) -> None:
    """Dagster knows no lists of calls today; none gets through tomorrow."""
    answer = ui.signed_in().post("/graphql", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, ui.behind.requests) == (400, [])


def test_dagster_gets_the_query_that_was_checked(ui: Ui) -> None:
    """A body with two queries: Dagster's parser could take the other one, so the body is written anew."""
    twice = b'{"query": "mutation { wipe }", "query": "{ version }", "extensions": {}}'
    ui.signed_in().post("/graphql", content=twice, headers={"Content-Type": "application/json"})
    assert ui.behind.requests[0]["body"] == b'{"query": "{ version }", "variables": null, "operationName": null}'


@pytest.mark.parametrize("origin", [None, "http://evil.example", "http://127.0.0.1:8000", "null"])
def test_a_websocket_of_another_origin_is_refused(ui: Ui, origin: str | None) -> None:
    """Browsers send cookies with WebSockets to any server, without asking it first."""
    client = ui.signed_in()
    with pytest.raises(InvalidStatus, match="403"):
        ui.socket(client, origin)
    assert ui.behind.messages == []


def test_a_websocket_without_session_is_refused(ui: Ui) -> None:
    """Also one of an own page."""
    with pytest.raises(InvalidStatus, match="403"):
        ui.socket(ui.client())


@pytest.mark.parametrize(
    "message",
    [
        {"type": "start", "id": "1", "payload": {"query": MUTATION}},
        {"type": "start", "id": "1", "payload": {"query": "{ version }"}},
        {"type": "start", "id": "1", "payload": {"query": "subscription { x } " + MUTATION.replace("{", "M {", 1)}},
        {"type": "start", "id": "1", "payload": None},
        {"type": "execute", "id": "1"},
        ["start"],
    ],
)
def test_a_websocket_passes_subscriptions_only(ui: Ui, message: Any) -> None:  # noqa: ANN401 - JSON
    """Anything else ends the connection, and does not reach Dagster."""
    with ui.socket(ui.signed_in()) as socket:
        socket.send(json.dumps({"type": "start", "id": "0", "payload": {"query": "subscription { x }"}}))
        assert json.loads(socket.recv()) == {"type": "data"}
        socket.send(json.dumps(message))
        with pytest.raises(ConnectionClosed):
            socket.recv()
    assert [each["id"] for each in ui.behind.messages] == ["0"]
