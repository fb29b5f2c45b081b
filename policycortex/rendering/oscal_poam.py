"""A plan of action as an OSCAL POA&M: an item, a risk and an observation per item of the plan.

Written as a stream like the assessment results. OSCAL wants at least one item, so a plan without items has one that
tells so.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final

from policycortex.documents.milestones import MilestoneChange
from policycortex.documents.model import ReportDocument
from policycortex.documents.poam import ItemStatus, Milestone, MilestoneStatement, PoamItem
from policycortex.names import OscalVersion
from policycortex.rendering.oscal import oscal_metadata
from policycortex.rendering.oscal_texts import (
    make_id,
    make_tokens,
    with_address_namespace,
    write_array,
    write_line,
    write_markup,
    write_node,
    write_props,
)
from policycortex.rendering.report_json import describe_report, write_time
from policycortex.reports.sections.poam import items_of

_Node = dict[str, Any]
_UNTITLED: Final = "(no title)"
_FEDRAMP: Final = "https://fedramp.gov/ns/oscal"
"""Namespace of the property by which FedRAMP's tools find the number of an item."""
_NO_STEPS: Final = "The scanner gives no steps for this check."
_NO_RISK: Final = "The scanner does not say why it matters."


def render_oscal_poam(
    document: ReportDocument, path: Path, *, oscal_version: OscalVersion = OscalVersion.V1_1_2
) -> None:
    """Write the plan to ``path``; the same document gives the same bytes."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(with_address_namespace(_pieces(document, oscal_version)))


def _pieces(document: ReportDocument, oscal_version: OscalVersion) -> Iterator[str]:
    items = items_of(document)
    tokens = make_tokens(row.id for row in document.requirements)
    header = document.header
    yield f'{{"plan-of-action-and-milestones": {{\n"uuid": {write_node(make_id(header.id, "poam"))}'
    yield f',\n"metadata": {write_node(oscal_metadata(document, oscal_version) | {"props": _totals(document)})}'
    yield f',\n"system-id": {write_node({"identifier-type": "policycortex://organization", "id": _system(document)})}'
    yield from write_array("observations", (_observation(document, item) for item in items))
    yield from write_array("risks", (_risk(document, item) for item in items))
    yield from write_array("poam-items", _items(document, tokens))
    yield "\n}}\n"


def _system(document: ReportDocument) -> str:
    return write_line(document.header.organization) or "unknown"


def _totals(document: ReportDocument) -> list[_Node]:
    report, items = describe_report(document), items_of(document)
    marking = write_line(document.header.branding.classification)
    own = write_props(
        {
            **{f"report-{name}": report[name] for name in ("type", "framework", "framework_version", "snapshot")},
            "report-scope": json.dumps(report["scope"], ensure_ascii=False),
            "period-start": write_time(document.header.period.start),
            "period-end": write_time(document.header.period.end),
            **{f"items-{status}": sum(item.status is status for item in items) for status in ItemStatus},
            "items-overdue": sum(item.is_overdue for item in items),
        }
    )
    return [*([{"name": "marking", "value": marking}] if marking else []), *own]


def _items(document: ReportDocument, tokens: dict[str, str]) -> Iterator[_Node]:
    items = items_of(document)
    for item in items:
        title = _title(item)
        yield {
            "uuid": _id(document, "item", item),
            "title": title,
            "description": write_markup(item.description) or title,
            "props": [
                {"name": "POAM-ID", "ns": _FEDRAMP, "value": write_line(item.number)},
                *write_props(_facts(item)),
                *(write_props({"control-id": tokens[item.requirement]}) if item.requirement in tokens else []),
            ],
            "related-observations": [{"observation-uuid": _id(document, "observed", item)}],
            "related-risks": [{"risk-uuid": _id(document, "item-risk", item)}],
        }
    if not items:
        text = "Nothing fails in the scope of this plan, and nothing was closed."
        yield {"uuid": make_id(document.header.id, "no item"), "title": "No items", "description": text}


def _facts(item: PoamItem) -> dict[str, object]:
    return {
        "number": item.number,
        "weakness": item.weakness,
        "requirement-id": item.requirement,
        "status": item.status.value,
        "severity": item.severity,
        "check_id": item.check_id,
        "provider": item.provider,
        "account_id": item.account_id,
        "service": item.service,
        "source": item.source,
        "opened-on": item.opened_on.isoformat(),
        "due-on": item.due_on.isoformat(),
        "closed-on": item.closed_on.isoformat() if item.closed_on else None,
        "is-overdue": item.is_overdue,
        "previous": item.previous,
        "merged": ", ".join(item.merged) or None,
        "deviation": item.deviation.value if item.deviation else None,
        "adjusted-severity": item.adjusted_severity,
        "waivers": ", ".join(item.waivers) or None,
        "failing": item.failing,
        "waived": item.waived,
        "is-muted": item.is_muted,
        "owners": ", ".join(item.owners) or None,
    }


def _observation(document: ReportDocument, item: PoamItem) -> _Node:
    """What scans saw: the failing resources of the account."""
    title = _title(item)
    resources = [prop for uid in item.resources for prop in write_props({"resource_uid": uid})]
    counts = write_props({"account_id": item.account_id, "resources": item.resource_count, "failing": item.failing})
    return {
        "uuid": _id(document, "observed", item),
        "title": title,
        "description": write_markup(item.description) or title,
        "props": [*counts, *resources],
        "methods": ["TEST"],
        "types": ["finding"],
        "collected": _start_of(item.opened_on),
    }


_RISK_FACTS: Final = frozenset({"severity", "deviation", "adjusted-severity", "waivers"})


def _risk(document: ReportDocument, item: PoamItem) -> _Node:
    title = _title(item)
    status = "closed" if item.closed_on else "deviation-approved" if item.deviation else "open"
    facts = {name: value for name, value in _facts(item).items() if name in _RISK_FACTS}
    rationale = write_markup(" ".join(item.rationale))
    return {
        "uuid": _id(document, "item-risk", item),
        "title": title,
        "description": write_markup(item.description) or title,
        "statement": write_markup(item.risk) or _NO_RISK,
        "props": write_props(facts | {"deviation-rationale": rationale or None}),
        "status": status,
        "deadline": _start_of(item.due_on),
        "remediations": [_remediation(document, item)],
        "risk-log": {"entries": list(_log(document, item))},
        "related-observations": [{"observation-uuid": _id(document, "observed", item)}],
    }


def _remediation(document: ReportDocument, item: PoamItem) -> _Node:
    props = write_props({"remediation-url": item.remediation_url, "owners": ", ".join(item.owners) or None})
    return {
        "uuid": _id(document, "item-remedy", item),
        "lifecycle": "completed" if item.closed_on else "planned",
        "title": _title(item),
        "description": write_markup(item.remediation) or _NO_STEPS,
        **({"props": props} if props else {}),
        "tasks": [_task(document, item, number, step) for number, step in enumerate(item.milestones, start=1)],
    }


def _task(document: ReportDocument, item: PoamItem, number: int, step: Milestone) -> _Node:
    day = step.due_on or step.done_on
    own = _stated_by(step.statements[-1]) if step.statements else {}
    props = write_props({"done-on": step.done_on.isoformat() if step.done_on else None, **own})
    return {
        "uuid": _id(document, f"step-{number}", item),
        "type": "milestone",
        "title": write_markup(step.title) or _UNTITLED,
        **({"props": props} if props else {}),
        **({"timing": {"on-date": {"date": _start_of(day)}}} if day else {}),
    }


def _stated_by(statement: MilestoneStatement) -> dict[str, object]:
    """Who stated it, and when. OSCAL's own ``logged-by`` needs parties, which identities here are not."""
    return {
        "milestone-id": statement.id,
        "author": statement.author,
        "author-name": statement.author_name,
        "author-role": statement.author_role,
        "made-at": write_time(statement.made_at),
    }


