"""The page that a person sees who opens a download link; programs get the file at the same address."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from policycortex.workflow.reports import produce_report
from tests.console.conftest import ConsoleServer
from tests.console.screens import FRAMEWORK, Filled

_NAME = "October <b>for</b> the customer"


def _link(console: ConsoleServer, organization: str, *, one_time: bool = False, **options: object) -> Mapping[str, Any]:
    """A link to the JSON file of a report that is made as a run makes it."""
    writer = console.api.client(organization=organization, scopes=["admin"])
    day = console.api.clock().date() - timedelta(days=1)
    order = {
        "name": _NAME,
        "type": "compliance",
        "framework": FRAMEWORK,
        "scope": {"date_range": {"start": f"{day}T00:00:00Z", "end": f"{day}T23:59:59Z"}},
        "format_options": {"formats": ["json"], **options},
    }
    report_id = writer.post("/v1/reports", json=order).json()["id"]
    produce_report(console.api.settings, report_id, run_id="run", now=datetime.now(UTC))
    body = {"format": "json", "one_time": one_time}
    made: Mapping[str, Any] = writer.post(f"/v1/reports/{report_id}/download-link", json=body).json()
    return made


def test_a_person_reads_what_the_file_is_before_it_is_downloaded(everything: Filled, console: ConsoleServer) -> None:
    """Name, organisation, period, size, digest, signer and end; the button and programs get the same bytes."""
    link = _link(console, everything.organization, sign=True)
    program, person = console.api.bare_client(), console.browser()
    file = program.get(link["url"])
    assert file.headers["content-disposition"].startswith("attachment")
    page = person.get(link["url"])
    details = program.get(f"{link['url']}/details").json()
    assert page.headers["content-type"].startswith("text/html")
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert details["sha256"] == hashlib.sha256(file.content).hexdigest()
    assert details["size_bytes"] == len(file.content)
    signer = details["signer"]
    assert (signer["signature"], signer["is_of_an_authority"]) == ("beside", False)
    day = console.api.clock().date() - timedelta(days=1)
    for shown in (
        "October &lt;b&gt;for&lt;/b&gt; the customer", f"{everything.organization}, {day.day} {day:%b %Y} to",
        details["sha256"], f"{len(file.content):,} bytes", signer["sha256"], details["file_name"], "The link ends on",
        "policycortex verify",
    ):  # fmt: skip
        assert shown in page.text, shown
    assert everything.organization in signer["subject"]
    again = person.get(f"{link['url']}/file")
    assert again.content == file.content
    assert again.headers["content-disposition"] == file.headers["content-disposition"]


def test_the_page_does_not_use_up_a_link_for_one_download(everything: Filled, console: ConsoleServer) -> None:
    """Opened twice, as by a mail scanner and a person; the download ends it, and then it is the page of an error."""
    link, person = _link(console, everything.organization, one_time=True), console.browser()
    for _ in range(2):
        assert "or with the first complete download" in person.get(link["url"]).text
    assert person.get(f"{link['url']}/file").status_code == 200
    for path in ("", "/file"):
        ended = person.get(f"{link['url']}{path}")
        assert (ended.status_code, "Ask the person who sent you the link" in ended.text) == (404, True)
    assert console.api.bare_client().get(f"{link['url']}/details").json()["error_code"] == "RPT_002"


def test_a_link_tells_nothing_that_is_behind_the_password_of_its_file(
    everything: Filled, console: ConsoleServer
) -> None:
    """Period, organisation and signer stay in the file; size and digest are those of the protected file."""
    link = _link(console, everything.organization, sign=True, password="correct horse battery 7")
    details = console.api.bare_client().get(f"{link['url']}/details").json()
    assert (details["organization"], details["period"], details["signer"]) == (None, None, None)
    page = console.browser().get(link["url"]).text
    assert everything.organization not in page
    assert "The file may have a password" in page
    assert details["sha256"] in page


def test_programs_get_the_file_whatever_else_they_accept(everything: Filled, console: ConsoleServer) -> None:
    """curl, a key, a HEAD and a range: the file as before; only a navigation of a browser is a page."""
    link = _link(console, everything.organization)
    program = console.api.bare_client()
    assert (
        console.api.client().get(link["url"], headers={"Accept": "text/html"}).content
        == program.get(link["url"]).content
    )
    for headers in ({"Accept": "*/*"}, {"Accept": "application/json"}, {"Range": "bytes=0-9"}):
        assert program.get(link["url"], headers=headers).headers["content-type"] == "application/json", headers
    assert console.browser().head(link["url"]).headers["content-type"] == "application/json"
    part = console.browser().get(link["url"], headers={"Range": "bytes=0-9", "If-None-Match": "*"})
    assert (part.status_code, part.headers["content-type"].partition(";")[0]) == (200, "text/html")


def test_who_opened_the_page_is_in_both_logs(everything: Filled, console: ConsoleServer) -> None:
    """Under the link, with its address; the audit log has the action."""
    link = _link(console, everything.organization)
    assert console.browser().get(link["url"]).status_code == 200
    admin = console.api.client(organization=everything.organization, scopes=["admin"])
    path = f"/v1/reports/{link['report_id']}/access-log"
    mine = [each for each in admin.get(path).json()["entries"] if each["actor"] == f"link:{link['id']}"]
    assert [each["action"] for each in mine] == ["read"]
    records = admin.get("/v1/audit-trail", params={"actor": f"link:{link['id']}"}).json()["records"]
    assert [each["action"] for each in records] == ["link_read"]


def test_an_unknown_link_is_the_same_for_page_and_file(console: ConsoleServer) -> None:
    """404 without a word on why, for each of the three addresses."""
    person = console.browser()
    for link in ("x" * 40, f"dl_{'a' * 38}", "a.b", "%2e%2e%2freports"):
        answers: list[httpx.Response] = [person.get(f"/v1/links/{link}{path}") for path in ("", "/file", "/details")]
        assert {each.status_code for each in answers} == {404}, link
