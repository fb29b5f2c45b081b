"""Completes FastAPI's OpenAPI document: short operation ids, tags, responses that can occur, headers, descriptions."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from api.platform.openapi_properties import describe_properties

TAGS: Final[Mapping[str, str]] = {
    "reports": "Request reports, preview them, list them and read all about one.",
    "downloads": "Files of reports, their signatures and the signed manifest, by key or by download link.",
    "sharing": "Who sees a report, download links, and the access log.",
    "schedules": "Reports made and delivered at fixed times.",
    "deliveries": "What was sent where, with every attempt; deliver again or elsewhere.",
    "events": "Subscribe webhooks to what happens; `webhooks` describes what they receive.",
    "tickets": "Tickets of what fails, in Jira or GitHub.",
    "imports": "Upload findings files and read what became of them.",
    "findings": "The findings behind the scores, one by one.",
    "frameworks": "Frameworks, their posture at any time, and the evidence of one requirement.",
    "analytics": "Trends with causes, risk, forecasts, and the comparison of two reports.",
    "waivers": "Failing findings that are accepted for some time.",
    "attestations": "What people state of requirements, with evidence files.",
    "comments": "What reviewers say of requirements; audit reports show it on request.",
    "milestones": "Steps of the items of plans of action, as people state them.",
    "evidence requests": "What auditors ask to see of requirements, and the answers of people.",
    "backfills": "Evaluate days of the past again.",
    "connections": "Configured receivers of deliveries, and whether they answer.",
    "grants": "What outside auditors may see, and until when.",
    "audit trail": "The chained record of all that was done.",
    "keys": "Keys and people of the organisation, and what the caller's own key may do.",
    "health": "For monitoring; no key is needed.",
    "webhooks": "Events that the installation sends.",
}
"""Every tag in the order of the document."""
_PARAMETERS: Final[Mapping[str, str]] = {
    "action": "Only this action, such as `report_created`",
    "attestation_id": "Id of the attestation",
    "backfill_id": "Id of the backfill",
    "before": "Only entries with a lower sequence number",
    "channel": "Only deliveries by this channel",
    "connection_name": "Name of the connection",
    "comment_id": "Id of the comment",
    "evidence_request_id": "Id of the evidence request",
    "delivery_id": "Id of the delivery",
    "enabled": "Only enabled schedules, or only others",
    "format": "Format of the file",
    "framework": "Only reports on this framework",
    "framework_id": "Id of the framework",
    "grant_id": "Id of the grant",
    "granularity": "Length of one step",
    "horizon_days": "Days ahead",
    "import_id": "Id of the upload",
    "key_id": "Id of the key or person",
    "limit": "Entries of one page",
    "milestone_id": "Id of the milestone",
    "offset": "Entries before the page",
    "other_id": "Id of the report that it is compared with",
    "outcome": "Only entries with this outcome",
    "report_id": "Id of the report",
    "schedule_id": "Id of the schedule",
    "sha256": "SHA-256 of the file, hex",
    "status": "Only entries in this state",
    "token": "The link's own secret",
    "type": "Only reports of this type",
    "waiver_id": "Id of the waiver",
}
_LINK: Final = {
    "schema": {"type": "string"},
    "description": "Other pages (RFC 8288): `next` where there is one; lists with `offset` also have `first`,"
    " `prev` and `last`",
}


def name_operations(routes: Iterable[BaseRoute]) -> None:
    """The endpoint's name, which is unique, as the operation's id; those of ``HEAD`` are given where they stand."""
    for route in routes:
        if isinstance(route, APIRoute):
            route.operation_id = route.operation_id or route.name


def complete(document: dict[str, Any]) -> None:
    """Change the document in place."""
    document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    schemas = document["components"]["schemas"]
    for operation in _operations(document):
        operation.setdefault("security", [])
        operation["responses"].pop("422", None)  # invalid requests are 400 here, with the documented body
        for parameter in operation.get("parameters", []):
            parameter.setdefault("description", _PARAMETERS.get(parameter["name"], ""))
        if _is_list(operation, schemas):
            operation["responses"]["200"].setdefault("headers", {})["Link"] = _LINK
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    describe_properties(schemas)


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for part in ("paths", "webhooks"):
        for methods in document.get(part, {}).values():
            yield from methods.values()


def _is_list(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> bool:
    content = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return not {"pagination", "next_cursor"}.isdisjoint(schemas.get(name, {}).get("properties", {}))
