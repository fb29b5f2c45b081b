"""Scans as files of every findings format, with what limits a scan of each: regions, repositories, clusters..."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.samples.scans import Result, Scan, ScanFormat

_ACCOUNT: Final = "123456789012"


def _ocsf(scan: Scan, *, provider: str, account: str, region: Callable[[str], str]) -> str:
    return json.dumps([_ocsf_record(scan, each, provider, account, region(each.target)) for each in scan.results])


def _ocsf_record(scan: Scan, result: Result, provider: str, account: str, region: str) -> dict[str, Any]:
    return {
        "class_uid": 2004,
        "metadata": {"event_code": result.check, "product": {"name": "Prowler", "version": "5"}, "version": "1.5.0"},
        "severity_id": 4,
        "status_code": "FAIL" if result.fails else "PASS",
        "finding_info": {"uid": f"{result.check}-{result.resource}", "title": result.check},
        "resources": [{"region": region, "uid": result.resource, "group": {"name": result.check[:2]}}],
        "cloud": {"account": {"uid": account}, "provider": provider},
        "time": int(scan.time.timestamp()),
    }


def _asff(scan: Scan) -> str:
    return json.dumps({"Findings": [_asff_record(scan, each) for each in scan.results]})


def _asff_record(scan: Scan, result: Result) -> dict[str, Any]:
    seen = scan.time.replace(hour=20 - result.age_hours)
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"{result.check}/{result.resource}",
        "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/securityhub",
        "ProductName": "Security Hub",
        "GeneratorId": f"security-control/{result.check}",
        "AwsAccountId": "111122223333",
        "Region": result.target,
        "UpdatedAt": seen.isoformat().replace("+00:00", "Z"),
        "Title": result.check,
        "Compliance": {"Status": "FAILED" if result.fails else "PASSED", "SecurityControlId": result.check},
        "RecordState": "ACTIVE",
        "Resources": [{"Id": result.resource, "Region": result.target}],
    }


def _sarif(scan: Scan) -> str:
    return json.dumps({"version": "2.1.0", "runs": [_sarif_run(scan, target) for target in scan.targets]})


def _sarif_run(scan: Scan, target: str) -> dict[str, Any]:
    failing = [each for each in scan.results if each.target == target and each.fails]
    return {
        "tool": {"driver": {"name": "Lint"}},
        "invocations": [{"executionSuccessful": True, "endTimeUtc": scan.time.isoformat().replace("+00:00", "Z")}],
        "versionControlProvenance": [{"repositoryUri": f"https://example.com/{target}"}],
        "results": [
            {
                "ruleId": each.check,
                "message": {"text": "m"},
                "locations": [{"physicalLocation": {"artifactLocation": {"uri": each.resource}}}],
            }
            for each in failing
        ],
    }


def _checkov(scan: Scan) -> str:
    lists: dict[str, list[dict[str, Any]]] = {"passed_checks": [], "failed_checks": []}
    for each in scan.results:
        record = {
            "check_id": each.check,
            "check_result": {"result": "FAILED" if each.fails else "PASSED"},
            "file_path": "/main.tf",
            "file_abs_path": f"/builds/acme/{each.target}/main.tf",
            "resource": each.resource,
        }
        lists["failed_checks" if each.fails else "passed_checks"].append(record)
    summary = {"passed": len(lists["passed_checks"]), "failed": len(lists["failed_checks"])}
    return json.dumps({"check_type": "terraform", "results": lists, "summary": summary})


def _table(scan: Scan) -> str:
    text = io.StringIO()
    names = ("check_id", "status", "severity", "observed_at", "account_id", "region", "resource_uid", "source")
    writer = csv.writer(text)
    writer.writerow(names)
    for each in scan.results:
        status = "FAIL" if each.fails else "PASS"
        row = (each.check, status, "high", scan.time.isoformat(), "123456789012", each.target, each.resource, "own")
        writer.writerow(row)
    return text.getvalue()


def _prowler_csv(scan: Scan) -> str:
    names = ("AUTH_METHOD", "TIMESTAMP", "ACCOUNT_UID", "PROVIDER", "CHECK_ID", "STATUS", "SEVERITY", "REGION")
    rows = (
        ("p", scan.time.isoformat(), _ACCOUNT, "aws", each.check, _status(each), "high", each.target, each.resource)
        for each in scan.results
    )
    return _csv((*names, "RESOURCE_UID"), rows, delimiter=";")


def _status(result: Result) -> str:
    return "FAIL" if result.fails else "PASS"


def _csv(names: Sequence[str], rows: Iterable[Sequence[str]], *, delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()


def _defender(scan: Scan) -> str:
    names = ("exportedTimestamp", "subscriptionId", "resourceId", "recommendationName", "severity", "state")
    states = {True: "Unhealthy", False: "Healthy"}
    return _csv(
        names,
        ((scan.time.isoformat(), r.target, r.resource, r.check, "High", states[r.fails]) for r in scan.results),
    )


def _powerpipe_csv(scan: Scan) -> str:
    names = ("group_id", "control_id", "control_title", "reason", "resource", "status", "account_id", "region")
    states = {True: "alarm", False: "ok"}
    return _csv(
        names, (("g", r.check, "t", "r", r.resource, states[r.fails], _ACCOUNT, r.target) for r in scan.results)
    )


def _powerpipe_json(scan: Scan) -> str:
    controls = [
        {"control_id": check, "title": check, "run_status": "complete", "results": list(map(_powerpipe_row, found))}
        for check in sorted({each.check for each in scan.results})
        if (found := [each for each in scan.results if each.check == check])
    ]
    return json.dumps({"group_id": "root", "groups": [{"group_id": "g", "controls": controls}], "controls": None})


def _powerpipe_row(result: Result) -> dict[str, Any]:
    dimensions = [{"key": "account_id", "value": _ACCOUNT}, {"key": "region", "value": result.target}]
    return {"status": "alarm" if result.fails else "ok", "resource": result.resource, "dimensions": dimensions}


def _kube_bench(scan: Scan) -> str:
    nodes = sorted({each.resource for each in scan.results})
    return json.dumps([_kube_bench_node(scan, node) for node in nodes])


def _kube_bench_node(scan: Scan, node: str) -> dict[str, Any]:
    tests = [
        {"test_number": each.check, "test_desc": each.check, "status": _status(each), "scored": True}
        for each in scan.results
        if each.resource == node
    ]
    return {"id": "1", "node_type": node, "total_warn": 0, "tests": [{"section": "1.1", "results": tests}]}


def _trivy_results(scan: Scan, target: str) -> list[dict[str, Any]]:
    """One file per resource, and one that was looked at without findings."""
    failing = [each for each in scan.results if each.target == target and each.fails]
    records = [
        (each.resource, [{"ID": each.check, "Status": "FAIL", "Severity": "HIGH", "Title": each.check}])
        for each in failing
    ]
    return [
        {"Target": name, "Class": "config", "Type": "terraform", "Misconfigurations": found}
        for name, found in (*records, (f"{target}/clean.tf", []))
    ]


def _trivy_repositories(scan: Scan) -> str:
    reports = [
        {
            "SchemaVersion": 2,
            "CreatedAt": scan.time.isoformat(),
            "ArtifactName": f"https://example.com/{target}",
            "ArtifactType": "repository",
            "Results": _trivy_results(scan, target),
        }
        for target in scan.targets
    ]
    return json.dumps(reports if len(reports) > 1 else reports[0])


def _trivy_clusters(scan: Scan) -> str:
    reports = [
        {
            "ClusterName": target,
            "Resources": [
                {"Namespace": "shop", "Kind": "Pod", "Name": each["Target"], "Results": [each]}
                for each in _trivy_results(scan, target)
            ],
        }
        for target in scan.targets
    ]
    return "\n".join(map(json.dumps, reports))


def _scc(scan: Scan) -> str:
    return json.dumps([_scc_record(each) for each in scan.results])


def _scc_record(result: Result) -> dict[str, Any]:
    name = f"organizations/1/sources/2/findings/{result.check}-{result.resource}"
    finding = {
        "name": name,
        "category": result.check,
        "resourceName": result.resource,
        "state": "ACTIVE" if result.fails else "INACTIVE",
        "eventTime": "2026-11-01T10:00:00Z",
        "severity": "HIGH",
    }
    return {"finding": finding, "resource": {"projectDisplayName": result.target}}


def _compliance_record(scan: Scan, result: Result, source: str, class_uid: int = 2003) -> dict[str, Any]:
    """A Compliance Finding of OCSF, or a Vulnerability Finding with a compliance result."""
    seen = scan.time.replace(hour=20 - result.age_hours)
    return {
        "class_uid": class_uid,
        "metadata": {"product": {"name": source}, "version": "1.5.0"},
        "time": int(seen.timestamp() * 1000),
        "severity_id": 4,
        "finding_info": {"uid": f"{result.check}-{result.resource}", "title": result.check},
        "cloud": {"provider": "AWS", "region": result.target, "account": {"uid": _ACCOUNT}},
        "resources": [{"uid": result.resource}],
        "compliance": {
            "control": result.check,
            "status": "Fail" if result.fails else "Pass",
            "status_id": 3 if result.fails else 1,
        },
    }


def _compliance(source: str, class_uid: int = 2003) -> Callable[[Scan], str]:
    def write(scan: Scan) -> str:
        return json.dumps({"Findings": [_compliance_record(scan, each, source, class_uid) for each in scan.results]})

    return write


def _security_finding(scan: Scan) -> str:
    """Security Findings of OCSF 1.0, as Prowler 3 writes them."""
    return json.dumps(
        [
            {
                "class_uid": 2001,
                "metadata": {"product": {"name": "Prowler", "feature": {"name": each.check}}, "version": "1.0.0"},
                "finding": {"uid": f"{each.check}-{each.resource}", "title": each.check},
                "severity_id": 4,
                "status_id": 2 if each.fails else 1,
                "compliance": {"status": "Failure" if each.fails else "Success"},
                "resources": [{"uid": each.resource, "region": each.target}],
                "cloud": {"account": {"uid": _ACCOUNT}, "provider": "aws"},
                "time": int(scan.time.timestamp()),
            }
            for each in scan.results
        ]
    )


def _security_lake(scan: Scan) -> bytes:
    out = io.BytesIO()
    rows = [_compliance_record(scan, each, "Security Hub") for each in scan.results]
    pq.write_table(pa.Table.from_pylist(rows), out, compression="zstd")
    return out.getvalue()


def _prowler(provider: str, *, account: str = "", region: str = "") -> Callable[[Scan], str]:
    """Prowler's OCSF; the target is what is not given."""

    def write(scan: Scan) -> str:
        return json.dumps(
            [_ocsf_record(scan, each, provider, account or each.target, region or each.target) for each in scan.results]
        )

    return write


