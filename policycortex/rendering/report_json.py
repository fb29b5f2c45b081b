"""The report as JSON for other programs: documented keys in a fixed order, one finding per line.

Written as a stream: memory does not grow with the number of findings.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from policycortex.documents.model import (
    CrosswalkNote,
    FindingsTable,
    ReportDocument,
    ReportHeader,
    RequirementRow,
    Summary,
)
from policycortex.documents.tables import FINDING_COLUMNS
from policycortex.names import Severity
from policycortex.rendering.findings_csv import TIME_FORM
from policycortex.reports.registry import json_contents
from policycortex.reports.section import JsonKey, JsonObject
from policycortex.scoring.risk_model import SHARE_VERSION, Risk
from policycortex.scoring.risk_written import write_risk
from policycortex.scoring.rounding import Percent


def render_json(document: ReportDocument, path: Path) -> None:
    """Write the whole document to ``path``; the same document gives the same bytes."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(_pieces(document))


def _pieces(document: ReportDocument) -> Iterator[str]:
    yield f'{{\n"report": {_dump(describe_report(document))}'
    yield f',\n"summary": {_dump(describe_summary(document.summary))}'
    yield ',\n"requirements": '
    yield from _array(_dump(_requirement(row)) for row in document.requirements)
    yield ',\n"findings": '
    yield from _array(_finding_lines(document.findings))
    yield ',\n"trend": '
    yield from _array(_dump(asdict(point)) for point in document.trend)
    yield f',\n"completeness": {_dump(asdict(document.completeness))}'
    for key, content in json_contents():
        yield from _section_key(key, content.of(document))
    yield "\n}\n"


def _section_key(key: JsonKey, value: object) -> Iterator[str]:
    """One key of a section, with the comma before it: rows one a line, other values on one line."""
    if value is None and key.skip_none:
        return
    yield f',\n"{key.name}": '
    described = key.describe(value) if key.describe is not None and value is not None else value
    if isinstance(described, JsonObject):
        yield from _object(described)
    elif isinstance(described, Iterable) and not isinstance(described, str | Mapping):
        yield from _array(_dump(_fields(row, key.leave_out)) for row in described)
    else:
        yield _dump(_fields(described, key.leave_out))


def _object(value: JsonObject) -> Iterator[str]:
    yield f"{{{_dump(value.fields)[1:-1]}"
    for name, rows in value.arrays.items():
        yield f',\n"{name}": '
        yield from _array(_dump(row) for row in rows)
    yield "}"


def _fields(value: object, leave_out: frozenset[str]) -> object:
    """A dataclass as an object of its fields; anything else as it is."""
    if not is_dataclass(value) or isinstance(value, type):
        return value
    return {name: field for name, field in asdict(value).items() if name not in leave_out}


def describe_report(document: ReportDocument) -> dict[str, Any]:
    """The ``report`` object: what was ordered and what it was made from."""
    header = document.header
    given = header.scope.get("date_range")
    return {
        "id": header.id,
        "name": header.name,
        "type": header.type.value,
        "framework": header.framework_id,
        "framework_version": header.framework_version,
        "period": {
            "start": (given or {}).get("start") or write_time(header.period.start),
            "end": (given or {}).get("end") or write_time(header.period.end),
        },
        "timezone": header.period.timezone,
        "scope": dict(header.scope),
        "generated_at": write_time(header.generated_at),
        "snapshot": header.snapshot,
        "description": header.description,
        "organization": header.organization,
        "organization_name": header.organization_name or None,
        "prepared_for": header.prepared_for or None,
        "prepared_by": header.prepared_by or None,
        "classification": header.branding.classification or None,
        "product_version": header.product_version or None,
        "crosswalk": _crosswalk(header.crosswalk),
    } | _data_of(header)


