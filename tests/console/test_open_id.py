"""Sign-in by a real identity provider: roles by groups, attacks on the flow, rotation of keys, sign-out."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape

import httpx
import pytest

from policycortex.audit.chain import NO_ORGANIZATION
from policycortex.storage.registry.web_sessions import session_limits
from policycortex_console import open_id
from policycortex_console.app import Console
from tests.console.conftest import ConsoleServer, Visitor
from tests.support.api_server import NO_TLS, serve_beside
from tests.support.identity_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    RunningProvider,
    pass_provider,
    run_provider,
)

_PEOPLE = {
    "ada": {"name": "Ada Admin", "groups": ["grc-leads", "staff"]},
    "olga": {"name": "Olga Operator", "groups": ["grc"]},
    "alan": {"name": "Alan Auditor", "groups": ["external-audit"]},
    "eve": {"name": "Eve", "groups": ["staff"]},
    "mira": {"name": "Mira", "groups": ["grc", "other-grc"]},
    "grace": {"name": "Grace", "email": "Grace@Audit.example", "email_verified": True, "groups": []},
    "mallory": {"name": "Mallory", "email": "grace@audit.example", "email_verified": False, "groups": []},
    "stranger": {"name": "Stranger", "email": "other@audit.example", "email_verified": True, "groups": []},
}


@dataclass
class SignInSite:
    """A console whose people sign in at the provider, over the API of the shared server."""

    console: ConsoleServer
    provider: RunningProvider
    url: str
    browsers: list[httpx.Client] = field(default_factory=list)

    def browser(self) -> httpx.Client:
        """A fresh one."""
        client = httpx.Client(
            headers={"Accept": "text/html", "Origin": self.url}, trust_env=False, verify=NO_TLS, timeout=60
        )
        self.browsers.append(client)
        return client

    def come_back(self, login: str, browser: httpx.Client, *, organization: str = "") -> httpx.Response:
        """Sign in as a person; the console's answer when the provider has sent the browser back."""
        start = browser.get(f"{self.url}/sign-in/open-id", params={"organization": organization})
        assert start.status_code == 303, start.text
        return browser.get(pass_provider(browser, start, login))

    def sign_in(self, login: str, *, organization: str = "") -> httpx.Client:
        """A browser of a person who is signed in."""
        browser = self.browser()
        answer = self.come_back(login, browser, organization=organization)
        assert answer.status_code == 200, answer.text
        assert "You are signed in" in answer.text
        browser.base_url = self.url
        return browser


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    """The provider's process."""
    yield from run_provider(_PEOPLE)


