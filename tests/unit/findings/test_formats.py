"""The registry of findings formats: what it finds, in which order, and which conflicts it reports."""

import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from policycortex.errors import ConfigurationError, InputError
from policycortex.findings.format import FindingsFormat
from policycortex.findings.formats.ocsf import parse_ocsf
from policycortex.findings.formats.registry import (
    find_format,
    format_titles,
    list_formats,
    order_formats,
    recognise_format,
)
from policycortex.findings.known_files import KNOWN_FILES
from tests.unit.findings.ocsf_records import array_text, ocsf_record, parsed

DOCUMENTATION = Path(__file__).parents[3] / "docs/inputs.md"
SHA256 = "0123456789abcdef" * 4
EXISTING = ("sarif", "parquet", "ocsf", "csv", "checkov", "asff")
"""Formats with stored scan keys, the highest precedence first."""
NEW = replace(find_format("ocsf"), name="new", title="New JSON", precedence=35)
"""Between CSV (30) and OCSF (40), and its name sorts between theirs."""


def existing_formats() -> list[FindingsFormat]:
    """The formats of EXISTING."""
    return [find_format(name) for name in EXISTING]


def test_existing_formats_keep_their_order() -> None:
    """Stored scan keys sort the same way, so this order never changes; new formats may be anywhere between."""
    assert tuple(each.name for each in list_formats() if each.name in EXISTING) == EXISTING


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("asff", "-asff/0123456789abcdef"),
        ("checkov", "-checkov/0123456789abcdef"),
        ("csv", "-csv/0123456789abcdef/111122223333/2026-11-23"),
        ("ocsf", "-ocsf/0123456789abcdef/111122223333/2026-11-23"),
        ("parquet", "-parquet/0123456789abcdef/111122223333/2026-11-23"),
        ("sarif", "-sarif/0123456789abcdef"),
    ],
)
def test_made_scan_keys_are_those_of_existing_homes(name: str, key: str) -> None:
    """Format, 16 digits of the file's digest, and account and day for formats whose scans have one."""
    (finding,), _ = parsed(parse_ocsf, array_text([ocsf_record()]))
    without_scan = msgspec.structs.replace(finding, scan_uid="")
    made = find_format(name)
    assert made.scan_key(without_scan, content_sha256=SHA256, listing=made.listing) == key
    assert made.scan_key(finding, content_sha256=SHA256, listing=made.listing) == "scan-1"


def test_a_new_format_is_ordered_by_precedence() -> None:
    """A precedence between two others, and a name that sorts between theirs: no scan key word is needed."""
    names = [each.name for each in order_formats([*existing_formats(), NEW])]
    assert names == ["sarif", "parquet", "ocsf", "new", "csv", "checkov", "asff"]


def test_scan_keys_of_a_new_format_sort_as_its_precedence() -> None:
    """Above all others with a word of its own; without it the conflict is reported with what to do."""
    best = replace(NEW, precedence=70)
    with pytest.raises(ConfigurationError, match=r"'new' has a higher precedence than 'sarif'.*give .* scan_key_word"):
        order_formats([*existing_formats(), best])
    assert order_formats([*existing_formats(), replace(best, scan_key_word="z-new")])[0].name == "new"


@pytest.mark.parametrize(
    ("added", "message"),
    [
        (replace(NEW, name="ocsf"), "two findings formats are named 'ocsf'"),
        (replace(NEW, precedence=40), "'new' and 'ocsf' have the same precedence, 40"),
    ],
)
def test_two_formats_of_one_name_or_precedence_are_refused(added: FindingsFormat, message: str) -> None:
    """The message names both."""
    with pytest.raises(ConfigurationError, match=message):
        order_formats([*existing_formats(), added])


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    """The message lists the names."""
    with pytest.raises(ConfigurationError, match="no findings format 'xml': the formats are asff, checkov, csv, "):
        find_format("xml")


def test_titles_and_documentation_name_every_format() -> None:
    """Messages derive their list from the formats; docs/inputs.md has one row for each."""
    text = DOCUMENTATION.read_text(encoding="utf-8")
    for each in list_formats():
        assert each.title in format_titles()
        assert f"| `{each.name}` |" in text


def test_the_format_with_the_most_marks_is_chosen() -> None:
    """Security Hub's keys inside an OCSF record do not make it ASFF."""
    content = array_text([ocsf_record(unmapped={"ProductArn": "a", "GeneratorId": "b"})])
    assert recognise_format(content) == find_format("ocsf")


