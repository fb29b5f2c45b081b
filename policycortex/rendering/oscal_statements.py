"""What people state, in OSCAL: an attestation per statement, its people as parties, its evidence as resources."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policycortex.documents.model import ReportDocument, RequirementRow
from policycortex.documents.statements import NotApplicableRow, StatementRow
from policycortex.names import Decider
from policycortex.rendering.oscal_texts import make_id, write_line, write_markup, write_props
from policycortex.scoring.attestations import EvidenceFile, Statement
from policycortex.security.evidence_names import evidence_name

_Node = dict[str, Any]
ROLES: Final = (
    {"id": "attester", "title": "Person who states"},
    {"id": "approver", "title": "Person who approves the statement"},
)
_STATED: Final[Mapping[Statement, str]] = {
    Statement.MET: "People state that it is met; no scanner decides it.",
    Statement.NOT_MET: "People state that it is not met.",
}
_OUTRANKED: Final = "People state that it is met; a failing finding of a scanner outranks the statement."


def describe_people(document: ReportDocument) -> Iterator[_Node]:
    """A party per person who stated or approved, by name."""
    names = {name for row in _rows(document) for name in (row.requester, row.approver) if name}
    for name in sorted(names):
        yield {"uuid": _party_id(document, name), "type": "person", "name": write_line(name) or "unknown"}


def describe_attestations(document: ReportDocument, tokens: Mapping[str, str]) -> list[_Node]:
    """An attestation per statement with the requirements that it is about; empty where people state nothing."""
    by_id: dict[str, list[StatementRow | NotApplicableRow]] = {}
    for row in _rows(document):
        by_id.setdefault(row.id, []).append(row)
    return [_attestation(document, rows, tokens) for rows in by_id.values()]


def describe_evidence(document: ReportDocument) -> Iterator[_Node]:
    """A resource per evidence file, named as in the bundle, with its digest."""
    for file in _files(document):
        yield {
            "uuid": _file_id(document, file),
            "title": write_markup(file.name) or "evidence",
            "rlinks": [
                {
                    "href": evidence_name(file),
                    "media-type": file.media_type,
                    "hashes": [{"algorithm": "SHA-256", "value": file.sha256}],
                }
            ],
        }


def state_of(row: RequirementRow, status: Mapping[str, str]) -> dict[str, str]:
    """The objective's status with what people state of it; by scanners alone where nothing is stated."""
    if row.stated is None:
        return dict(status)
    if row.decided_by is not Decider.PEOPLE:
        return (
            {**status, "remarks": _OUTRANKED} if row.is_met is False and row.stated is Statement.MET else dict(status)
        )
    state = "satisfied" if row.is_met else "not-satisfied"
    return {"state": state, "reason": "other", "remarks": _STATED[row.stated]}


def _rows(document: ReportDocument) -> tuple[StatementRow | NotApplicableRow, ...]:
    return (*document.statements, *document.not_applicable)


def _attestation(
    document: ReportDocument, rows: list[StatementRow | NotApplicableRow], tokens: Mapping[str, str]
) -> _Node:
    first = rows[0]
    statement = first.statement if isinstance(first, StatementRow) else Statement.NOT_APPLICABLE
    people = (("attester", first.requester), ("approver", first.approver))
    facts = {
        "attestation-id": first.id,
        "statement": statement.value,
        "requester-role": first.requester_role,
        "approver-role": first.approver_role,
        "valid-from": first.valid_from.isoformat(),
        "valid-until": first.valid_until.isoformat(),
        "accounts": ", ".join(first.accounts or ()),
        "environments": ", ".join(first.environments or ()),
    }
    part = {
        "uuid": make_id(document.header.id, "attestation", first.id),
        "name": "statement",
        "title": write_markup(f"{statement.value}: {', '.join(row.requirement for row in rows)}"),
        "props": [
            *write_props({name: value for name, value in facts.items() if value}),
            *(prop for row in rows for prop in write_props({"control-id": tokens[row.requirement]})),
        ],
        "prose": write_markup(first.reason) or "no reason",
    }
    links = [{"href": f"#{_file_id(document, file)}", "rel": "evidence"} for file in first.evidence]
    return {
        "responsible-parties": [
            {"role-id": role, "party-uuids": [_party_id(document, name)]} for role, name in people if name
        ],
        "parts": [part | ({"links": links} if links else {})],
    }


def _files(document: ReportDocument) -> tuple[EvidenceFile, ...]:
    """Each stored file once."""
    return tuple({file.sha256: file for row in _rows(document) for file in row.evidence}.values())


def _party_id(document: ReportDocument, name: str) -> str:
    return make_id(document.header.id, "person", name)


def _file_id(document: ReportDocument, file: EvidenceFile) -> str:
    return make_id(document.header.id, "evidence", file.sha256)
