"""Attacks on every page and every form of the console, as its router has them: a new form is attacked at once.

A new form fails here until ``LEAST`` says who may use it.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

import httpx
import pytest

from policycortex.security.identity_provider import PersonRole
from policycortex_console.forms import MAX_FORM_BYTES, FormEndpoint
from tests.console.conftest import ConsoleServer, Visitor, form_token
from tests.console.screens import Filled, dump_state, fill_organization, form_paths, page_paths, routes_of
from tests.support.api_server import ApiServer

_AUDITOR, _OPERATOR, _ADMIN = PersonRole.AUDITOR, PersonRole.OPERATOR, PersonRole.ADMIN
LEAST: Final[Mapping[str, PersonRole]] = {
    "/reports/new": _OPERATOR,
    "/reports/new/preview": _OPERATOR,
    "/reports/{report_id}/link": _AUDITOR,  # as in the API: who may read a file may hand it on, under their name
    "/reports/{report_id}/sharing": _OPERATOR,
    "/reports/{report_id}/deliver": _OPERATOR,
    "/reports/{report_id}/cancel": _OPERATOR,
    "/reports/{report_id}/delete": _OPERATOR,
    "/deliveries/{delivery_id}/replay": _OPERATOR,
    "/deliveries/{delivery_id}/cancel": _OPERATOR,
    "/schedules": _OPERATOR,
    "/schedules/{schedule_id}/enabled": _OPERATOR,
    "/schedules/{schedule_id}/run": _OPERATOR,
    "/schedules/{schedule_id}/test": _OPERATOR,
    "/schedules/{schedule_id}/delete": _OPERATOR,
    "/waivers": _OPERATOR,
    "/waivers/{record_id}/approve": _OPERATOR,
    "/waivers/{record_id}/end": _OPERATOR,
    "/attestations": _OPERATOR,
    "/attestations/{record_id}/approve": _OPERATOR,
    "/attestations/{record_id}/end": _OPERATOR,
    "/attestations/{record_id}/evidence": _OPERATOR,
    "/milestones": _OPERATOR,
    "/imports": _OPERATOR,
    "/controls": _OPERATOR,
    "/controls/{framework_id}/requirement/comment": _OPERATOR,
    "/controls/{framework_id}/requirement/evidence-request": _OPERATOR,
    "/evidence-requests/{evidence_request_id}/answer": _OPERATOR,
    "/evidence-requests/{evidence_request_id}/close": _OPERATOR,
    "/auditors": _ADMIN,
    "/keys": _ADMIN,
    "/keys/{key_id}/rotate": _ADMIN,
    "/keys/{key_id}/revoke": _ADMIN,
    "/health/connections/{connection_name}/test": _ADMIN,
    "/auditors/{grant_id}/end": _ADMIN,
    "/sign-out": _AUDITOR,
}
"""The role with fewest rights that may use a form, with the end of the session last."""
_ADMIN_PAGES: Final = {"/audit", "/auditors", "/keys"}
_OPERATOR_PAGES: Final = {"/reports/new"}
_FIELDS: Final = {
    "format": "json",
    "expires_in": "60",
    "visibility": "organization",
    "recipients": "me@company.com",
    "enabled": "false",
    "reason": "An attack",
    "until": "2099-01-01",
}
"""Values that forms with an id accept, so that a refusal is not for a missing field."""
_MARK: Final = "\"'><script>hacked()</script><img src=x onerror=hacked()>"
_FOREIGN: Final = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Host": "evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)
_RIGHTS: Final = (_AUDITOR, _OPERATOR, _ADMIN)


@dataclass
class Markup(HTMLParser):
    """The elements and forms of a page."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    forms: list[tuple[str, list[str]]] = field(default_factory=list)
    """Address and names of the free text fields of each form; "" for one that is not posted."""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag == "wbr":
            return
        self.texts += [given.get("value", ""), given.get("placeholder", "")]
        if tag == "form":
            self.forms.append((given["action"] if given.get("method") == "post" else "", []))
        is_free = tag == "textarea" or (tag == "input" and given.get("type", "text") in {"text", "email", "search"})
        if is_free and self.forms and "name" in given:
            self.forms[-1][1].append(given["name"])

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "wbr" and self.texts:
            self.texts[-1] += data  # a word goes on behind it
        else:
            self.texts.append(data)

    def faults(self) -> list[tuple[str, dict[str, str]]]:
        """Elements that could run something, or that the templates do not have."""
        return [
            (tag, given)
            for tag, given in self.tags
            if tag in {"img", "object", "embed", "base", "style"}
            or (tag == "script" and not given.get("src", "").startswith("/static/"))
            or any(name.startswith("on") or name == "style" for name in given)
            or any(given.get(name, "").strip().lower().startswith("javascript:") for name in ("href", "action", "src"))
        ]


