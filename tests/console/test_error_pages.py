"""What people read where programs get the JSON of an error, and under which names files are saved."""

import re
from datetime import timedelta

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from policycortex.names import ReportFormat
from policycortex_console.error_pages import ErrorPages
from tests.console.conftest import ConsoleServer, Visitor
from tests.console.screens import Filled
from tests.support.api_server import serve


def test_a_link_that_has_ended_is_a_page_for_people(console: ConsoleServer, visitor: Visitor) -> None:
    """Used once, expired, or never made: a page with what to do; programs get the JSON."""
    made = visitor.submit(
        "/reports/new", {"type": "compliance", "framework": "soc2", "range": "last_month", "formats": ["html"]}
    )
    report_id = made.headers["location"].rsplit("/", 1)[1].partition("?")[0]
    console.api.complete(report_id, {ReportFormat.HTML: b"<!doctype html><title>x</title>"})
    writer = console.api.client()
    once, later = (
        writer.post(f"/v1/reports/{report_id}/download-link", json={"format": "html", **each}).json()["url"]
        for each in ({"expires_in": 3600, "one_time": True}, {"expires_in": 3600})
    )
    person, program = console.browser(), console.api.bare_client()
    assert program.get(once).status_code == 200
    console.api.clock.pass_by(timedelta(hours=2))
    for url in (once, later, f"{console.api.url}/v1/links/{'x' * 40}"):
        page, answer = person.get(url), program.get(url)
        assert page.status_code == answer.status_code in {404, 410}
        assert page.headers["content-type"].startswith("text/html")
        assert "Ask the person who sent you the link" in page.text
        assert answer.json()["request_id"] not in page.text
        assert re.search(r"request <code>req_\w+</code>", page.text)


def test_errors_of_the_api_are_pages_only_for_a_persons_navigation(console: ConsoleServer) -> None:
    """By Accept: a browser that opens the address reads a page; programs, keys and forms get what they got."""
    person, program = console.browser(), console.api.bare_client()
    for path, status, title in (
        ("/v1/reports", 401, "Sign in to see this page"),
        ("/v1/nothing", 404, "This page does not exist"),
    ):
        page = person.get(path)
        assert (page.status_code, title in page.text) == (status, True), path
        assert page.headers["x-request-id"]
        assert "default-src 'none'" in page.headers["content-security-policy"]
        for headers in ({"Accept": "application/json"}, {"Accept": "*/*"}):
            assert program.get(path, headers=headers).json()["error_code"], path
    keyed = console.api.client()
    assert keyed.get("/v1/reports/rpt_none", headers={"Accept": "text/html"}).json()["error_code"]
    assert person.post("/v1/reports", json={}).json()["error_code"]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_faults_of_the_server_are_pages_without_its_words(status: int) -> None:
    """The page has the request's id; the wait is kept for the browser."""

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        body = {"error_description": "try again later", "request_id": "req_1"}
        await JSONResponse(body, status_code=status, headers={"Retry-After": "7"})(scope, receive, send)

    for url in serve(ErrorPages(broken)):
        page = httpx.get(url, headers={"Accept": "text/html"}, trust_env=False)
        assert (page.status_code, page.headers["retry-after"]) == (status, "7")
        assert "Try again later." in page.text
        assert "<code>req_1</code>" in page.text
        assert httpx.get(url, trust_env=False).json()["request_id"] == "req_1"


def test_a_signed_in_person_finds_the_way_back(visitor: Visitor) -> None:
    """An address below a screen that is no page: the menu, and a link to the overview."""
    page = visitor.get("/reports/rpt_none/nothing")
    assert page.status_code == 404
    assert "Go to the overview" in page.text
    assert 'aria-label="Screens"' in page.text


def test_downloads_have_the_name_of_the_report(console: ConsoleServer, everything: Filled) -> None:
    """Of each file: the report's name, what it is, and the extension."""
    admin = console.sign_in(organization=everything.organization)
    for name, ending in (
        ("html", ".html"),
        ("json", ".json"),
        ("bundle", "bundle.zip"),
        ("manifest", "manifest.json"),
        ("certificate", ".pem"),
    ):
        answer = admin.get(everything.address("/reports/{report_id}/files/") + name)
        found = re.fullmatch(r'attachment; filename="([^"]+)"(; filename\*=.+)?', answer.headers["content-disposition"])
        assert found is not None, name
        assert found[1].startswith("Report"), found[1]
        assert found[1].endswith(ending), found[1]