def _data_of(header: ReportHeader) -> dict[str, Any]:
    """Keys of a report whose data is not the newest, and of one on several frameworks; others have none of them."""
    known = {"known_on": write_time(header.known_on)} if header.known_on is not None else {}
    made = {"made_from": header.made_from} if header.made_from is not None else {}
    return known | made | ({"frameworks": list(header.frameworks)} if header.frameworks else {})


def _crosswalk(note: CrosswalkNote | None) -> dict[str, Any] | None:
    """Null when no framework was requested."""
    if note is None:
        return None
    return {
        "edition": note.edition.value,
        "review_version": note.review_version or None,
        "differing_requirements": note.differing,
    }


def write_time(moment: datetime) -> str:
    """ISO 8601 with ``Z``."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def describe_summary(summary: Summary) -> dict[str, Any]:
    """The ``summary`` object, as the JSON report and the registry keep it."""
    score = summary.score
    described = {
        "compliance_score": summary.compliance_score,
        "score": {
            "model": score.model,
            "model_version": score.model_version,
            "numerator": score.numerator,
            "denominator": score.denominator,
            "excluded": {
                "muted": score.excluded.muted,
                "waived": score.excluded.waived,
                "manual": score.excluded.manual,
            },
            "coverage": {
                "assessed": score.coverage.assessed,
                "total": score.coverage.total,
                "not_applicable": score.coverage.not_applicable,
                "by_scanner": score.coverage.by_scanner,
                "by_people": score.coverage.by_people,
                "open": score.coverage.open,
            },
        },
        "models": dict(summary.models),
        "total_violations": summary.total_violations,
        **{severity.value: summary.failed_by_severity.get(severity.value, 0) for severity in Severity},
        "risk_score": summary.risk_score,
        "requirements": {
            "met": summary.requirements_met,
            "assessed": summary.requirements_assessed,
            "total": sum(summary.result_counts.values()),
            "not_applicable": score.coverage.not_applicable,
        },
        "risk": None if summary.risk is None else describe_risk(summary.risk),
    }
    return {name: _plain(value) for name, value in described.items()}


def _plain(value: object) -> object:
    """Percentages as plain numbers: the registry's encoder knows no others."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return float(value) if isinstance(value, Percent) else value


def describe_risk(risk: Risk) -> dict[str, Any] | None:
    """The object ``risk`` of a summary: version, band, and the two parts that add up to the score; None without one."""
    written = write_risk(risk.total)
    if written is None or risk.total.band is None:
        return None
    worst = None
    if risk.worst is not None:
        worst = asdict(risk.worst) | {"points": written.worst}
        worst["failing_since"] = risk.worst.failing_since.isoformat() if risk.worst.failing_since else None
    return {
        "version": risk.version,
        "score": written.value,
        "band": risk.total.band.value,
        "worst": written.worst,
        "others": written.others,
        "parts": {part.value: points for part, points in written.parts.items()},
        "share_at_stake": written.share_pct,
        "share_version": SHARE_VERSION,
        "worst_finding": worst,
        "exposed_criticals": risk.exposed_criticals,
        "overdue": risk.overdue,
    }


def _requirement(row: RequirementRow) -> Mapping[str, Any]:
    return asdict(row) | {"result": row.result.value, "checks": list(row.checks), "tags": list(row.tags)}


def _finding_lines(findings: FindingsTable) -> Iterator[str]:
    for batch in findings.batches():
        frame = batch.select(FINDING_COLUMNS).with_columns(pl.col("observed_at").dt.strftime(TIME_FORM))
        yield from frame.write_ndjson().removesuffix("\n").split("\n")


def _array(lines: Iterator[str]) -> Iterator[str]:
    first = next(lines, None)
    if first is None:
        yield "[]"
        return
    yield f"[\n{first}"
    for line in lines:
        yield f",\n{line}"
    yield "\n]"


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_write_date)


def _write_date(value: object) -> str:
    if isinstance(value, datetime):
        return write_time(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a report's JSON holds no {type(value).__name__}")
