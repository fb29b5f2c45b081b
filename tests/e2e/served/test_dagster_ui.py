"""The Dagster UI in a real browser: closed to pages of other origins, open after the sign-in."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from policycortex.audit.chain import NO_ORGANIZATION
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from tests.support.browser import Browser, open_browser
from tests.support.installation import Server, run_program, signed_in, wait_until

pytestmark = pytest.mark.timeout(600)

_ATTACK = """
(async () => {
  const ui = %s, partition = (key) => `mutation { addDynamicPartition(partitionsDefName: "frameworks",
    partitionKey: "${key}", repositorySelector: %s) { __typename } }`;
  const json = (key) => JSON.stringify({query: partition(key)});
  const attempt = async (make) => { try { return String(await make()); } catch (error) { return "failed"; } };
  const post = (key, headers, mode) => attempt(async () =>
    (await fetch(ui + "/graphql", {method: "POST", credentials: "include", mode, headers, body: json(key)})).status);
  const outcomes = {
    plain: await post("evil-plain", {"Content-Type": "text/plain"}, "no-cors"),
    form_type: await post("evil-type", {"Content-Type": "application/x-www-form-urlencoded"}, "no-cors"),
    json: await post("evil-json", {"Content-Type": "application/json"}, "cors"),
    get: await attempt(async () => (await fetch(ui + "/graphql?query=" + encodeURIComponent(partition("evil-get")),
      {credentials: "include", mode: "no-cors"})).status),
    image: await new Promise((done) => { const image = new Image(); image.onload = () => done("loaded");
      image.onerror = () => done("failed");
      image.src = ui + "/graphql?query=" + encodeURIComponent(partition("evil-image")); }),
    socket: await new Promise((done) => {
      const socket = new WebSocket(ui.replace("http", "ws") + "/graphql", "graphql-ws");
      socket.onopen = () => done("open"); socket.onerror = () => done("refused"); }),
    frame: await new Promise((done) => {
      const form = document.createElement("form"), frame = document.createElement("iframe");
      frame.name = "target"; document.body.append(frame); form.target = "target"; form.method = "POST";
      form.enctype = "text/plain"; form.action = ui + "/graphql";
      const field = document.createElement("input"); field.name = json("evil-form").slice(0, -1) + ', "x": "';
      field.value = '"}'; form.append(field); document.body.append(form);
      frame.onload = () => done("answered"); form.submit(); }),
  };
  return outcomes;
})()
"""


@contextmanager
def _page_of_another_origin() -> Iterator[str]:
    """A server of another port, so another origin of the same site: SameSite cookies alone do not protect there."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><body>hello")

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002, ARG002 - the parent's signature
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def link(server: Server) -> str:
    """A fresh link to the UI, from the command line."""
    url = f"http://127.0.0.1:{server.dagster_port}"
    made = run_program("ui", "link", "--url", url, "--name", "browser", home=server.home)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def _wait_for_text(browser: Browser, pattern: str) -> None:
    script = f"/{pattern}/.test(document.documentElement?.innerText ?? '')"
    wait_until(lambda: browser.evaluate(script) or None, seconds=180, what=f"the page shows {pattern}")


def _partitions(server: Server) -> set[str]:
    """Keys of the partitions that the attack would add to."""
    found = server.query_dagster(
        "query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode { partitionKeys } } }",
        {"key": {"path": ["reports", "standing"]}},
    )
    return {key.partition("|")[0] for key in found["assetNodeOrError"]["partitionKeys"]}


def _selector(server: Server) -> str:
    found = server.query_dagster(
        "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"
    )["repositoriesOrError"]["nodes"][0]
    return f'{{repositoryName: "{found["name"]}", repositoryLocationName: "{found["location"]["name"]}"}}'


def test_a_page_of_another_origin_changes_nothing(server: Server, link: str, tmp_path: Path) -> None:
    """With the cookies of a signed-in operator in the browser: form, text/plain, JSON, GET, image, WebSocket."""
    ui = f"http://127.0.0.1:{server.dagster_port}"
    selector = _selector(server)
    with _page_of_another_origin() as evil, open_browser(tmp_path) as browser:
        browser.open_url(link)
        assert _status_of_own_query(browser, ui, selector, "from-the-own-page") == 200
        browser.open_url(evil)
        outcomes: dict[str, Any] = browser.evaluate(_ATTACK % (json.dumps(ui), selector))
    assert (outcomes["json"], outcomes["image"], outcomes["socket"]) == ("failed", "failed", "refused")
    added = _partitions(server)
    assert "from-the-own-page" in added  # the same mutation is accepted from an own page
    assert not [key for key in added if key.startswith("evil")]


def _status_of_own_query(browser: Browser, ui: str, selector: str, key: str) -> int:
    """The status of the attack's mutation, sent by a page of the UI itself."""
    query = f"""mutation {{ addDynamicPartition(partitionsDefName: "frameworks", partitionKey: "{key}",
      repositorySelector: {selector}) {{ __typename }} }}"""
    browser.open_url(f"{ui}/robots.txt")
    script = f"""fetch("/graphql", {{method: "POST", headers: {{"Content-Type": "application/json"}},
      body: {json.dumps(json.dumps({"query": query}))}}}).then((answer) => answer.status)"""
    status: int = browser.evaluate(script)
    return status


def test_with_the_sign_in_the_ui_works(server: Server, link: str, tmp_path: Path) -> None:
    """Without it the form is shown. After it: runs with their data, a log followed by WebSocket, no failed request."""
    ui = f"http://127.0.0.1:{server.dagster_port}"
    run_id = server.query_dagster(
        "{ runsOrError(filter: {statuses: [SUCCESS]}, limit: 1) { ... on Runs { results { runId } } } }"
    )
    run = run_id["runsOrError"]["results"][0]["runId"]
    with open_browser(tmp_path) as browser:
        browser.open_url(f"{ui}/runs")
        _wait_for_text(browser, "policycortex ui link")
        browser.open_url(link)
        browser.open_url(f"{ui}/runs/{run}")
        _wait_for_text(browser, "STEP_SUCCESS|RUN_SUCCESS|ASSET_MATERIALIZATION")
        responses = [e["params"]["response"] for e in browser.events if e["method"] == "Network.responseReceived"]
    failed = [(each["url"], each["status"]) for each in responses if each["status"] >= 400]
    assert failed == []


def test_a_viewer_sees_and_changes_nothing_and_acts_are_recorded(server: Server) -> None:
    """Dagster itself tells a viewer that nothing is permitted; an operator's act is in the audit log."""
    ui = f"http://127.0.0.1:{server.dagster_port}"
    made = run_program("ui", "link", "--url", ui, "--name", "auditor", "--role", "viewer", home=server.home)
    with closing(signed_in(made.stdout.strip())) as viewer:
        query = {"query": "{ permissions { permission value } }"}
        permissions = viewer.post("/graphql", json=query).json()["data"]["permissions"]
        assert not any(each["value"] for each in permissions)
        act = {"query": "mutation { setAutoMaterializePaused(paused: true) }"}
        assert viewer.post("/graphql", json=act).status_code == 403
    assert server.ui.post("/graphql", json=act).status_code == 200

    def subjects() -> list[str | None] | None:
        registry = open_registry(Settings(home=server.home))
        records = list(registry.audit_log.read_records(NO_ORGANIZATION))
        registry.close()
        found = [record.subject for record in records if record.action == "dagster_changed"]
        return found if "setAutoMaterializePaused" in found else None

    wait_until(subjects, seconds=30, what="the act is in the audit log")