_STATED: Final = {
    None: "A milestone was added",
    MilestoneChange.REPLACED: "A milestone was replaced",
    MilestoneChange.COMPLETED: "A milestone was completed",
}


def _statements(document: ReportDocument, item: PoamItem) -> Iterator[_Node]:
    """What people stated of milestones, each with the task that it is about."""
    for number, step in enumerate(item.milestones, start=1):
        for statement in step.statements:
            days = {"due-on": statement.due_on, "done-on": statement.done_on}
            task = {"task-uuid": _id(document, f"step-{number}", item)}
            yield {
                "uuid": _id(document, f"log-{statement.id}", item),
                "title": _STATED[statement.change],
                "description": write_markup(statement.text) or _UNTITLED,
                "start": write_time(statement.made_at),
                "props": write_props(
                    _stated_by(statement) | {name: day.isoformat() for name, day in days.items() if day}
                ),
                "related-responses": [
                    {"response-uuid": _id(document, "item-remedy", item), "related-tasks": [task]},
                ],
            }


def _log(document: ReportDocument, item: PoamItem) -> Iterator[_Node]:
    """When it opened and closed, then what was stated of its milestones."""
    days = ((item.opened_on, "open"), *(((item.closed_on, "closed"),) if item.closed_on else ()))
    for day, status in days:
        yield {
            "uuid": _id(document, f"log-{status}", item),
            "title": "A scan saw it fail" if status == "open" else "A scan found nothing that fails",
            "start": _start_of(day),
            "status-change": status,
        }
    yield from _statements(document, item)


def _title(item: PoamItem) -> str:
    return write_markup(item.title) or write_markup(item.check_id) or _UNTITLED


def _id(document: ReportDocument, kind: str, item: PoamItem) -> str:
    """The scanner's key is part of it, because items without a number share ``POAM-new``."""
    key = (item.source, item.provider, item.account_id, item.check_id, item.opened_on, item.closed_on)
    return make_id(document.header.id, kind, item.number, *key)


def _start_of(day: date) -> str:
    return write_time(datetime.combine(day, time(), UTC))
