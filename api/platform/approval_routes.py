"""The endpoints that waivers and attestations share: list, get, approve and revoke. Each noun adds its request."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response

from api.platform import error_codes as codes
from api.platform.approvals import ApprovalAnswer
from api.platform.audit import audited, note
from api.platform.auth import FindingsWriter, Reader
from api.platform.dependencies import OptionalJsonObject, ServicesDep
from api.platform.errors import not_found_as
from api.platform.listing import PageQuery
from api.platform.openapi import body_of, errors_of
from api.platform.responses import Pagination, ResponseModel, page_of, send_json
from policycortex.errors import NotFoundError
from policycortex.requests.approval_body import ApproveBody, parse_approval
from policycortex.scoring.approvals import ApprovalRecord
from policycortex.storage.registry import GrantRow, Registry
from policycortex.storage.registry.approvals import ApprovalRepository

RecordT = TypeVar("RecordT", bound=ApprovalRecord)

_EXAMPLE: Final = {"role": "Chief information security officer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalNoun(Generic[RecordT]):
    """One kind of record, and its forms in the API."""

    name: str
    """As in paths and events: ``waiver``; the plural has an s."""
    example_id: str
    records: Callable[[Registry], ApprovalRepository[RecordT]]
    present: Callable[[RecordT, datetime], ApprovalAnswer]
    answer: type[ApprovalAnswer]
    list_answer: type[ResponseModel]
    make_list: Callable[[Sequence[Any], Pagination], ResponseModel]
    """A ``list_answer`` of some answers."""
    approve_body: type[ApproveBody] = ApproveBody
    approved: Callable[[RecordT], Mapping[str, Any]] = lambda _: {}
    """What the audit log has of an approval beside its key."""
    is_granted: Callable[[RecordT, GrantRow], bool] = lambda _record, _grant: False
    """Whether a grant shows the record."""

    @property
    def not_found(self) -> str:
        """The message for an id that the organisation does not have."""
        return f"No such {self.name}; GET /v1/{self.name}s lists all"

    @property
    def id_parameter(self) -> Any:  # noqa: ANN401 - FastAPI's own type
        """The parameter of the path, whose name differs by noun."""
        return Path(alias=f"{self.name}_id", max_length=100, examples=[self.example_id])

    @property
    def article(self) -> str:
        """``a waiver``."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"


def add_routes(router: APIRouter, noun: ApprovalNoun[RecordT]) -> None:
    """Add the four endpoints."""
    _add_list(router, noun)
    _add_get(router, noun)
    _add_approval(router, noun)
    _add_revocation(router, noun)


def _add_list(router: APIRouter, noun: ApprovalNoun[RecordT]) -> None:
    @router.get(
        "",
        name=f"list_{noun.name}s",
        response_model=noun.list_answer,
        responses=errors_of(),
        description=f"{noun.name.capitalize()}s of the organisation, newest first, with those that ended.",
    )
    def list_records(
        request: Request, caller: Reader, query: Annotated[PageQuery, Query()], services: ServicesDep
    ) -> Response:
        kept, now, grant = noun.records(services.registry), services.now(), caller.key.grant
        if grant is None:
            found = kept.list_records(caller.organization, limit=query.limit, offset=query.offset, newest_first=True)
            total = kept.count_records(caller.organization)
        else:
            all_records = kept.list_records(caller.organization, newest_first=True)
            granted = [record for record in all_records if noun.is_granted(record, grant)]
            found, total = tuple(granted[query.offset : query.offset + query.limit]), len(granted)
        page = page_of(total, limit=query.limit, offset=query.offset, count=len(found))
        return send_json(request, noun.make_list([noun.present(each, now) for each in found], page))


def _add_get(router: APIRouter, noun: ApprovalNoun[RecordT]) -> None:
    @router.get(
        f"/{{{noun.name}_id}}",
        name=f"get_{noun.name}",
        response_model=noun.answer,
        responses=errors_of(codes.PATH_NOT_FOUND),
        description=f"One {noun.name} with its approval and revocation.",
    )
    def get_record(
        *, record_id: str = noun.id_parameter, request: Request, caller: Reader, services: ServicesDep
    ) -> Response:
        with not_found_as(noun.not_found):
            found = noun.records(services.registry).get_record(caller.organization, record_id)
            if caller.key.grant is not None and not noun.is_granted(found, caller.key.grant):
                raise NotFoundError(f"no {noun.name} {record_id} in the grant")
        return send_json(request, noun.present(found, services.now()))


def _add_approval(router: APIRouter, noun: ApprovalNoun[RecordT]) -> None:
    @router.post(
        f"/{{{noun.name}_id}}/approve",
        name=f"approve_{noun.name}",
        response_model=noun.answer,
        responses=errors_of(codes.PATH_NOT_FOUND, codes.CONFLICT, codes.INVALID_CONFIG, body=True),
        openapi_extra=body_of(noun.approve_body, _EXAMPLE, is_required=False),
        description=f"Approve {noun.article} that another key requested; it holds from now on, within its validity.",
    )
    @audited(f"{noun.name}_approved")
    def approve_record(
        *,
        record_id: str = noun.id_parameter,
        caller: FindingsWriter,
        body: OptionalJsonObject,
        services: ServicesDep,
    ) -> ApprovalAnswer:
        now, given = services.now(), parse_approval(body, noun.approve_body)
        with not_found_as(noun.not_found):
            found = noun.records(services.registry).approve_record(
                caller.organization, record_id, by=caller.key.id, now=now, role=given.role, seen=given.seen
            )
        note(details=noun.approved(found))
        return noun.present(found, now)


def _add_revocation(router: APIRouter, noun: ApprovalNoun[RecordT]) -> None:
    @router.delete(
        f"/{{{noun.name}_id}}",
        name=f"revoke_{noun.name}",
        status_code=204,
        responses=errors_of(codes.PATH_NOT_FOUND),
        description=f"Revoke {noun.article} from now on. "
        "It stays on record, and in reports of periods that ended before.",
    )
    @audited(f"{noun.name}_revoked")
    def revoke_record(*, record_id: str = noun.id_parameter, caller: FindingsWriter, services: ServicesDep) -> None:
        with not_found_as(noun.not_found):
            noun.records(services.registry).revoke_record(
                caller.organization, record_id, by=caller.key.id, now=services.now()
            )
