"""OCSF events are valid for the published schema's rules, and the product's importer reads the same findings back."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from policycortex.documents.model import ReportDocument
from policycortex.findings.formats.ocsf import FORMAT, parse_ocsf
from policycortex.findings.model import Finding
from policycortex.names import ReportFormat
from policycortex.rendering.artifacts import render_artifact

Build = Callable[..., ReportDocument]

_REQUIRED: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset(
        (
            "activity_id", "category_uid", "class_uid", "finding_info", "metadata", "severity_id", "time", "type_uid",
        )
    ),
    "metadata": frozenset(("product", "version")),
    "finding_info": frozenset(("uid", "title")),
    "finding_info.analytic": frozenset(("type_id",)),
    "cloud": frozenset(("provider",)),
    "remediation": frozenset(("desc",)),
}  # fmt: skip
"""Required attributes of OCSF 1.5.0 by object; "" is the event. ``cloud`` is an object of the profile of that name."""

_ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset(
        (
            "activity_id", "activity_name", "category_name", "category_uid", "class_name", "class_uid", "cloud",
            "compliance", "finding_info", "message", "metadata", "remediation", "resources", "severity",
            "severity_id", "status", "status_code", "status_detail", "status_id", "time", "type_name", "type_uid",
            "unmapped",
        )
    ),
    "metadata": frozenset(
        ("event_code", "log_name", "log_provider", "processed_time", "product", "profiles", "uid", "version")
    ),
    "metadata.product": frozenset(("name", "vendor_name", "version")),
    "finding_info": frozenset(("analytic", "first_seen_time", "last_seen_time", "title", "uid")),
    "finding_info.analytic": frozenset(("name", "type", "type_id", "uid")),
    "cloud": frozenset(("account", "provider", "region")),
    "cloud.account": frozenset(("name", "uid")),
    "resources": frozenset(("group", "labels", "name", "region", "type", "uid")),
    "resources.group": frozenset(("name",)),
    "remediation": frozenset(("desc",)),
    "compliance": frozenset(("checks", "requirements", "standards", "status", "status_code", "status_id")),
    "compliance.checks": frozenset(("name", "status", "status_id", "uid")),
}  # fmt: skip
"""Those of the attributes of OCSF 1.5.0 that the format uses."""

_CAPTIONS: Final[Mapping[str, Mapping[int, str]]] = {
    "severity_id": {1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical"},
    "status_id": {1: "New", 3: "Suppressed"},
    "activity_id": {1: "Create"},
    "class_uid": {2003: "Compliance Finding", 2004: "Detection Finding"},
    "compliance.status_id": {1: "Pass", 2: "Warning", 3: "Fail"},
}


def _rendered(document: ReportDocument, folder: Path) -> Path:
    return render_artifact(document, ReportFormat.OCSF, folder).path


def _objects(name: str, node: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield name, node
    for key, value in node.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict) and key != "unmapped":
                yield from _objects(f"{name}.{key}".lstrip("."), each)


@pytest.mark.parametrize("framework", ["soc2", None])
def test_events_follow_the_schema(build: Build, tmp_path: Path, framework: str | None) -> None:
    """Required attributes, known ones only, ids with their captions; the class says whether requirements count."""
    document = build(findings=120, hostile=True)
    document = replace(document, header=replace(document.header, framework_id=framework))
    for event in json.loads(_rendered(document, tmp_path).read_bytes()):
        for name, node in _objects("", event):
            assert _REQUIRED.get(name, frozenset()) <= set(node) <= _ATTRIBUTES[name], name
        assert event["metadata"]["version"] == "1.5.0"
        assert event["class_uid"] == (2003 if framework else 2004)
        assert ("compliance" in event) == (event["class_uid"] == 2003)
        assert (event["category_uid"], event["type_uid"]) == (2, event["class_uid"] * 100 + event["activity_id"])
        assert type(event["time"]) is type(event["finding_info"]["last_seen_time"]) is int
        assert event["severity"] == _CAPTIONS["severity_id"][event["severity_id"]]
        assert event["status"] == _CAPTIONS["status_id"][event["status_id"]]
        assert event["class_name"] == _CAPTIONS["class_uid"][event["class_uid"]]
        if framework:
            compliance = event["compliance"]
            assert compliance["status"] == _CAPTIONS["compliance.status_id"][compliance["status_id"]]
            assert compliance["standards"] == ["SOC 2 2017 (2022)"]


@pytest.mark.parametrize("framework", ["soc2", None])
def test_the_importer_reads_the_same_findings(build: Build, tmp_path: Path, framework: str | None) -> None:
    """Every column that a finding has comes back, in order; the file is recognised by its first bytes."""
    document = build(findings=120)
    document = replace(document, header=replace(document.header, framework_id=framework))
    path = _rendered(document, tmp_path)
    assert FORMAT.recognise(path.read_bytes()[:4096])
    with path.open("rb") as file:
        found = [each for each in parse_ocsf(file) if isinstance(each, Finding)]
    for row, finding in zip(document.findings.head(120).to_dicts(), found, strict=True):
        same = (
            "finding_uid", "check_id", "status", "severity", "title", "provider", "account_id", "region", "service",
            "resource_uid", "resource_type", "observed_at", "remediation", "status_detail", "resource_name",
            "account_name", "source", "source_version",
        )  # fmt: skip
        assert {name: getattr(finding, name) for name in same} == {name: row[name] or "" for name in same}
        assert (finding.is_muted, finding.scan_uid) == (row["muted"], row["scan"])
        assert (finding.environment_tag or "unknown") == row["environment"]
        named = json.dumps({"soc2": row["requirements"]}, separators=(",", ":")) if framework else "{}"
        assert finding.relations == named


def test_a_report_without_findings_is_an_empty_array(build: Build, tmp_path: Path) -> None:
    """Valid JSON that the importer takes as a scan without findings."""
    content = _rendered(build(findings=0), tmp_path).read_bytes()
    assert json.loads(content) == []
    assert FORMAT.recognise(content)