def read_markup(text: str) -> Markup:
    """The page's elements."""
    found = Markup()
    found.feed(text)
    return found


@pytest.fixture(scope="session")
def hostile(served: ApiServer) -> Filled:
    """An organisation in whose every text somebody wrote script."""
    served.clock.reset()
    return fill_organization(served, "hostile", mark=_MARK)


def _send(client: httpx.Client, address: str, token: str, **headers: str) -> httpx.Response:
    """The form with the token where it is read: in the form, and for uploads in the address."""
    return client.post(address, params={"form_token": token}, data=_FIELDS | {"form_token": token}, headers=headers)


def _token(visitor: Visitor) -> str:
    page = visitor.get("/health")
    assert page.status_code == 200, page.text
    return form_token(page.text)


def _unknown(address: str) -> str:
    """The address with ids that nobody has."""
    return re.sub(r"[0-9a-f]{16,64}", lambda found: "0" * len(found[0]), address)


@pytest.fixture
def unchanged(console: ConsoleServer, everything: Filled) -> Iterator[None]:
    """After the test, the organisation is as it was."""
    admin = console.api.client(organization=everything.organization, scopes=["admin"])
    before = dump_state(admin)
    yield
    assert dump_state(admin) == before


def test_each_form_is_in_the_list() -> None:
    """A new form says who may use it."""
    assert set(LEAST) == set(form_paths())


@pytest.mark.usefixtures("unchanged")
def test_a_form_without_the_token_of_its_session_does_nothing(console: ConsoleServer, everything: Filled) -> None:
    """None, another session's of the same key, an ended session's, a changed one: 403, and nothing happened."""
    mine, other, old = (console.sign_in(organization=everything.organization) for _ in range(3))
    token, foreign, ended = (_token(each) for each in (mine, other, old))
    assert old.submit("/sign-out", {}).status_code == 303
    for path in form_paths():
        for wrong in ("", foreign, ended, token[:-1], token.upper(), "é"):
            answer = _send(mine.client, everything.address(path), wrong)
            assert answer.status_code == 403, (path, wrong)
            assert "This form is no longer valid" in answer.text, path


@pytest.mark.usefixtures("unchanged")
def test_a_form_of_another_site_does_nothing(console: ConsoleServer, everything: Filled) -> None:
    """Another origin, no origin, another host name, another site: 403 even with the right token."""
    mine = console.sign_in(organization=everything.organization)
    token = _token(mine)
    bare = console.browser(origin=None)
    bare.cookies = mine.client.cookies
    for path in (*form_paths(), "/sign-in"):
        address = everything.address(path)
        for headers in _FOREIGN:
            answer = _send(mine.client, address, token, **headers)
            assert (answer.status_code, "Refused:" in answer.text) == (403, True), (path, headers)
        assert _send(bare, address, token).status_code == 403, path


