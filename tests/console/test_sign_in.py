"""Sign-in by link and by key, what a session may do, and how it ends."""

import re
from datetime import timedelta

import httpx
import pytest

from policycortex.storage.registry.web_sessions import ROTATION
from policycortex_console.app import SIGN_INS_PER_MINUTE, Console
from tests.console.conftest import ConsoleServer, form_token
from tests.support.api_server import NO_TLS, serve_beside


def test_pages_need_a_session_and_programs_get_what_they_got(console: ConsoleServer) -> None:
    """A browser is sent to the sign-in; htmx gets that as a header; a program's request goes to the API."""
    browser = console.browser()
    for path in ("/", "/reports", "/controls/soc2", "/audit"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert browser.get("/reports", headers={"HX-Request": "true"}).headers["hx-redirect"] == "/sign-in"
    program = console.api.bare_client()
    assert program.get("/").json()["error_code"] == "RPT_006"
    assert program.get("/healthz").status_code == 200


def test_a_key_signs_in_with_its_own_rights(console: ConsoleServer) -> None:
    """The cookie is HttpOnly and SameSite=Strict; a key that may only read sees no form that changes something."""
    reader = console.sign_in("reports:read")
    page = reader.get("/reports").text
    assert "/reports/new" not in page
    assert "/audit" not in page
    refused = reader.submit("/reports/new", {"type": "compliance", "framework": "soc2"})
    assert refused.status_code == 403
    assert "lacks the scope reports:write" in refused.text
    assert console.sign_in("reports:read", "reports:write").get("/reports").text.count("/reports/new")


def test_the_cookie_cannot_be_read_or_sent_by_other_sites(console: ConsoleServer) -> None:
    """Its attributes, and headers of every page."""
    _, token = console.api.registry.keys.create_key(
        organization=console.api.organization, name="k", scopes=("admin",), now=console.api.clock()
    )
    browser = console.browser()
    answer = browser.post("/sign-in", data={"secret": token})
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(answer.headers["set-cookie"].split("; "))
    headers = browser.get("/").headers
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["x-frame-options"], headers["cache-control"]) == ("DENY", "no-store")


def test_a_link_signs_in_once_and_only_by_the_button(console: ConsoleServer) -> None:
    """Opening the link uses nothing up, so that a mail scanner cannot; the button does."""
    token = console.link()
    browser = console.browser()
    page = browser.get("/sign-in", params={"token": token})
    assert page.status_code == 200
    given = re.search(r'name="secret" value="([^"]+)"', page.text)
    assert given is not None
    assert given[1] == token
    assert browser.post("/sign-in", data={"secret": given[1]}).status_code == 303
    assert console.browser().post("/sign-in", data={"secret": token}).status_code == 403


def test_the_page_without_a_link_asks_for_a_key(console: ConsoleServer) -> None:
    """Its field is for a password, and nothing is in it."""
    page = console.browser().get("/sign-in").text
    assert re.search(r'<input type="password" name="secret"[^>]*>', page) is not None
    assert "value=" not in page.partition("<form")[2].partition("</form>")[0].replace('value="viewer"', "")


def test_people_of_links_must_be_of_the_only_organisation(console: ConsoleServer) -> None:
    """Here are several: the page says what to do, and shows nothing."""
    console.sign_in()
    console.sign_in(organization=f"{console.api.organization}-other")
    browser = console.browser()
    assert browser.post("/sign-in", data={"secret": console.link()}).status_code == 303
    answer = browser.get("/reports")
    assert answer.status_code == 403
    assert "several organisations" in answer.text


def test_a_viewer_only_looks(console: ConsoleServer) -> None:
    """Also with a key that may do everything."""
    viewer = console.sign_in("admin", role="viewer")
    assert viewer.get("/reports").status_code == 200
    assert viewer.get("/audit").status_code == 403
    assert viewer.submit("/schedules", {"template": "weekly_compliance"}).status_code == 403


