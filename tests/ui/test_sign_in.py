"""Sign-in by link and by key, and how sessions end."""

import stat
from datetime import timedelta

import pytest

from policycortex.security.web_access import WebRole
from policycortex.storage.registry.web_sessions import LINK_LIFETIME, session_limits
from tests.support.stored_bytes import read_stored
from tests.ui.conftest import Ui


def test_a_link_signs_in_once(ui: Ui) -> None:
    """The cookie is HttpOnly and SameSite=Strict; the second use of the link is refused."""
    token, client = ui.link(), ui.client()
    answer = client.get("/sign-in", params={"token": token})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert client.get("/runs").status_code == 200
    assert ui.client().get("/sign-in", params={"token": token}).status_code == 403


def test_a_link_ends_after_a_day(ui: Ui) -> None:
    """Also unused."""
    token = ui.link()
    ui.clock.pass_by(LINK_LIFETIME)
    assert ui.client().get("/sign-in", params={"token": token}).status_code == 403


@pytest.mark.parametrize("secret", ["", "si_x", "si_" + "a" * 38, "ws_" + "a" * 38, "sk_live_x"])
def test_an_invented_token_is_refused(ui: Ui, secret: str) -> None:
    """By link and by form."""
    assert ui.client().get("/sign-in", params={"token": secret or "x"}).status_code == 403
    assert ui.client().post("/sign-in", data={"key": secret}).status_code == 403


def test_attempts_are_limited_by_address(ui: Ui) -> None:
    """The 21st in a minute is not looked at, even when it is right."""
    client = ui.client()
    for _ in range(20):
        assert client.post("/sign-in", data={"key": "x"}).status_code == 403
    assert client.get("/sign-in", params={"token": ui.link()}).status_code == 429


def test_a_page_of_another_origin_cannot_sign_a_browser_in(ui: Ui) -> None:
    """Else its owner could watch what the person does under the owner's session."""
    client = ui.client(origin="http://evil.example")
    assert client.post("/sign-in", data={"key": ui.link()}).status_code == 403


def test_a_session_ends_by_idleness_by_age_by_sign_out_and_by_the_command_line(ui: Ui) -> None:
    """Each of the four on its own."""
    idle = ui.signed_in()
    ui.clock.pass_by(timedelta(minutes=ui.settings.session_idle_minutes))
    assert idle.get("/runs").status_code == 401
    old = ui.signed_in()
    for _ in range(ui.settings.session_hours):
        assert old.get("/runs").status_code == 200
        ui.clock.pass_by(timedelta(hours=1))
    assert old.get("/runs").status_code == 401
    leaving = ui.signed_in()
    stolen = dict(leaving.cookies)
    assert leaving.post("/sign-out", follow_redirects=False).status_code == 303
    thief = ui.client()
    thief.cookies.update(stolen)
    assert thief.get("/runs").status_code == 401
    ended = ui.signed_in()
    (session,) = ui.registry.web_sessions.list_sessions(limits=ui.app._access.limits, now=ui.clock())
    ui.registry.web_sessions.end_session(session.id, actor="command line", now=ui.clock())
    assert ended.get("/runs").status_code == 401


def test_a_session_ends_with_its_key_and_keeps_to_its_networks(ui: Ui) -> None:
    """A revoked key's session is over at once; a key bound to other networks does not sign in."""
    key, secret = ui.registry.keys.create_key(organization="acme", name="eve", scopes=["admin"], now=ui.clock())
    client = ui.client()
    assert client.post("/sign-in", data={"key": secret}).status_code == 200
    assert client.get("/runs").status_code == 200
    ui.registry.keys.revoke_key(key.id, now=ui.clock())
    assert client.get("/runs").status_code == 401
    _, bound = ui.registry.keys.create_key(
        organization="acme", name="x", scopes=["admin"], networks=["192.0.2.0/24"], now=ui.clock()
    )
    assert ui.client().post("/sign-in", data={"key": bound}).status_code == 403


def test_a_key_needs_the_scope_admin_and_can_choose_to_look_only(ui: Ui) -> None:
    """The default scopes do not open the UI; the audit log names the key."""
    _, weak = ui.registry.keys.create_key(organization="acme", name="x", now=ui.clock())
    assert ui.client().post("/sign-in", data={"key": weak}).status_code == 403
    key, secret = ui.registry.keys.create_key(organization="acme", name="eve", scopes=["admin"], now=ui.clock())
    client = ui.client()
    assert client.post("/sign-in", data={"key": secret, "role": "viewer"}).status_code == 200
    (session,) = ui.registry.web_sessions.list_sessions(limits=ui.app._access.limits, now=ui.clock())
    assert (session.role, session.actor) == (WebRole.VIEWER, key.id)
    assert ("signed_in", key.id) in [(record.action, record.actor) for record in ui.records()]


def test_no_token_is_stored(ui: Ui) -> None:
    """Neither links nor sessions can be read from the database; the key of services is readable by its owner only."""
    token = ui.link()
    client = ui.client()
    unused = ui.link()
    client.get("/sign-in", params={"token": token})
    content = read_stored(ui.settings.home, "registry.sqlite*")
    for secret in (token, unused, client.cookies["policycortex_session"]):
        assert secret.encode() not in content
    assert ui.service().post("/graphql", json={"query": "{ version }"}).status_code == 200
    mode = (ui.settings.home / "keys" / "installation.key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_session_of_a_key_that_may_only_read_is_none_here(ui: Ui) -> None:
    """The console signs it in, and its cookie reaches this server, too."""
    key, _ = ui.registry.keys.create_key(
        organization="default", name="reader", scopes=("reports:read",), now=ui.clock()
    )
    limits = session_limits(ui.settings)
    token = ui.registry.web_sessions.sign_in_by_key(
        key, role=WebRole.OPERATOR, limits=limits, address=None, now=ui.clock()
    )
    client = ui.client()
    client.cookies.set("policycortex_session", token)
    assert client.get("/runs").status_code == 401