@pytest.fixture
def site(console: ConsoleServer, provider: RunningProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[SignInSite]:
    """The console of the test's own organisation and of ``<it>-other``."""
    monkeypatch.setenv("TEST_SIGN_IN_SECRET", CLIENT_SECRET)
    mine = console.api.organization
    text = {
        "name": "Acme ID",
        "issuer": provider.issuer,
        "client_id": CLIENT_ID,
        "client_secret": "env:TEST_SIGN_IN_SECRET",
        "scopes": ["openid", "profile", "email", "groups"],
        "organizations": {
            mine: {"admin": ["grc-leads"], "operator": ["grc"], "auditor": ["external-audit"]},
            f"{mine}-other": {"operator": ["other-grc"]},
        },
    }
    settings = console.api.settings.model_copy(update={"sign_in": json.dumps(text)})
    front = Console(console.api.app, settings, now=console.api.clock, sign_ins_per_minute=1000)
    for url in serve_beside(front):
        provider.configure(url)
        opened = SignInSite(console=console, provider=provider, url=url)
        yield opened
        for client in opened.browsers:
            client.close()


def test_groups_decide_the_role(site: SignInSite) -> None:
    """An admin sees the audit log, an operator orders, an auditor only reads; each is named in the trail."""
    ada, olga, alan = (site.sign_in(login) for login in ("ada", "olga", "alan"))
    assert [each.get("/audit").status_code for each in (ada, olga, alan)] == [200, 403, 403]
    assert [each.get("/reports/new").status_code for each in (ada, olga)] == [200, 200]
    page = alan.get("/reports").text
    assert "/reports/new" not in page
    assert "Alan Auditor" in page
    assert "Olga Operator" in olga.get("/").text
    trail = ada.get("/audit", params={"action": "person_added"}).text
    assert trail.count("usr_") >= 3
    sign_ins = site.console.api.registry.audit_log.list_records(NO_ORGANIZATION, limit=100)[0]
    assert any(each.details.get("issuer") == site.provider.issuer for each in sign_ins)


def test_somebody_without_a_role_is_refused(site: SignInSite) -> None:
    """The provider knows her; no group of hers has a role."""
    browser = site.browser()
    answer = site.come_back("eve", browser)
    assert answer.status_code == 403
    assert "none of your groups has a role" in answer.text
    assert browser.get(f"{site.url}/reports").status_code == 303


def test_a_person_of_two_organisations_chooses_one(site: SignInSite) -> None:
    """The page offers both and opens no session; each choice shows that organisation alone."""
    browser = site.browser()
    answer = site.come_back("mira", browser)
    mine = site.console.api.organization
    for organization in (mine, f"{mine}-other"):
        assert f"/sign-in/open-id?organization={organization}" in answer.text
    assert browser.get(f"{site.url}/reports").status_code == 303
    assert f"{mine}-other" in site.sign_in("mira", organization=f"{mine}-other").get("/reports").text
    assert site.come_back("ada", site.browser(), organization=f"{mine}-other").status_code == 403


def test_a_grant_is_for_the_person_whose_mail_address_the_provider_verified(site: SignInSite) -> None:
    """In any case of letters; not for an address that is not verified or is another's; each read is in the trail."""
    api = site.console.api
    admin = api.client(scopes=["admin"])
    today = api.clock().date()
    body = {
        "name": "Grace Hopper, Example Audit",
        "email": "grace@audit.example",
        "frameworks": ["soc2"],
        "start": f"{today - timedelta(days=20)}T00:00:00Z",
        "end": f"{today - timedelta(days=10)}T23:59:59Z",
        "expires_at": f"{today + timedelta(days=5)}T23:59:59Z",
    }
    assert site.come_back("grace", site.browser()).status_code == 403
    grant_id = admin.post("/v1/grants", json=body).json()["id"]
    for login in ("mallory", "stranger"):
        assert site.come_back(login, site.browser()).status_code == 403, login
    grace = site.sign_in("grace")
    assert "<h1>Your audit</h1>" in grace.get("/").text
    assert grace.get("/controls/soc2").status_code == 200
    assert grace.get("/controls/hipaa").status_code == 404
    assert grace.get("/waivers").status_code == 403
    records = admin.get("/v1/audit-trail", params={"actor": grant_id, "limit": 100}).json()["records"]
    assert {"soc2", "hipaa"} <= {each["details"].get("framework_id") or each["subject"] for each in records}
    api.clock.pass_by(timedelta(days=6))
    assert grace.get("/").status_code == 303
    assert site.come_back("grace", site.browser()).status_code == 403
    api.clock.pass_by(timedelta(days=-6))
    assert admin.delete(f"/v1/grants/{grant_id}").status_code == 204
    assert site.come_back("grace", site.browser()).status_code == 403


def test_a_flow_belongs_to_the_browser_that_began_it(site: SignInSite) -> None:
    """Another browser's answer, a changed or missing state, a code used twice, and an answer of another issuer."""
    browser = site.browser()
    start = browser.get(f"{site.url}/sign-in/open-id")
    query = httpx.URL(start.headers["location"]).params
    assert (query["code_challenge_method"], query["response_type"]) == ("S256", "code")
    assert {"HttpOnly", "SameSite=Lax"} <= set(start.headers["set-cookie"].split("; "))
    address = httpx.URL(pass_provider(browser, start, "ada"))
    stranger = site.browser()
    assert "begun no sign-in" in stranger.get(address).text
    stranger.get(f"{site.url}/sign-in/open-id")
    assert stranger.get(address).status_code == 403
    kept = start.headers["set-cookie"].partition(";")[0]
    for changed in ({"state": "x"}, {"iss": "https://evil.example"}, {"code": ""}):
        refused = browser.get(address.copy_merge_params(changed), headers={"Cookie": kept})
        assert refused.status_code == 403, changed
        assert "policycortex_session=" not in str(refused.headers.get_list("set-cookie"))
    assert browser.get(address, headers={"Cookie": kept}).status_code == 200
    assert "did not accept" in site.browser().get(address, headers={"Cookie": kept}).text


def test_a_flow_ends(site: SignInSite) -> None:
    """Eleven minutes after its start it is refused."""
    browser = site.browser()
    address = pass_provider(browser, browser.get(f"{site.url}/sign-in/open-id"), "ada")
    site.console.api.clock.pass_by(open_id.FLOW_LIFETIME * 1.1)
    assert "took too long" in browser.get(address).text


def test_sign_in_goes_on_after_the_provider_replaced_its_key(site: SignInSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new key is read when a token names it."""
    monkeypatch.setattr(open_id, "RELOAD_SECONDS", 0.0)
    site.sign_in("ada")
    site.provider.configure(site.url)
    assert site.sign_in("ada").get("/reports").status_code == 200


def test_sign_out_ends_both_sessions(site: SignInSite) -> None:
    """The page goes on to the provider, which ends its own session; the console's has ended already."""
    ada = site.sign_in("ada")
    cookies = ada.headers.get("cookie", "")
    answer = Visitor(ada, site.console.sign_in().key).submit("/sign-out", {})
    url = httpx.URL(unescape(re.search(r'href="(http[^"]+/session/end[^"]*)"', answer.text)[1]))  # type: ignore[index]
    assert dict(url.params) == {"client_id": CLIENT_ID, "post_logout_redirect_uri": f"{site.url}/sign-in"}
    assert ada.get(url).status_code == 200
    assert ada.get("/reports", headers={"Cookie": cookies}).status_code == 303


def test_a_revoked_person_does_not_come_back(site: SignInSite) -> None:
    """The open session ends at once, and the provider's word opens no other."""
    ada = site.sign_in("ada")
    api = site.console.api
    opened = api.registry.web_sessions.list_sessions(limits=session_limits(api.settings), now=api.clock())
    key_id = next(each.key_id for each in opened if each.organization == api.organization)
    assert key_id is not None
    api.registry.keys.revoke_key(key_id, now=api.clock())
    assert ada.get("/reports").status_code == 303
    assert "revoked" in site.come_back("ada", site.browser()).text
