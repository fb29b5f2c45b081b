"""The report as OSCAL assessment results: a finding per requirement, an observation per finding of a scanner.

Written as a stream like the JSON report. OSCAL knows ``satisfied`` and ``not-satisfied`` only; as in NIST SP 800-53A,
"other than satisfied" covers what could not be judged: such a finding says so in reason, remarks and ``result``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import polars as pl

from policycortex.documents.model import FindingsTable, ReportDocument, RequirementRow, TopCheck
from policycortex.documents.scope_values import NothingInScope
from policycortex.documents.tables import FINDING_COLUMNS
from policycortex.names import OscalVersion, RequirementResult
from policycortex.rendering.findings_csv import TIME_FORM
from policycortex.rendering.oscal_statements import (
    ROLES,
    describe_attestations,
    describe_evidence,
    describe_people,
    state_of,
)
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
from policycortex.rendering.report_json import describe_report, describe_summary, write_time
from policycortex.reports.sections.nothing_in_scope import NOTHING_IN_SCOPE

_Node = dict[str, Any]
_UNTITLED: Final = "(no title)"
_REMARKS: Final[Mapping[RequirementResult, str]] = {
    RequirementResult.SUPPORTING_EVIDENCE: "Supporting evidence: passing checks help, and none tests the requirement.",
    RequirementResult.MANUAL: "Manual review: only a person can tell; no scan judged it.",
    RequirementResult.NOT_ASSESSED: "Not assessed: no passing or failing finding; this is no statement either way.",
    RequirementResult.NOT_APPLICABLE: "Not applicable in this scope.",
}
_IN_PART: Final = "Not applicable in some accounts; their findings do not count."
_FINDING_PROPS: Final = tuple(name for name in FINDING_COLUMNS if name not in {"requirements", "observed_at"})
"""Requirements are the findings of OSCAL that relate to the observation; when it was observed is ``collected``."""


def render_oscal(document: ReportDocument, path: Path, *, oscal_version: OscalVersion = OscalVersion.V1_1_2) -> None:
    """Write the assessment results to ``path``; the same document gives the same bytes."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        pieces = _pieces(document, oscal_version)
        file.writelines(pieces if oscal_version is OscalVersion.V1_1_2 else with_address_namespace(pieces))


def _pieces(document: ReportDocument, oscal_version: OscalVersion) -> Iterator[str]:
    tokens = make_tokens(row.id for row in document.requirements)
    rows = _rows_by_requirement(document.findings)
    report_id = document.header.id
    yield f'{{"assessment-results": {{\n"uuid": {write_node(make_id(report_id, "results"))}'
    yield f',\n"metadata": {write_node(oscal_metadata(document, oscal_version))}'
    yield f',\n"import-ap": {write_node({"href": "#" + make_id(report_id, "plan")})}'
    yield f',\n"results": [{{\n{_members(_result(document, tokens))}'
    yield from write_array("observations", _observations(document))
    yield from write_array("risks", _risks(document))
    yield from write_array("findings", (_finding(document, row, tokens, rows) for row in document.requirements))
    yield f'\n}}],\n"back-matter": {write_node(_back_matter(document))}\n}}}}\n'


def oscal_metadata(document: ReportDocument, oscal_version: OscalVersion) -> _Node:
    """The ``metadata`` of each OSCAL document of a report."""
    header, party = document.header, make_id(document.header.id, "party")
    marking = write_line(header.branding.classification)
    people = tuple(describe_people(document))
    return {
        "title": write_markup(header.name) or _UNTITLED,
        "last-modified": write_time(header.generated_at),
        "version": write_line(header.id) or "1",
        "oscal-version": oscal_version.value,
        **({"props": [{"name": "marking", "value": marking}]} if marking else {}),
        "roles": [{"id": "assessor", "title": "Assessor"}, *(ROLES if people else ())],
        "parties": [
            {
                "uuid": party,
                "type": "organization",
                "name": write_line(header.organization_name or header.organization) or "unknown",
            },
            *people,
        ],
        "responsible-parties": [{"role-id": "assessor", "party-uuids": [party]}],
    }


