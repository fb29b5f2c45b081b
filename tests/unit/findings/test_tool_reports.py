"""Reports of Trivy, kube-bench and Powerpipe: what each record means, and what is read once, muted or reported."""

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest

from policycortex.findings.formats.registry import find_format
from policycortex.findings.model import CleanScan, Finding, NoteKind, ParsedItem, ScanNote
from policycortex.findings.trivy.model import stable_trivy_id
from tests.support.samples.tool_files import JSON_FILES, powerpipe_control, powerpipe_group, trivy_report

WRITTEN_AT = datetime(2026, 11, 24, tzinfo=UTC)


def parsed(name: str, content: str) -> list[ParsedItem]:
    """All items of a file."""
    return list(find_format(name).parse(BytesIO(content.encode()), written_at=WRITTEN_AT))


def findings_of(name: str, content: str) -> list[Finding]:
    """The findings of a file."""
    return [each for each in parsed(name, content) if isinstance(each, Finding)]


def one(name: str, **changes: object) -> Finding:
    """The finding of a file with one record of that kind, some keys changed."""
    tool = JSON_FILES[name]
    (finding,) = findings_of(name.split(maxsplit=1)[0], tool.wrap([json.dumps(tool.record(3) | changes)]))
    return finding


@pytest.mark.parametrize(
    ("printed", "stable"),
    [
        ("AVD-AWS-0104", "AWS-0104"), ("AWS-0104", "AWS-0104"), ("DS002", "DS-0002"), ("AVD-DS-0002", "DS-0002"),
        ("DS-0002", "DS-0002"), ("KSV001", "KSV-0001"), ("AVD-KSV-0001", "KSV-0001"), ("KCV0065", "KCV-0065"),
        ("AVD-KSV-01010", "KSV-01010"), ("KSV01010", "KSV-01010"), ("AVD-AZU-0012", "AZU-0012"),
        ("USR7", "USR7"), ("my-check", "my-check"), ("CVE-2021-33503", "CVE-2021-33503"),
    ],
)  # fmt: skip
def test_trivys_check_ids_have_one_form(printed: str, stable: str) -> None:
    """Older and newer versions print the same check differently."""
    assert stable_trivy_id(printed) == stable


def test_a_misconfiguration_of_trivy() -> None:
    """Provider, service and resource from the cause, time and target from the report."""
    finding = one("trivy")
    assert (finding.check_id, finding.status, finding.severity) == ("AWS-0104", "FAIL", "critical")
    assert (finding.provider, finding.service, finding.resource_type) == ("aws", "ec2", "aws_security_group")
    assert finding.resource_uid == "main.tf#L7:aws_security_group.group-3"
    assert finding.observed_at == datetime(2026, 11, 23, 15, 55, 52, 123456, UTC)
    assert (finding.target, finding.target_part) == ("artifact=shop", "scanner=misconfig")


@pytest.mark.parametrize(
    ("status", "expected"), [("PASS", ("PASS", False)), ("FAIL", ("FAIL", False)), ("EXCEPTION", ("FAIL", True))]
)
def test_statuses_of_trivy(status: str, expected: tuple[str, bool]) -> None:
    """An exception of the user's rules is a muted failure."""
    finding = one("trivy", Status=status)
    assert (finding.status, finding.is_muted) == expected


@pytest.mark.parametrize(("word", "severity"), [("UNKNOWN", "informational"), ("low", "low"), ("?", "medium")])
def test_severity_words_of_trivy(word: str, severity: str) -> None:
    """Unknown words are medium, with a note."""
    assert one("trivy", Severity=word).severity == severity


def test_a_resource_of_a_cluster() -> None:
    """The cluster is the account, the namespace the region."""
    finding = one("trivy of a cluster", ID="KSV001", AVDID="AVD-KSV-0001", CauseMetadata={"Provider": "Kubernetes"})
    assert (finding.account_id, finding.region, finding.check_id) == ("c1", "shop", "KSV-0001")
    assert (finding.resource_uid, finding.resource_type) == ("shop/Deployment/web", "Deployment")
    assert (finding.provider, finding.observed_at) == ("kubernetes", WRITTEN_AT)


def test_suppressed_findings_of_trivy_are_muted() -> None:
    """Those of the ignore file, shown by ``--show-suppressed``; licenses are reported, not read."""
    modified = {"Type": "misconfiguration", "Status": "ignored", "Statement": "by design", "Finding": _misconf()}
    results = [{"Target": "main.tf", "ExperimentalModifiedFindings": [modified], "Licenses": [{"Name": "MIT"}] * 3}]
    items = parsed("trivy", trivy_report(json.dumps(results)))
    (finding,) = [each for each in items if isinstance(each, Finding)]
    assert (finding.is_muted, finding.status) == (True, "FAIL")
    assert finding.status_detail.endswith("(by design)")
    assert [each.kind for each in items if isinstance(each, ScanNote)] == [NoteKind.LEFT_OUT] * 3


