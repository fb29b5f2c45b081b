"""Sign-in by a secret: the token of a link or a grant, or an API key. The console and the Dagster UI share it."""

from collections.abc import Callable, Collection
from datetime import datetime

from policycortex.errors import RequestError
from policycortex.security.networks import is_within_networks
from policycortex.security.web_access import WebRole
from policycortex.storage.registry.connect import Registry
from policycortex.storage.registry.rows import KeyRow
from policycortex.storage.registry.web_sessions import SessionLimits


def sign_in_by_secret(
    registry: Registry,
    secret: str,
    *,
    role: WebRole,
    scopes: Collection[str],
    limits: SessionLimits,
    address: str | None,
    now: datetime,
    check_key: Callable[[KeyRow], None] = lambda _key: None,
) -> str:
    """The token of a new session. A key needs one of ``scopes``, the first of which a refusal names.

    ``role`` applies to keys; a link has its own. ``check_key`` raises RequestError for a key that may not sign in here.
    Raises RequestError when the secret is refused.
    """
    token = registry.web_sessions.use_link(secret, limits=limits, address=address, now=now)
    if token is not None:
        return token
    grant = registry.grants.find_by_token(secret)
    key = registry.keys.find_key(secret) if grant is None else registry.keys.get_key(grant.id)
    if key is None or not key.is_valid_at(now) or not is_within_networks(address, key.networks):
        raise RequestError("This link or key is unknown, expired, revoked or used up.")
    if not key.scopes & set(scopes):
        raise RequestError(f"This key lacks the scope {next(iter(scopes))}.")
    check_key(key)
    role = WebRole.VIEWER if grant is not None else role
    return registry.web_sessions.sign_in_by_key(key, role=role, limits=limits, address=address, now=now)