def _result(document: ReportDocument, tokens: Mapping[str, str]) -> _Node:
    header = document.header
    controls = [{"control-id": token} for token in tokens.values()]
    attestations = describe_attestations(document, tokens)
    return {
        "uuid": make_id(header.id, "result"),
        "title": write_markup(f"{header.framework_name}: {header.name}"),
        "description": write_markup(header.description) or "Findings of scanners, judged against the framework.",
        "start": write_time(header.period.start),
        "end": write_time(header.period.end),
        "props": write_props(_totals(document)),
        "reviewed-controls": {
            "control-selections": [{"include-controls": controls} if controls else {"include-all": {}}]
        },
        **({"attestations": attestations} if attestations else {}),
    }


def _totals(document: ReportDocument) -> dict[str, object]:
    """Every number of the summary, and what the report was made from."""
    report, summary = describe_report(document), describe_summary(document.summary)
    score = summary.pop("score")
    named = {f"model-{name}": value for name, value in summary.pop("models").items()}
    return {
        **{f"report-{name}": report[name] for name in ("type", "framework", "framework_version", "snapshot")},
        **{f"crosswalk-{name}": value for name, value in (report["crosswalk"] or {}).items()},
        "report-scope": json.dumps(report["scope"], ensure_ascii=False),
        **_nothing_in_scope(document),
        **summary,
        "score-model": score["model"],
        "score-model-version": score["model_version"],
        "score-numerator": score["numerator"],
        "score-denominator": score["denominator"],
        **{f"excluded-{name}": count for name, count in score["excluded"].items()},
        **{f"coverage-{name}": count for name, count in score["coverage"].items()},
        **named,
        "findings_total": document.completeness.findings_total,
        "findings_included": document.completeness.findings_included,
    }


def _nothing_in_scope(document: ReportDocument) -> dict[str, object]:
    found = document.section_values.get(NOTHING_IN_SCOPE.id)
    if not isinstance(found, NothingInScope):
        return {}
    return {"nothing-in-scope": json.dumps(asdict(found), ensure_ascii=False, default=str)}


def _observations(document: ReportDocument) -> Iterator[_Node]:
    report_id, collected = document.header.id, write_time(document.header.generated_at)
    number = 0
    for batch in document.findings.batches():
        frame = batch.select(FINDING_COLUMNS).with_columns(pl.col("observed_at").dt.strftime(TIME_FORM))
        for row in frame.iter_rows(named=True):
            title = write_markup(row["title"] or "") or _UNTITLED
            yield {
                "uuid": _observation_id(report_id, number),
                "title": title,
                "description": write_markup(row["status_detail"] or "") or title,
                "props": write_props({name: row[name] for name in _FINDING_PROPS}),
                "methods": ["TEST"],
                "types": ["finding"],
                "collected": row["observed_at"] or collected,
            }
            number += 1


def _observation_id(report_id: str, number: int) -> str:
    return make_id(report_id, "observation", number)


def _finding(
    document: ReportDocument, row: RequirementRow, tokens: Mapping[str, str], rows: Mapping[str, Sequence[int]]
) -> _Node:
    report_id = document.header.id
    status = {"state": "satisfied", "reason": "pass"}
    if row.result is not RequirementResult.COMPLIANT:
        reason = "fail" if row.result is RequirementResult.NON_COMPLIANT else "other"
        status = {"state": "not-satisfied", "reason": reason}
    if row.result in _REMARKS:
        status["remarks"] = _REMARKS[row.result]
    status = state_of(row, status)
    if row.not_applicable:
        status["remarks"] = write_markup(f"{status.get('remarks', _IN_PART)} {row.not_applicable}")
    title = write_markup(row.title) or write_markup(row.id) or _UNTITLED
    counts = {name: getattr(row, name) for name in ("passed", "failed", "manual", "muted", "waived")}
    node = {
        "uuid": make_id(report_id, "finding", row.id),
        "title": title,
        "description": write_markup(row.description) or title,
        "props": write_props(
            {
                "requirement-id": row.id,
                "section": row.section,
                "result": row.result.value,
                "kind": row.kind,
                "parent": row.parent,
                "tags": ", ".join(row.tags) or None,
                "open_conditions": row.open_conditions or None,
                "failed-not-applicable": row.failed_not_applicable or None,
                "stated": row.stated,
                "decided-by": row.decided_by if row.stated else None,
                **counts,
            }
        ),
        "target": {"type": "objective-id", "target-id": tokens[row.id], "title": title, "status": status},
    }
    seen = [{"observation-uuid": _observation_id(report_id, number)} for number in rows.get(row.id, ())]
    return node | ({"related-observations": seen} if seen else {})