def _misconf() -> dict[str, Any]:
    return JSON_FILES["trivy"].record(3)


def test_an_image_is_part_of_its_resources() -> None:
    """The same file in two images is two resources."""
    report = {
        "SchemaVersion": 2, "ArtifactName": "shop:1.2", "ArtifactType": "container_image",
        "Results": [
            {"Target": "app/pom.xml", "Vulnerabilities": [{"VulnerabilityID": "CVE-1", "PkgName": "a"}]},
            {"Target": "shop:1.2 (debian 12)", "Vulnerabilities": [{"VulnerabilityID": "CVE-2", "PkgName": "b"}]},
        ],
    }  # fmt: skip
    uids = [each.resource_uid for each in findings_of("trivy", json.dumps(report))]
    assert uids == ["shop:1.2/app/pom.xml:a@", "shop:1.2 (debian 12):b@"]


@pytest.mark.parametrize("results", ["[]", "null", '[{"Target": "main.tf", "MisconfSummary": {"Successes": 22}}]'])
def test_a_report_of_trivy_without_findings_is_a_clean_scan(results: str) -> None:
    """Dated by the report."""
    (clean,) = parsed("trivy", trivy_report(results))
    assert isinstance(clean, CleanScan)
    assert clean.scanned_at == datetime(2026, 11, 23, 15, 55, 52, 123456, UTC)


def test_a_resource_that_trivy_could_not_scan_is_reported() -> None:
    """Then the scan is not clean."""
    report = {"ClusterName": "c1", "Resources": [{"Kind": "Pod", "Name": "a", "Error": "image not found"}]}
    (note,) = parsed("trivy", json.dumps(report))
    assert isinstance(note, ScanNote)
    assert (note.kind, note.text) == (NoteKind.SCAN_PROBLEM, "Trivy could not scan Pod/a: image not found")


def test_a_compliance_report_is_read_once_with_all_controls() -> None:
    """The check stands under two controls of the report: one finding for each resource, related to both."""
    results = [{"Target": f"Deployment/{name}", "Misconfigurations": [_misconf()]} for name in ("a", "b")]
    report = {
        "ID": "k8s-nsa-1.0", "Title": "NSA", "Version": "1.0", "RelatedResources": ["https://example.com"],
        "Results": [
            {"ID": "1.0", "Name": "First", "Severity": "HIGH", "Results": results},
            {"ID": "1.1", "Name": "Second", "Severity": "LOW", "Results": results},
            {"ID": "1.2", "Name": "By hand", "DefaultStatus": "FAIL", "Severity": "LOW", "Results": None},
        ],
    }  # fmt: skip
    findings = findings_of("trivy", json.dumps(report))
    assert [each.resource_uid.partition("#")[0] for each in findings] == ["Deployment/a", "Deployment/b"]
    assert {each.relations for each in findings} == {'{"k8s-nsa-1.0":["1.0","1.1"]}'}
    assert (findings[0].target, findings[0].target_part) == ("", "compliance=k8s-nsa-1.0; scanner=misconfig")


@pytest.mark.parametrize(
    ("status", "expected"),
    [("PASS", ("PASS", False)), ("FAIL", ("FAIL", False)), ("WARN", ("MANUAL", False)), ("INFO", ("MANUAL", True))],
)
def test_statuses_of_kube_bench(status: str, expected: tuple[str, bool]) -> None:
    """A warning is a check by hand, an information a skipped one."""
    finding = one("kube_bench", status=status)
    assert (finding.status, finding.is_muted) == expected


def test_a_test_of_kube_bench() -> None:
    """The benchmark's version is part of the id; its framework is not that of another CIS benchmark."""
    finding = one("kube_bench")
    assert (finding.check_id, finding.resource_uid, finding.provider) == ("cis-1.8/4.1.3", "node", "kubernetes")
    assert (finding.status_detail, finding.relations) == ("permissions=644", '{"CIS-Kubernetes-1.8":["4.1.3"]}')
    assert (finding.service, finding.observed_at) == ("worker node configuration files", WRITTEN_AT)


def test_kube_bench_without_results_is_no_clean_scan() -> None:
    """It always lists what passed."""
    (note,) = parsed("kube_bench", '{"Controls": [{"id": "1", "node_type": "master", "tests": []}]}')
    assert isinstance(note, ScanNote)
    assert note.kind is NoteKind.SCAN_PROBLEM


