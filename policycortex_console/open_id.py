"""Sign-in by OpenID Connect: the code flow with PKCE. Everything that the identity provider sends is checked here.

The provider's addresses come from its discovery document. Between the two halves of a flow, its state, nonce and
verifier are in an encrypted cookie of the browser that began it, so that any API process can finish it.
"""

import hmac
import json
import secrets
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import httpx
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from policycortex.errors import ConfigurationError, IntegrityError, RequestError, UnavailableError
from policycortex.security.identity_provider import IdentityProvider
from policycortex.security.key_store import KeyStore
from policycortex.security.secret_references import read_secret

FLOW_LIFETIME: Final = timedelta(minutes=10)
_SECONDS: Final = 10.0
_MOST_BYTES: Final = 1 << 20
_FRESH_SECONDS: Final = 600.0
"""How long the discovery document and the keys are used before they are read again."""
RELOAD_SECONDS: Final = 5.0
"""Least time between two readings because of an unknown key, which anybody can cause."""
_LEEWAY_SECONDS: Final = 60
_ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
"""Signatures by a private key. Neither "none" nor those by a shared secret."""
_PURPOSE: Final = "sign-in flow"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedFlow:
    """The first half of a sign-in."""

    url: str
    """Where the browser goes."""
    sealed: str
    """For the cookie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedFlow:
    """What the provider says about the person."""

    claims: Mapping[str, Any]
    organization: str
    """The one that was asked for at the start; "" for any."""

    @property
    def subject(self) -> str:
        """The person at this provider, for ever."""
        return str(self.claims["sub"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    """What was read from the provider."""

    metadata: Mapping[str, Any]
    keys: KeySet
    at: float
    """Seconds of the monotonic clock."""


class OpenIdClient:
    """One provider. All methods wait for the network: call them in threads."""

    def __init__(self, provider: IdentityProvider, keys: KeyStore, *, now: Callable[[], datetime]) -> None:
        self._provider, self._key_store, self._now = provider, keys, now
        self._loaded: _Loaded | None = None

    def start(self, redirect_uri: str, *, organization: str) -> StartedFlow:
        """Begin a flow. Raises UnavailableError while the provider does not answer."""
        flow = {
            "state": secrets.token_urlsafe(32),
            "nonce": secrets.token_urlsafe(32),
            "verifier": secrets.token_urlsafe(48),
            "redirect_uri": redirect_uri,
            "organization": organization,
            "ends_at": (self._now() + FLOW_LIFETIME).timestamp(),
        }
        url = prepare_grant_uri(
            self._load().metadata["authorization_endpoint"],
            self._provider.client_id,
            "code",
            redirect_uri=redirect_uri,
            scope=" ".join(self._provider.scopes),
            state=flow["state"],
            nonce=flow["nonce"],
            code_challenge=create_s256_code_challenge(flow["verifier"]),
            code_challenge_method="S256",
        )
        return StartedFlow(url=url, sealed=self._key_store.seal(json.dumps(flow), purpose=_PURPOSE))

    def finish(self, sealed: str, answer: Mapping[str, str]) -> FinishedFlow:
        """Redeem the code in the provider's ``answer`` by this browser's flow.

        Raises RequestError for an answer that is not valid, UnavailableError while the provider does not answer.
        """
        flow = self._opened(sealed)
        if not hmac.compare_digest(answer.get("state", "").encode(), str(flow["state"]).encode()):
            raise RequestError("This answer does not belong to a sign-in that began in this browser. Sign in again.")
        loaded = self._load()
        if answer.get("iss", loaded.metadata["issuer"]) != loaded.metadata["issuer"]:
            raise RequestError("Another identity provider answered than the one that was asked.")
        if "error" in answer or not answer.get("code"):
            raise RequestError(f"{self._provider.name} did not sign you in: {answer.get('error', 'no code')[:60]}")
        tokens = self._redeem(loaded, answer["code"], flow)
        claims = self._verified(tokens, str(flow["nonce"]))
        if self._provider.groups_claim not in claims and "userinfo_endpoint" in loaded.metadata:
            claims = {**self._user_info(loaded, tokens, str(claims["sub"])), **claims}
        return FinishedFlow(claims=claims, organization=str(flow["organization"]))

    def sign_out_url(self, return_to: str) -> str | None:
        """Where people end their session at the provider; None where it has no such page, or does not answer."""
        try:
            endpoint = self._load().metadata.get("end_session_endpoint")
        except UnavailableError:
            return None
        if not isinstance(endpoint, str):
            return None
        given = {"client_id": self._provider.client_id, "post_logout_redirect_uri": return_to}
        return str(add_params_to_uri(endpoint, list(given.items())))

    def _opened(self, sealed: str) -> Mapping[str, Any]:
        try:
            flow: Mapping[str, Any] = json.loads(self._key_store.unseal(sealed, purpose=_PURPOSE))
        except IntegrityError:
            raise RequestError("This browser has begun no sign-in. Sign in again.") from None
        if self._now().timestamp() > float(flow["ends_at"]):
            raise RequestError("This sign-in took too long. Sign in again.")
        return flow

    def _redeem(self, loaded: _Loaded, code: str, flow: Mapping[str, Any]) -> Mapping[str, Any]:
        provider = self._provider
        secret = read_secret(provider.client_secret) if provider.client_secret is not None else None
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": str(flow["redirect_uri"]),
            "code_verifier": str(flow["verifier"]),
        }
        auth = None
        if secret is not None and provider.client_authentication == "basic":
            auth = (quote(provider.client_id, safe=""), quote(secret, safe=""))  # RFC 6749, section 2.3.1
        else:
            fields |= {"client_id": provider.client_id} | ({"client_secret": secret} if secret is not None else {})
        tokens = self._ask("POST", loaded.metadata["token_endpoint"], data=fields, auth=auth)
        if not isinstance(tokens.get("id_token"), str):
            raise RequestError(
                f"{provider.name} did not accept the sign-in: {str(tokens.get('error', 'no token'))[:60]}"
            )
        return tokens

    def _verified(self, tokens: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """The claims of the ID token, after every check of OpenID Connect Core 3.1.3.7."""
        try:
            token = self._decoded(tokens["id_token"])
            claims = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": self._provider.issuer},
                    "aud": {"essential": True, "value": self._provider.client_id},
                    "sub": {"essential": True},
                },
                {"nonce": nonce, "client_id": self._provider.client_id, "access_token": tokens.get("access_token")},
            )
            claims.validate(now=int(self._now().timestamp()), leeway=_LEEWAY_SECONDS)
        except (JoseError, ValueError) as error:
            name = type(error).__name__
            raise RequestError(f"The token of {self._provider.name} is not valid ({name}). Sign in again.") from error
        return dict(claims)

    def _decoded(self, id_token: str) -> jwt.Token:
        """Read by the known keys; the keys are read again when none of them fits, as after the provider's rotation."""
        loaded = self._load()
        try:
            return jwt.decode(id_token, loaded.keys, algorithms=list(_ALGORITHMS))
        except (JoseError, ValueError):
            if time.monotonic() - loaded.at < RELOAD_SECONDS:
                raise
            return jwt.decode(id_token, self._load(older_than=0.0).keys, algorithms=list(_ALGORITHMS))

    def _user_info(self, loaded: _Loaded, tokens: Mapping[str, Any], subject: str) -> Mapping[str, Any]:
        """Claims that the ID token lacks; those of another person are refused."""
        bearer = {"Authorization": f"Bearer {tokens.get('access_token', '')}"}
        found = self._ask("GET", loaded.metadata["userinfo_endpoint"], headers=bearer)
        if found.get("sub") != subject:
            raise RequestError(f"{self._provider.name} sent the details of another person. Sign in again.")
        return found

    def _load(self, *, older_than: float = _FRESH_SECONDS) -> _Loaded:
        """Discovery document and keys, read again when they are older."""
        if self._loaded is None or time.monotonic() - self._loaded.at >= older_than:
            issuer = self._provider.issuer
            metadata = self._ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            missing = [
                name for name in ("authorization_endpoint", "token_endpoint", "jwks_uri") if name not in metadata
            ]
            if metadata.get("issuer") != issuer or missing:
                raise UnavailableError(f"the discovery document of {issuer} is that of another issuer, or incomplete")
            try:
                keys = KeySet.import_key_set({"keys": self._ask("GET", metadata["jwks_uri"]).get("keys", [])})
            except (JoseError, ValueError, TypeError) as error:
                raise UnavailableError(f"the keys of {issuer} cannot be read: {type(error).__name__}") from error
            self._loaded = _Loaded(metadata=metadata, keys=keys, at=time.monotonic())
        return self._loaded

    def _ask(self, method: str, url: str, **given: Any) -> Mapping[str, Any]:  # noqa: ANN401 - httpx's arguments
        """The JSON object in the answer, also of a refusal. Redirects are not followed. Raises UnavailableError."""
        try:
            with (
                httpx.Client(timeout=_SECONDS, verify=self._authorities(), trust_env=False) as client,
                client.stream(method, url, **given) as response,
            ):
                content = b""
                for part in response.iter_bytes():
                    content += part
                    if len(content) > _MOST_BYTES:
                        raise UnavailableError(f"the answer of {self._provider.issuer} is too large")
            found = json.loads(content)
        except (httpx.HTTPError, ValueError) as error:
            raise UnavailableError(f"{self._provider.issuer} does not answer: {type(error).__name__}") from error
        if response.status_code >= 500 or not isinstance(found, dict):
            raise UnavailableError(f"{self._provider.issuer} answered with status {response.status_code}")
        return found

    def _authorities(self) -> ssl.SSLContext | bool:
        path = self._provider.ca_file
        try:
            return True if path is None else ssl.create_default_context(cafile=path)
        except OSError as error:
            raise ConfigurationError(f"cannot read the certificates in {path}: {error}") from error