def _risks(document: ReportDocument) -> Iterator[_Node]:
    """A risk per failing check with its remedy, then one per waiver: a deviation that was approved."""
    for check in document.top_checks:
        yield _failing_risk(document.header.id, check)
    for waiver in document.waivers:
        yield {
            "uuid": make_id(document.header.id, "waiver", waiver.id),
            "title": write_markup(f"Waiver {waiver.id}"),
            "description": write_markup(waiver.reason) or _UNTITLED,
            "statement": write_markup(waiver.scope) or _UNTITLED,
            "props": write_props(
                {
                    "waiver-id": waiver.id,
                    "approver": waiver.approver,
                    "valid-from": write_time(waiver.valid_from),
                    "valid-until": write_time(waiver.valid_until),
                    "waived": waiver.findings,
                }
            ),
            "status": "deviation-approved",
            "deadline": write_time(waiver.valid_until),
        }


def _failing_risk(report_id: str, check: TopCheck) -> _Node:
    title = write_markup(check.title) or write_markup(check.check_id) or _UNTITLED
    key = (check.check_id, check.severity, check.service, check.title)
    facts = {
        "check_id": check.check_id,
        "severity": check.severity,
        "service": check.service,
        "failed": check.failed,
        "accounts": check.accounts,
        "resources": check.resources,
        "gain_points": check.gain_points,
        "owners": ", ".join(check.owners),
    }
    remedy = {
        "uuid": make_id(report_id, "remedy", *key),
        "lifecycle": "recommendation",
        "title": title,
        "description": write_markup(check.remediation) or "The scanner gives no steps for this check.",
        "props": write_props({"remediation-url": check.remediation_url, "owners": ", ".join(check.owners)}),
    }
    return {
        "uuid": make_id(report_id, "risk", *key),
        "title": title,
        "description": title,
        "statement": write_markup(check.risk) or "The scanner does not say why it matters.",
        "props": write_props(facts),
        "status": "open",
        "remediations": [{name: value for name, value in remedy.items() if value}],
    }


def _back_matter(document: ReportDocument) -> _Node:
    """The assessment plan that results must name: what a report is made by, in words."""
    plan = {
        "uuid": make_id(document.header.id, "plan"),
        "title": "Assessment by scanners",
        "description": "Each check counts with its newest scan within the period that covered it, with all findings of "
        "that scan. Non-compliant: a failing finding that is neither muted nor waived. Compliant: a passing finding "
        "of a check that tests the requirement, and no failing one. Supporting evidence: only checks that help pass.",
    }
    return {"resources": [plan, *describe_evidence(document)]}


def _rows_by_requirement(findings: FindingsTable) -> dict[str, Sequence[int]]:
    """Row numbers of the findings table by requirement id, ascending."""
    pairs = (
        pl.scan_parquet(findings.path)
        .select("requirements")
        .with_row_index("number")
        .explode("requirements")
        .group_by("requirements")
        .agg(pl.col("number").unique().sort())
        .collect()
    )
    return {name: numbers for name, numbers in pairs.iter_rows() if name is not None}


def _members(node: _Node) -> str:
    return ",\n".join(f"{write_node(name)}: {write_node(value)}" for name, value in node.items())