@pytest.mark.usefixtures("unchanged")
def test_pages_of_another_host_name_are_refused(console: ConsoleServer, everything: Filled) -> None:
    """A name that somebody points at this server reads nothing with the cookies of a person."""
    mine = console.sign_in(organization=everything.organization)
    for address in everything.pages():
        assert mine.client.get(address, headers={"Host": "evil.example"}).status_code == 403, address


@pytest.mark.usefixtures("unchanged")
def test_without_a_session_everything_leads_to_the_sign_in(console: ConsoleServer, everything: Filled) -> None:
    """Nobody, an invented cookie, and a person whose key was revoked."""
    revoked = console.sign_in(organization=everything.organization)
    token = _token(revoked)
    console.api.registry.keys.revoke_key(revoked.key.id, now=console.api.clock())
    invented = console.browser()
    invented.cookies.set("policycortex_session", f"ws_{'a' * 38}")
    for client in (console.browser(), invented, revoked.client):
        for address in everything.pages():
            answer = client.get(address)
            assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in"), address
        for path in form_paths():
            answer = _send(client, everything.address(path), token)
            assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in"), path


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("role", _RIGHTS)
def test_a_role_does_what_it_may_and_no_more(console: ConsoleServer, everything: Filled, role: PersonRole) -> None:
    """With the right token: 403 below the form's role; from it on, the form is answered."""
    mine, stranger = (
        console.sign_in(*role.scopes, organization=each) for each in (everything.organization, console.api.organization)
    )
    token, other = _token(mine), _token(stranger)
    for path, least in LEAST.items():
        address = everything.address(path)
        if _RIGHTS.index(role) < _RIGHTS.index(least):
            assert _send(mine.client, address, token).status_code == 403, path
        else:  # in an organisation of the test's own, which has nothing to act on
            answer = _send(stranger.client, address, other)
            assert answer.status_code < 500, path
            assert answer.status_code != 403, (path, answer.text)
            assert answer.headers.get("location") != "/sign-in" or path == "/sign-out", path
    for path in page_paths():
        is_allowed = role is _ADMIN or (path not in _ADMIN_PAGES and (role is _OPERATOR or path not in _OPERATOR_PAGES))
        queries = {
            "/reports/{report_id}/compare": "?with={other_id}",
            "/controls/{framework_id}/requirement": "?id=CC6.1",
        }
        answer = mine.client.get(everything.address(f"{path}{queries.get(path, '')}"))
        assert answer.status_code == (200 if is_allowed else 403), path


@pytest.mark.usefixtures("unchanged")
def test_ids_of_another_organisation_are_not_there(console: ConsoleServer, everything: Filled) -> None:
    """404 for every page and form with an id, as for an id that nobody has."""
    stranger = console.sign_in()
    token = _token(stranger)
    theirs = Filled(
        organization=everything.organization,
        ids={**everything.ids, "framework_id": everything.ids["own_framework_id"]},
    )
    for path in page_paths():
        if "{" in path:
            assert stranger.client.get(theirs.address(path), params={"id": "B1"}).status_code == 404, path
    for path in form_paths():
        if "{" in path:
            assert _send(stranger.client, theirs.address(path), token).status_code == 404, path


def test_no_page_shows_anything_of_another_organisation(
    console: ConsoleServer, everything: Filled, hostile: Filled
) -> None:
    """All pages of two organisations: none has an id, a digest or a text of the other."""
    for mine, other in ((everything, hostile), (hostile, everything)):
        visitor = console.sign_in(organization=mine.organization)
        alien = [value for name, value in other.ids.items() if name not in {"framework_id", "name"}]
        for address in mine.pages():
            page = visitor.client.get(address).text
            assert not [each for each in alien if each in page], address
            if mine is everything:
                assert "hacked()" not in page, address


