"""Forged and damaged ID tokens: each is refused, the genuine one is not. The provider's answers are given."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from policycortex.errors import RequestError, UnavailableError
from policycortex.security.identity_provider import IdentityProvider, memberships_of, name_of
from policycortex.security.key_store import KeyStore
from policycortex_console.open_id import OpenIdClient

ISSUER = "https://login.acme.example"
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
KEY = RSAKey.generate_key(2048, {"kid": "a"}, auto_kid=False)
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "a"}, auto_kid=False)
METADATA: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
}
PROVIDER = IdentityProvider.model_validate(
    {"issuer": ISSUER, "client_id": "policycortex", "organizations": {"acme": {"admin": ["a"], "auditor": ["*"]}}}
)


class Flow:
    """One sign-in whose ID token the test makes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, metadata: Mapping[str, Any] = METADATA) -> None:
        self.id_token = ""
        answers: dict[str, Callable[[], Mapping[str, Any]]] = {
            f"{ISSUER}/.well-known/openid-configuration": lambda: metadata,
            f"{ISSUER}/jwks": lambda: {"keys": [KEY.as_dict(private=False)]},
            f"{ISSUER}/token": lambda: {"id_token": self.id_token, "access_token": "access"},
        }
        monkeypatch.setattr(OpenIdClient, "_ask", lambda _self, _method, url, **_given: answers[url]())
        self.client = OpenIdClient(PROVIDER, KeyStore(key=bytes(32)), now=lambda: NOW)
        self.started = self.client.start("https://reports.example/sign-in/callback", organization="")
        self.query = {name: values[0] for name, values in parse_qs(urlsplit(self.started.url).query).items()}

    def claims(self, **changed: object) -> dict[str, Any]:
        """Those of a genuine token, with changes; None removes one."""
        now = int(NOW.timestamp())
        genuine = {"iss": ISSUER, "sub": "7", "aud": "policycortex", "nonce": self.query["nonce"]}
        given = {**genuine, "iat": now, "exp": now + 300, "groups": ["a"], **changed}
        return {name: value for name, value in given.items() if value is not None}

    def finish(self, id_token: str) -> Mapping[str, Any]:
        """The claims. Raises RequestError."""
        self.id_token = id_token
        return self.client.finish(self.started.sealed, {"code": "c", "state": self.query["state"]}).claims


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> Flow:
    """A sign-in that has begun."""
    return Flow(monkeypatch)


def test_a_genuine_token_is_accepted(flow: Flow) -> None:
    """With the person's claims, also when it is for several audiences that name this client as the party."""
    header = {"alg": "RS256", "kid": "a"}
    assert flow.finish(jwt.encode(header, flow.claims(), KEY))["sub"] == "7"
    several = flow.claims(aud=["policycortex", "other"], azp="policycortex")
    assert flow.finish(jwt.encode(header, several, KEY))["groups"] == ["a"]


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": None},
        {"azp": "another-client"},
        {"nonce": "of another flow"},
        {"nonce": None},
        {"sub": None},
        {"exp": int(NOW.timestamp()) - 300},
        {"exp": None},
        {"nbf": int(NOW.timestamp()) + 300},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(flow: Flow, changed: dict[str, object]) -> None:
    """Each claim on its own; the signature is right."""
    with pytest.raises(RequestError, match="not valid"):
        flow.finish(jwt.encode({"alg": "RS256", "kid": "a"}, flow.claims(**changed), KEY))


def test_a_token_with_a_wrong_signature_is_refused(flow: Flow) -> None:
    """Another key, no signature, a shared secret that is the public key, a changed claim, and no token at all."""
    claims = flow.claims()
    genuine = jwt.encode({"alg": "RS256", "kid": "a"}, claims, KEY)
    head, body, tail = genuine.split(".")
    changed = jwt.encode({"alg": "RS256", "kid": "a"}, {**claims, "groups": ["b"]}, OTHER_KEY).split(".")[1]
    none = _signed_by_secret({"alg": "none"}, claims, b"x").rpartition(".")[0]
    forged = (
        jwt.encode({"alg": "RS256", "kid": "a"}, claims, OTHER_KEY),
        _signed_by_secret({"alg": "HS256", "kid": "a"}, claims, KEY.as_pem(private=False)),
        f"{none}.",
        f"{head}.{changed}.{tail}",
        f"{head}.{body}.",
        "x",
    )
    for each in forged:
        with pytest.raises(RequestError, match=r"not valid"):
            flow.finish(each)


def _signed_by_secret(header: Mapping[str, str], claims: Mapping[str, Any], secret: bytes) -> str:
    """By hand: the library refuses to use a public key as a secret."""
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signature = hmac.digest(secret, b".".join(parts), "sha256")
    return b".".join((*parts, urlsafe_b64encode(signature).rstrip(b"="))).decode()


def test_a_discovery_document_of_another_issuer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It could name an attacker's keys."""
    with pytest.raises(UnavailableError, match="another issuer"):
        Flow(monkeypatch, {**METADATA, "issuer": "https://evil.example"})


@pytest.mark.parametrize(
    ("groups", "role"),
    [(["a"], "admin"), ("a", "admin"), (["x"], "auditor"), (None, "auditor"), ([1, {}], "auditor"), (["*"], "auditor")],
)
def test_the_role_with_most_rights_counts(groups: object, role: str) -> None:
    """Groups may be one text; what is no text counts as none."""
    assert [each.role for each in memberships_of(PROVIDER, {"groups": groups})] == [role]


def test_a_name_is_one_line() -> None:
    """The first claim that has text; else the subject."""
    assert name_of(PROVIDER, {"name": " Ada\nLovelace ", "sub": "7"}) == "Ada Lovelace"
    assert name_of(PROVIDER, {"name": "", "email": 5, "sub": "7"}) == "7"


@pytest.mark.parametrize(
    "changed",
    [{"issuer": "http://login.example"}, {"client_secret": "plain"}, {"organizations": {"a b": {}}}, {"x": 1}],
)
def test_a_wrong_configuration_is_refused(changed: dict[str, object]) -> None:
    """Plain http, a secret in the file, an invalid organisation, an unknown field."""
    given = {"issuer": ISSUER, "client_id": "policycortex", **changed}
    with pytest.raises(ValueError, match=next(iter(changed))):
        IdentityProvider.model_validate(json.loads(json.dumps(given)))