STATUSES = {
    "ok": ("PASS", False), "alarm": ("FAIL", False), "error": ("MANUAL", False), "info": ("MANUAL", False),
    "skip": ("MANUAL", True),
}  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
def test_statuses_of_powerpipe(status: str) -> None:
    """In JSON and in CSV."""
    from_json = one("powerpipe_json", status=status)
    (from_csv,) = findings_of("powerpipe_csv", csv_file(status))
    assert (from_json.status, from_json.is_muted) == (from_csv.status, from_csv.is_muted) == STATUSES[status]


def csv_file(*statuses: str, group: str = "aws_compliance.benchmark.s3") -> str:
    """Powerpipe's CSV with a row for each status, the same control as in JSON."""
    header = (
        "group_id,title,description,control_id,control_title,control_description,reason,resource,status,severity,"
        "region,account_id,cis_item_id,cis_version,plugin,service\n"
    )
    rows = (
        f"{group},S3,,aws_compliance.control.s3_public,Buckets are not public,Closed buckets.,Bucket {number} is"
        f' public.,arn:aws:s3:::bucket-{number},{status},high,eu-west-1,111122223333,2.1.5,v1.4.0,aws,"AWS/S3"\n'
        for number, status in enumerate(statuses, 3)
    )
    return header + "".join(rows)


def test_json_and_csv_of_powerpipe_are_the_same_finding() -> None:
    """All fields; the provider is that of the plugin, the relation that of the control's tags."""
    from_json = one("powerpipe_json")
    (from_csv,) = findings_of("powerpipe_csv", csv_file("alarm"))
    assert from_json == from_csv
    assert (from_json.check_id, from_json.provider) == ("aws_compliance.control.s3_public", "aws")
    assert (from_json.account_id, from_json.region, from_json.service) == ("111122223333", "eu-west-1", "s3")
    assert (from_json.severity, from_json.relations) == ("high", '{"CIS-1.4":["2.1.5"]}')


def test_tags_that_a_mod_adds_as_dimensions_are_tags() -> None:
    """Account and region are places; every other dimension is a tag, which may name the environment."""
    added = [{"key": "team", "value": "payments"}, {"key": "Environment", "value": "Prod"}]
    places = JSON_FILES["powerpipe_json"].record(1)["dimensions"]
    finding = one("powerpipe_json", dimensions=[*places, *added])
    assert (finding.tags, finding.environment_tag) == ('{"Environment":"Prod","team":"payments"}', "production")
    assert (finding.account_id, finding.region) == ("111122223333", "eu-west-1")
    assert one("powerpipe_json").tags == "{}"


def test_a_control_in_several_groups_is_read_once() -> None:
    """Powerpipe repeats its rows under each group; the others are counted in a note."""
    rows = json.dumps([JSON_FILES["powerpipe_json"].record(number) for number in (1, 2)])
    twice = powerpipe_group(f"[{powerpipe_control(rows)}, {powerpipe_control(rows)}]")
    items = parsed("powerpipe_json", twice)
    assert len([each for each in items if isinstance(each, Finding)]) == 2
    assert [(each.kind, each.count) for each in items if isinstance(each, ScanNote)] == [(NoteKind.LEFT_OUT, 2)]
    other_group = csv_file("ok", "alarm", group="aws_compliance.benchmark.all").partition("\n")[2]
    items = parsed("powerpipe_csv", csv_file("ok", "alarm") + other_group)
    assert len([each for each in items if isinstance(each, Finding)]) == 2
    assert [each.kind for each in items if isinstance(each, ScanNote)] == [NoteKind.LEFT_OUT] * 2


def test_a_control_that_could_not_run_must_be_looked_at() -> None:
    """MANUAL, with a note that the scan has a problem; never silently absent."""
    failed = powerpipe_control("null").replace('"run_error": ""', '"run_error": "no credentials"')
    finding, note = parsed("powerpipe_json", powerpipe_group(f"[{failed}]"))
    assert isinstance(finding, Finding)
    assert isinstance(note, ScanNote)
    assert (finding.status, finding.status_detail, note.kind) == ("MANUAL", "no credentials", NoteKind.SCAN_PROBLEM)


def test_a_large_group_is_read_record_by_record() -> None:
    """6 MB of rows in one control, whose id comes after them: all of its rows are read, with the control's fields."""
    rows = ", ".join(
        json.dumps(JSON_FILES["powerpipe_json"].record(number) | {"reason": "x" * 1000}) for number in range(5_000)
    )
    findings = findings_of("powerpipe_json", powerpipe_group(f"[{powerpipe_control(f'[{rows}]')}]"))
    assert [each.record_no for each in findings] == list(range(5_000))
    assert {(each.check_id, each.severity) for each in findings} == {("aws_compliance.control.s3_public", "high")}
