"""Names and origins of a server for people, and its cookie."""

import pytest

from policycortex.security.session_cookies import SessionCookie
from policycortex.security.web_access import SiteGuard

PUBLIC = SiteGuard(["http://127.0.0.1:3000", "https://dagster.example.com"], service_urls=["http://policycortex-ui:80"])


@pytest.mark.parametrize(
    ("host", "origin", "is_own"),
    [
        ("dagster.example.com", "https://dagster.example.com", True),
        ("dagster.example.com:443", "https://dagster.example.com", True),
        ("Dagster.Example.com", "https://dagster.example.com", True),
        ("dagster.example.com", "http://dagster.example.com", False),
        ("dagster.example.com", "https://dagster.example.com:8443", False),
        ("dagster.example.com:80", "https://dagster.example.com", False),
        ("dagster.example.com", "http://127.0.0.1:3000", False),
        ("127.0.0.1:3000", "http://127.0.0.1:3000", True),
        ("127.0.0.1", None, False),
        ("policycortex-ui", None, True),
        ("policycortex-ui:80", None, True),
        ("policycortex-ui", "http://policycortex-ui", False),
        ("", None, False),
    ],
)
def test_a_name_goes_with_its_own_origin_only(host: str, origin: str | None, is_own: bool) -> None:
    """A name that only services use has no pages, so every Origin is foreign there."""
    headers = {"host": [host]} | ({"origin": [origin]} if origin else {})
    assert (PUBLIC.find_fault("POST", headers) is None) is is_own


def test_two_values_of_a_header_are_refused() -> None:
    """A proxy and this server might take different ones."""
    own = "http://127.0.0.1:3000"
    assert PUBLIC.find_fault("GET", {"host": ["127.0.0.1:3000", "evil.example"]}) is not None
    assert PUBLIC.find_fault("POST", {"host": ["127.0.0.1:3000"], "origin": [own, "http://evil.example"]}) is not None
    assert PUBLIC.find_fault("POST", {"host": ["127.0.0.1:3000"], "origin": [own], "sec-fetch-site": ["x"]}) is not None


def test_the_cookie_is_bound_to_its_server() -> None:
    """By https also by its name's prefix; two different ones are none, because one was planted."""
    secure, plain = SessionCookie(is_secure=True), SessionCookie(is_secure=False)
    assert secure.to_header("t", max_age_seconds=60) == (
        "__Host-policycortex_session=t; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
    )
    assert secure.find_token(["a=b; __Host-policycortex_session=t"]) == "t"
    assert secure.find_token(["policycortex_session=t"]) is None
    assert plain.find_token(["policycortex_session=t; policycortex_session=u"]) is None
    assert plain.find_token(["policycortex_session=", "x"]) is None