FORMATS: Final[Sequence[ScanFormat]] = (
    ScanFormat("Prowler OCSF", ".ocsf.json", _prowler("aws", account=_ACCOUNT)),
    ScanFormat("Prowler OCSF, projects", ".ocsf.json", _prowler("gcp", region="eu"), targets="projects"),
    ScanFormat(
        "Prowler OCSF, clusters",
        ".ocsf.json",
        lambda scan: _ocsf(scan, provider="kubernetes", account="", region=lambda _: "namespace: shop"),
        is_one_target=True,
        targets="clusters",
    ),
    ScanFormat("Prowler 3 OCSF (2001)", ".ocsf.json", _security_finding),
    ScanFormat("Prowler CSV", ".csv", _prowler_csv),
    ScanFormat("OCSF (2002)", ".json", _compliance("Scanner", 2002)),
    ScanFormat("Security Hub ASFF", ".json", _asff),
    ScanFormat("Security Hub v2 OCSF", ".json", _compliance("Security Hub")),
    ScanFormat("Security Lake Parquet", ".parquet", _security_lake),
    ScanFormat("SARIF", ".sarif", _sarif, lists_passed=False, targets="repositories"),
    ScanFormat("Checkov", ".json", _checkov, targets="repositories"),
    ScanFormat("Trivy", ".json", _trivy_repositories, lists_passed=False, targets="repositories"),
    ScanFormat("Trivy, clusters", ".json", _trivy_clusters, lists_passed=False, targets="clusters"),
    ScanFormat("kube-bench", ".json", _kube_bench, is_one_target=True, targets="clusters"),
    ScanFormat("Security Command Center", ".json", _scc, targets="projects"),
    ScanFormat("Defender for Cloud CSV", ".csv", _defender, targets="subscriptions"),
    ScanFormat("Powerpipe JSON", ".json", _powerpipe_json),
    ScanFormat("Powerpipe CSV", ".csv", _powerpipe_csv),
    ScanFormat("CSV", ".csv", _table),
)
