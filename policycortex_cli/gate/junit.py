"""The verdict as JUnit XML: one test case per limit. Valid against the schemas of Apache Ant and of Jenkins."""

from datetime import UTC
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from policycortex_cli.gate.lines import finding_line, new_findings_of
from policycortex_cli.gate.model import GateCondition, GateVerdict

_SUITE: Final = "policycortex gate"


def write_junit(verdict: GateVerdict) -> bytes:
    """The whole file, UTF-8."""
    failures = str(sum(not condition.is_met for condition in verdict.conditions))
    root = Element("testsuites")
    suite = SubElement(
        root,
        "testsuite",
        name=_SUITE,
        package="policycortex",
        id="0",
        hostname="localhost",
        timestamp=verdict.now.as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        tests=str(len(verdict.conditions)),
        failures=failures,
        errors="0",
        time="0",
    )
    properties = SubElement(suite, "properties")
    SubElement(properties, "property", name="framework", value=verdict.limits.framework)
    SubElement(properties, "property", name="score", value=f"{verdict.now.score_pct:g}")
    for condition in verdict.conditions:
        _add_case(suite, verdict, condition)
    SubElement(suite, "system-out")
    SubElement(suite, "system-err")
    content: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _add_case(suite: Element, verdict: GateVerdict, condition: GateCondition) -> None:
    name = f"{verdict.limits.framework}: {condition.name}, {condition.wanted}"
    case = SubElement(suite, "testcase", name=name, classname="policycortex.gate", time="0")
    if not condition.is_met:
        failure = SubElement(case, "failure", type="limit", message=f"{condition.name}: {condition.found}")
        failure.text = "\n".join(finding_line(each) for each in new_findings_of(verdict, condition))