def test_script_in_texts_is_shown_and_does_nothing(console: ConsoleServer, hostile: Filled) -> None:
    """Findings, names, reasons, notes, file names: each is on a page as text, and no page has an element of it."""
    visitor = console.sign_in(organization=hostile.organization)
    shown = ""
    for address in hostile.pages():
        markup = read_markup(visitor.client.get(address).text)
        assert not markup.faults(), address
        shown += "\n".join(markup.texts)
    for text in (
        "Report of 1 days", "Weekly report", "For the board", "check", "Accepted by the board", "account",
        "Grace Hopper", "Fieldwork", "scan.json", "storage_is_private", "Storage is private", "Bucket r3 is public.",
        "Block public access.", "Show the review", "Payments", "r3", "Own rules", "Data", "Storage",
    ):  # fmt: skip
        assert f"hacked()>{text}" in shown, text


def test_script_in_every_field_of_every_form_is_shown_and_does_nothing(console: ConsoleServer, hostile: Filled) -> None:
    """All forms with script in each free field, and script in addresses: whatever is answered is harmless."""
    visitor = console.sign_in(organization=hostile.organization)
    sent = set()
    for address in hostile.pages():
        markup = read_markup(visitor.client.get(address).text)
        token = _token(visitor)
        for action, names in markup.forms:
            if action and names:
                sent.add(action.partition("?")[0])
                answer = visitor.client.post(action, data={"form_token": token, **dict.fromkeys(names, _MARK)})
                assert answer.status_code < 500, (action, names)
                followed = visitor.client.get(answer.headers["location"]) if answer.is_redirect else answer
                assert not read_markup(followed.text).faults(), (action, names)
        path = address.partition("?")[0]
        spoiled = dict.fromkeys(("notice", "q", "day", "id", "with", "cursor", "status", "result", "token"), _MARK)
        answer = visitor.client.get(path, params=spoiled)
        assert answer.status_code < 500, path
        assert not read_markup(answer.text).faults(), path
    assert {"/reports/new", "/waivers", "/attestations", "/auditors", "/schedules"} <= sent
    for path in ("/sign-in", "/v1/links/x"):
        assert not read_markup(console.browser().get(path, params={"token": _MARK}).text).faults(), path


def test_a_session_is_a_new_one_at_each_sign_in(console: ConsoleServer) -> None:
    """A cookie that somebody planted before is not the session's afterwards, and opens nothing."""
    planted = f"ws_{secrets.token_hex(19)}"
    _, key = console.api.registry.keys.create_key(
        organization=console.api.organization, name="k", scopes=("admin",), now=console.api.clock()
    )
    browser = console.browser()
    seen = {planted}
    for _ in range(2):
        answer = browser.post(
            "/sign-in", data={"secret": key}, headers={"Cookie": f"policycortex_session={next(iter(seen))}"}
        )
        token = answer.cookies["policycortex_session"]
        assert token not in seen
        seen.add(token)
    attacker = console.browser()
    assert attacker.get("/reports", headers={"Cookie": f"policycortex_session={planted}"}).status_code == 303


@pytest.mark.usefixtures("unchanged")
def test_a_form_that_is_too_large_is_refused(console: ConsoleServer, everything: Filled) -> None:
    """In one field, in many small ones, and without a length: 413 or 400, and the server lives."""
    mine = console.sign_in(organization=everything.organization)
    token = _token(mine)
    uploads = {route.path for route in routes_of("POST") if not isinstance(route.endpoint, FormEndpoint)}
    large = b"a=1&" * (MAX_FORM_BYTES // 4 + 1)

    def parts() -> Iterator[bytes]:
        yield f"form_token={token}&".encode()
        for start in range(0, len(large), 1 << 16):
            yield large[start : start + (1 << 16)]

    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in [*form_paths(), "/sign-in"]:
        if path in uploads - {"/sign-in"}:
            continue  # not read here: the API limits them
        address = everything.address(path)
        for content in (f"form_token={token}&a=".encode() + b"x" * MAX_FORM_BYTES, large, parts()):
            answer = mine.client.post(address, content=content, headers=kind)
            assert answer.status_code in {400, 413}, (path, answer.status_code)
    assert mine.get("/health").status_code == 200
