"""``/v1/keys``: list, make, rotate and revoke API keys; list and revoke people who signed in without one."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.audit import audited, note
from api.platform.auth import Admin
from api.platform.dependencies import BaseUrl, JsonObject, OptionalJsonObject, ServicesDep
from api.platform.errors import not_found_as
from api.platform.openapi import body_of, errors_of
from api.platform.responses import page_of, send_json
from api.v1.keys.schemas import IdentityAnswer, IdentityKind, IdentityStatus, KeyList, KeyMade, KeysQuery
from policycortex.errors import ConflictError
from policycortex.requests.key_body import KeyBody, RotateKeyBody, parse_key, parse_rotation
from policycortex.storage.registry import KeyRow
from policycortex.storage.registry.keys import PERSON_PREFIX

router: Final = APIRouter(prefix="/v1/keys", tags=["keys"])

_NOT_FOUND: Final = "No such key or person; GET /v1/keys lists all"
KeyId = Annotated[str, Path(max_length=100, examples=["key_0123456789abcdef"])]


@router.get("", response_model=KeyList, responses=errors_of())
def list_keys(request: Request, caller: Admin, query: Annotated[KeysQuery, Query()], services: ServicesDep) -> Response:
    """Keys of the organisation, or the people who signed in without one; newest first, with those that ended."""
    found, total = services.registry.keys.list_identities(
        caller.organization,
        are_people=query.kind is IdentityKind.PERSON,
        limit=query.limit,
        offset=query.offset,
    )
    now = services.now()
    page = page_of(total, limit=query.limit, offset=query.offset, count=len(found))
    return send_json(request, KeyList(keys=[_present(each, now) for each in found], pagination=page))


@router.post(
    "",
    status_code=201,
    responses=errors_of(codes.INVALID_CONFIG, body=True),
    openapi_extra=body_of(KeyBody, {"name": "pipeline", "scopes": ["reports:read"]}),
)
@audited("key_created")
def create_key(
    *, caller: Admin, body: JsonObject, services: ServicesDep, base_url: BaseUrl, response: Response
) -> KeyMade:
    """Make a key. It cannot approve what its maker requested: in approvals both count as one."""
    now = services.now()
    wanted = parse_key(body, now=now)
    made, secret = services.registry.keys.create_key(
        organization=caller.organization,
        name=wanted.name,
        scopes=wanted.scopes,
        expires_at=wanted.expires_at,
        networks=wanted.networks,
        maker=caller.key.id,
        now=now,
    )
    note(subject=made.id, details={"name": made.name, "scopes": sorted(made.scopes)})
    response.headers["Location"] = f"{base_url}/v1/keys/{made.id}"
    return _with_secret(made, secret, now)


@router.get("/{key_id}", response_model=IdentityAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
def get_key(key_id: KeyId, request: Request, caller: Admin, services: ServicesDep) -> Response:
    """One key or person."""
    with not_found_as(_NOT_FOUND):
        found = services.registry.keys.get_identity(caller.organization, key_id)
    return send_json(request, _present(found, services.now()))


@router.post(
    "/{key_id}/rotate",
    status_code=201,
    responses=errors_of(codes.PATH_NOT_FOUND, codes.CONFLICT, codes.INVALID_CONFIG, body=True),
    openapi_extra=body_of(RotateKeyBody, {"overlap_hours": 24}, is_required=False),
)
@audited("key_rotated")
def rotate_key(key_id: KeyId, *, caller: Admin, body: OptionalJsonObject, services: ServicesDep) -> KeyMade:
    """Make a key with the same rights; the old one stays valid for some hours, so that programs can change over."""
    now, wanted = services.now(), parse_rotation(body)
    with not_found_as(_NOT_FOUND):
        old = services.registry.keys.get_identity(caller.organization, key_id)
    if old.id.startswith(PERSON_PREFIX):
        raise ConflictError("A person has no key to rotate")
    made, secret = services.registry.keys.rotate_key(old.id, overlap=wanted.overlap, maker=caller.key.id, now=now)
    note(details={"name": old.name, "new_key": made.id, "overlap_hours": wanted.overlap_hours})
    return _with_secret(made, secret, now)


@router.delete("/{key_id}", status_code=204, responses=errors_of(codes.PATH_NOT_FOUND))
@audited("key_revoked")
def revoke_key(key_id: KeyId, caller: Admin, services: ServicesDep) -> None:
    """End a key or a person's access at once, with its sessions and download links. It stays on record."""
    with not_found_as(_NOT_FOUND):
        found = services.registry.keys.get_identity(caller.organization, key_id)
    _, links = services.registry.keys.revoke_key(found.id, maker=caller.key.id, now=services.now())
    note(details={"name": found.name, "links_ended": links})


def _with_secret(key: KeyRow, secret: str, now: datetime) -> KeyMade:
    return KeyMade.model_validate(_present(key, now).model_dump() | {"secret": secret})


def _present(key: KeyRow, now: datetime) -> IdentityAnswer:
    """One key or person with its state at ``now``."""
    is_revoked = key.revoked_at is not None and key.revoked_at <= now
    valid = IdentityStatus.ACTIVE if key.is_valid_at(now) else IdentityStatus.EXPIRED
    return IdentityAnswer(
        id=key.id,
        kind=IdentityKind.PERSON if key.id.startswith(PERSON_PREFIX) else IdentityKind.KEY,
        name=key.name,
        prefix=key.prefix,
        scopes=sorted(key.scopes),
        status=IdentityStatus.REVOKED if is_revoked else valid,
        networks=list(key.networks),
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
    )
