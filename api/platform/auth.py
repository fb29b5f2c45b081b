"""Authentication by API keys in the Authorization header, and the scopes that each route requires."""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Request, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase

from api.platform import error_codes
from api.platform.audit import RequestRecord
from api.platform.dependencies import refuse_unknown_parameters, services_of
from api.platform.errors import ApiError
from api.platform.grants import require_granted_route
from api.platform.services import Services
from policycortex.security.networks import is_within_networks
from policycortex.security.web_access import CALLER
from policycortex.storage.registry import KeyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The caller of a request: a valid key."""

    key: KeyRow
    address: str | None
    request_id: str | None

    @property
    def organization(self) -> str:
        """The only organisation whose data the caller can read."""
        return self.key.organization

    @property
    def reader(self) -> str | None:
        """For the registry: the key whose restricted reports are visible. None for ``admin``, which sees all."""
        return None if "admin" in self.key.scopes else self.key.id

    def may(self, scope: str) -> bool:
        """Whether the key has the scope; ``admin`` includes all scopes."""
        return scope in self.key.scopes or "admin" in self.key.scopes


class KeyGuard(SecurityBase):
    """Checks, in this order: the key, the rate limit, the scopes, the names of query parameters.

    It is one dependency because FastAPI resolves the dependency tree for each request; as five dependencies this took
    a third of a read's time.
    """

    def __init__(self) -> None:
        self.scheme_name = "ApiKey"
        self.model = HTTPBearer(
            bearerFormat="sk_live_...",
            description="An API key made by `policycortex keys create`, sent as `Authorization: Bearer sk_live_...`",
        )

    async def __call__(self, request: Request, required: SecurityScopes) -> Principal:
        """The caller of a guarded route. Raises ApiError 401, 403, 429, or 400 on an unknown parameter."""
        services = services_of(request)
        address = request.client.host if request.client else None
        token = _bearer_token(request)
        key: KeyRow | None = request.scope.get(CALLER)  # the console's, which has checked the person's session
        if key is None and token is not None:
            key = await _find_key(services, token)
        if key is None:
            services.anonymous_limiter.count(address)
            raise _unauthorized(token)
        caller = Principal(key=key, address=address, request_id=request.scope.get("policycortex.request_id"))
        request.scope["policycortex.key_id"] = key.id
        request.scope["policycortex.organization"] = key.organization
        if (rate := await services.limiter.count(key.id)) is not None:
            request.scope["policycortex.headers"] = rate.headers()
        _check_rights(request, caller, required)
        await refuse_unknown_parameters(request)
        record: RequestRecord = request.scope["policycortex.record"]
        await record.begin()
        return caller


def _bearer_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def _find_key(services: Services, token: str) -> KeyRow | None:
    now, digest = services.now(), hashlib.sha256(token.encode()).hexdigest()  # no token stays in memory
    key = services.key_cache.get(digest)
    if key is None:
        key = await services.run_short(services.find_key, token)
        if key is not None:
            services.key_cache[digest] = key
            if key.is_valid_at(now):
                services.last_used.note(key, now)
    return key if key is not None and key.is_valid_at(now) else None


def _check_rights(request: Request, caller: Principal, required: SecurityScopes) -> None:
    if not is_within_networks(caller.address, caller.key.networks):
        raise ApiError(error_codes.FORBIDDEN, f"This key may not be used from {caller.address}")
    if caller.key.grant is not None:
        require_granted_route(request, caller.key.grant)
        return  # the grant alone says what the auditor may do
    missing = [scope for scope in required.scopes if not caller.may(scope)]
    if missing:
        challenge = f'Bearer realm="policycortex", error="insufficient_scope", scope="{" ".join(missing)}"'
        description = f"This key lacks the scope {', '.join(missing)}"
        raise ApiError(error_codes.FORBIDDEN, description, headers={"WWW-Authenticate": challenge})


def _unauthorized(token: str | None) -> ApiError:
    if token is None:
        description, error = "Send an API key: Authorization: Bearer sk_live_...", ""
    else:
        description, error = "The API key is unknown, expired or revoked", ', error="invalid_token"'
    challenge = f'Bearer realm="policycortex"{error}'
    return ApiError(error_codes.UNAUTHORIZED, description, headers={"WWW-Authenticate": challenge})


authenticate: Final = KeyGuard()

AnyKey = Annotated[Principal, Security(authenticate, scopes=[])]
"""A valid key, whatever its scopes are."""
Reader = Annotated[Principal, Security(authenticate, scopes=["reports:read"])]
FindingsWriter = Annotated[Principal, Security(authenticate, scopes=["findings:write"])]
FrameworkWriter = Annotated[Principal, Security(authenticate, scopes=["frameworks:write"])]
ScheduleWriter = Annotated[Principal, Security(authenticate, scopes=["schedules:write"])]
Writer = Annotated[Principal, Security(authenticate, scopes=["reports:write"])]
Admin = Annotated[Principal, Security(authenticate, scopes=["admin"])]
