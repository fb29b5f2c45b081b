"""Who asks, and what they may: keys from the Authorization header, scopes declared on each route."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.concurrency import run_in_threadpool

from api import error_codes
from api.dependencies import ServicesDep
from api.errors import ApiError
from api.services import Services
from api.trail import RequestRecord
from policycortex.storage.registry import KeyRow

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    bearerFormat="sk_live_...",
    description="An API key made by `policycortex keys create`, sent as `Authorization: Bearer sk_live_...`",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A valid key in use."""

    key: KeyRow
    address: str | None
    request_id: str | None

    @property
    def organization(self) -> str:
        """The only organisation this caller sees."""
        return self.key.organization

    @property
    def reader(self) -> str | None:
        """For the registry: whose restricted reports are visible. None for ``admin``, who sees them all."""
        return None if "admin" in self.key.scopes else self.key.id

    def may(self, scope: str) -> bool:
        """``admin`` may everything."""
        return scope in self.key.scopes or "admin" in self.key.scopes


async def authenticate(
    request: Request,
    required: SecurityScopes,
    services: ServicesDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """The caller of a guarded route. Raises ApiError 401, 403 or 429."""
    address = request.client.host if request.client else None
    key = await _find_key(services, credentials)
    if key is None:
        await services.limiter.count(f"address {address}")
        raise _unauthorized(credentials)
    caller = Caller(key=key, address=address, request_id=request.scope.get("policycortex.request_id"))
    request.scope["policycortex.key_id"] = key.id
    request.scope["policycortex.organization"] = key.organization
    if (rate := await services.limiter.count(key.id)) is not None:
        request.scope["policycortex.headers"] = rate.headers()
    _check_rights(caller, required)
    record: RequestRecord = request.scope["policycortex.record"]
    if record.is_change:
        await run_in_threadpool(record.begin)  # it waits for the disk
    return caller


async def _find_key(services: Services, credentials: HTTPAuthorizationCredentials | None) -> KeyRow | None:
    if credentials is None:
        return None
    token, now = credentials.credentials, services.now()
    key = services.known_keys.get(token)
    if key is None:
        key = await services.quick.run(_ask_registry, services, token, now)
        if key is not None:
            services.known_keys.keep(token, key)
    return key if key is not None and key.is_valid_at(now) else None


def _ask_registry(services: Services, token: str, now: datetime) -> KeyRow | None:
    key = services.registry.find_key(token)
    if key is not None and key.is_valid_at(now):
        services.registry.note_key_use(key, now=now)
    return key


def _check_rights(caller: Caller, required: SecurityScopes) -> None:
    if caller.key.networks and not _is_within(caller.address, caller.key.networks):
        raise ApiError(error_codes.FORBIDDEN, f"This key may not be used from {caller.address}")
    missing = [scope for scope in required.scopes if not caller.may(scope)]
    if missing:
        challenge = f'Bearer realm="policycortex", error="insufficient_scope", scope="{" ".join(missing)}"'
        description = f"This key lacks the scope {', '.join(missing)}"
        raise ApiError(error_codes.FORBIDDEN, description, headers={"WWW-Authenticate": challenge})


def _is_within(address: str | None, networks: tuple[str, ...]) -> bool:
    try:
        host = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    return any(host in ipaddress.ip_network(network) for network in networks)


def _unauthorized(credentials: HTTPAuthorizationCredentials | None) -> ApiError:
    if credentials is None:
        description, error = "Send an API key: Authorization: Bearer sk_live_...", ""
    else:
        description, error = "The API key is unknown, expired or revoked", ', error="invalid_token"'
    challenge = f'Bearer realm="policycortex"{error}'
    return ApiError(error_codes.UNAUTHORIZED, description, headers={"WWW-Authenticate": challenge})


Reader = Annotated[Caller, Security(authenticate, scopes=["reports:read"])]
FrameworkWriter = Annotated[Caller, Security(authenticate, scopes=["frameworks:write"])]
ScheduleWriter = Annotated[Caller, Security(authenticate, scopes=["schedules:write"])]
Writer = Annotated[Caller, Security(authenticate, scopes=["reports:write"])]
Admin = Annotated[Caller, Security(authenticate, scopes=["admin"])]