@pytest.mark.parametrize("secret", ["", "x", "si_" + "a" * 38, "ws_" + "a" * 38, "sk_live_x", "sk_live_" + "a" * 40])
def test_an_invented_secret_is_refused(console: ConsoleServer, secret: str) -> None:
    """With a reason, and without a session."""
    browser = console.browser()
    answer = browser.post("/sign-in", data={"secret": secret})
    assert answer.status_code in {403, 429}
    assert "set-cookie" not in answer.headers


def test_a_key_without_the_scope_to_read_is_refused(console: ConsoleServer) -> None:
    """It could not see any screen."""
    _, token = console.api.registry.keys.create_key(
        organization=console.api.organization, name="k", scopes=("findings:write",), now=console.api.clock()
    )
    answer = console.browser().post("/sign-in", data={"secret": token})
    assert "lacks the scope reports:read" in answer.text


def test_a_session_ends_by_idleness_sign_out_and_the_end_of_its_key(console: ConsoleServer) -> None:
    """Each of the three on its own."""
    idle = console.sign_in()
    console.api.clock.pass_by(timedelta(minutes=console.api.settings.session_idle_minutes))
    assert idle.get("/reports").status_code == 303
    left = console.sign_in()
    assert left.submit("/sign-out", {}).status_code == 303
    assert left.get("/reports").status_code == 303
    revoked = console.sign_in()
    console.api.registry.keys.revoke_key(revoked.key.id, now=console.api.clock())
    assert revoked.get("/reports").status_code == 303


def test_the_token_of_a_session_is_replaced(console: ConsoleServer) -> None:
    """After an hour, by a page and not by a part of one; the old token ends a minute later, an open form does not."""
    visitor = console.sign_in()
    token, form = visitor.client.cookies["policycortex_session"], form_token(visitor.get("/health").text)
    console.api.clock.pass_by(ROTATION)
    assert "set-cookie" not in visitor.client.get("/reports", headers={"HX-Request": "true"}).headers
    assert visitor.get("/reports").status_code == 200
    fresh = visitor.client.cookies["policycortex_session"]
    assert fresh != token
    old = console.browser()
    old.headers["Cookie"] = f"policycortex_session={token}"
    answer = old.get("/reports")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    console.api.clock.pass_by(timedelta(minutes=1))
    assert old.get("/reports").status_code == 303
    assert visitor.client.post("/schedules", data={"form_token": form, "template": "x"}).status_code != 403
    assert visitor.get("/reports").status_code == 200


def test_foreign_pages_cannot_act(console: ConsoleServer) -> None:
    """Another origin, no origin, another host, or no form token: 403, and nothing happens."""
    visitor = console.sign_in()
    order = {"type": "compliance", "framework": "soc2", "range": "last_month", "formats": ["pdf"]}
    token = form_token(visitor.get("/health").text)
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        answer = visitor.client.post("/reports/new", data=order | {"form_token": token}, headers=headers)
        assert answer.status_code == 403, headers
    for fields in (order, order | {"form_token": ""}, order | {"form_token": token[:-1] + "0x"[token[-1] == "0"]}):
        assert visitor.client.post("/reports/new", data=fields).status_code == 403
    other = form_token(console.sign_in().get("/health").text)
    assert visitor.client.post("/reports/new", data=order | {"form_token": other}).status_code == 403
    assert console.api.registry.reports.list_reports(console.api.organization).total == 0


def test_attempts_are_limited_by_address(console: ConsoleServer) -> None:
    """The 21st in a minute is not looked at, even when it is right; the console beside it goes on."""
    token = console.link()
    for url in serve_beside(Console(console.api.app, console.api.settings, now=console.api.clock)):
        client = httpx.Client(
            base_url=url, headers={"Accept": "text/html", "Origin": url}, trust_env=False, verify=NO_TLS
        )
        with client:
            for _ in range(SIGN_INS_PER_MINUTE):
                assert client.post("/sign-in", data={"secret": "x"}).status_code == 403
            assert client.post("/sign-in", data={"secret": token}).status_code == 429
    assert console.sign_in().get("/reports").status_code == 200