def test_advice_on_a_file_is_given_only_where_no_format_recognises_it() -> None:
    """Prowler's compliance CSV is refused with what to do instead; text without a header is no format at all."""
    with pytest.raises(InputError, match="is Prowler's compliance CSV, which is not read: import the OCSF JSON"):
        recognise_format(b"PROVIDER;DESCRIPTION;ACCOUNTID;REGION;ASSESSMENTDATE;REQUIREMENTS_ID;STATUS\n")
    assert recognise_format(b"hello world\n") is None


KNOWN = {
    "Amazon GuardDuty JSON": '{"Findings": [{"Service": {"DetectorId": "a", "ServiceName": "b"}, "Severity": 5}]}',
    "Amazon Macie JSON": '{"findings": [{"accountId": "1", "classificationDetails": {}}]}',
    "AWS Config's snapshot": '{"configSnapshotId": "a", "configurationItems": []}',
    "AWS Config's results": '{"EvaluationResults": [{"EvaluationResultIdentifier": {}, "ComplianceType": "a"}]}',
    "IAM Access Analyzer JSON": '{"findings": [{"analyzedAt": "a", "resourceOwnerAccount": "1"}]}',
    "a notification of Amazon SNS": '{"Type": "Notification", "MessageId": "a", "TopicArn": "b", "Message": "{}"}',
    "assessments of Defender for Cloud as JSON": '[{"type": "Microsoft.Security/assessments", "properties": {}}]',
    "Azure Policy JSON": '[{"policyAssignmentId": "a", "complianceState": "NonCompliant"}]',
    "Security Command Center YAML": "---\nfinding:\n  category: PUBLIC_BUCKET_ACL\n  state: ACTIVE\n",
    "Security Command Center CSV": "finding.category,category,state,resource.name\na,b,c,d\n",
    "Prowler 2 CSV": "PROFILE,ACCOUNT_NUM,REGION,TITLE_ID,CHECK_RESULT\na,b,c,d,e\n",
    "kube-bench's totals without results": '{"Controls": [], "Totals": {"total_pass": 0, "total_fail": 3}}',
    "kube-bench's text": "[INFO] 1 Control Plane Security Configuration\n",
    "Trivy JSON of version 0.19 or earlier": '[{"Target": "a", "Type": "alpine", "Vulnerabilities": []}]',
    "Prisma Cloud CSV": "Alert ID,Policy Name,Policy Type,Severity\na,b,c,d\n",
    "CloudSploit CSV": "category,title,resource,region,statusWord,message\na,b,c,d,e,f\n",
    "Nessus CSV": "Plugin ID,CVE,CVSS,Risk,Host\n1,,,High,a\n",
    "InSpec JSON": '{"platform": {}, "profiles": [], "statistics": {}}',
    "rows of CloudQuery": "_cq_sync_time,account_id\na,b\n",
    "Dependabot's alerts": '[{"security_advisory": {}, "security_vulnerability": {}}]',
    "Hadolint JSON": '[{"code": "DL3008", "column": 1, "file": "Dockerfile", "level": "warning", "line": 2}]',
    "cfn-lint JSON": '[{"Filename": "a", "Level": "Error", "Rule": {"Id": "E1", "ShortDescription": "b"}}]',
    "a CycloneDX list of components": '{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []}',
    "an archive of 7-Zip, RAR, LZ4 or Snappy": "Rar!\x1a\x07\x01\x00",
}
"""The start of a file, by its kind; others are in ``tests/storage/test_input_cases.py``."""


@pytest.mark.parametrize("tool", KNOWN)
def test_files_of_other_tools_are_refused_by_name(tool: str) -> None:
    """With what to do instead."""
    with pytest.raises(InputError, match=f"^is {re.escape(tool)}, which is not read: .{{10,}}"):
        recognise_format(KNOWN[tool].encode())


def test_every_tool_that_is_refused_is_documented() -> None:
    """docs/inputs.md says how each of them is imported all the same."""
    documented = DOCUMENTATION.read_text()
    words = {re.sub("^(?:an? )?(?:rows of |messages of |notification of )?", "", each.tool) for each in KNOWN_FILES}
    ends = re.compile(" JSON| CSV| YAML| XML|'s | list of")
    names = {ends.split(word)[0] for word in words if not word.startswith("archive")}
    assert not [name for name in sorted(names) if name not in documented]


@pytest.mark.parametrize("lines", [1, 2])
def test_other_text_before_findings_is_named(lines: int) -> None:
    """A redirected command writes its messages to the same file."""
    text = "[INFO] scanning\n" * lines + array_text([ocsf_record()]).decode()
    with pytest.raises(InputError, match=f"other text before its JSON: remove the first {lines} line"):
        recognise_format(text.encode())
