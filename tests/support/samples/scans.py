"""Scans of several targets as files of several formats: whole, or one file per target."""

import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

TARGETS: Final = ("alpha", "beta", "gamma")
CHECKS: Final = ("ca_one", "cb_two", "cc_three")


@dataclass(frozen=True, slots=True)
class Result:
    """One check on one resource of a target. ``age_hours``: how long before its scan a service observed it."""

    target: str
    check: str
    resource: str
    fails: bool
    age_hours: int = 0


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan on a day of November 2026, of some targets."""

    day: int
    targets: tuple[str, ...]
    results: tuple[Result, ...]

    @property
    def time(self) -> datetime:
        """20:00 UTC."""
        return datetime(2026, 11, self.day, 20, tzinfo=UTC)

    def only(self, target: str) -> "Scan":
        """The part about one target."""
        return Scan(self.day, (target,), tuple(each for each in self.results if each.target == target))


@dataclass(frozen=True, slots=True)
class ScanFormat:
    """How a scan is written as a file."""

    name: str
    suffix: str
    write: Callable[[Scan], str]
    lists_passed: bool = True
    is_one_target: bool = False
    """A file is about one target, which only its name tells."""


def write_scan(scan: Scan, kind: ScanFormat, folder: Path, *, is_split: bool) -> list[Path]:
    """The files of a scan: one, or one per target. Empty lists of findings are not written, but clean runs are."""
    parts = [scan.only(target) for target in scan.targets] if is_split or kind.is_one_target else [scan]
    paths = []
    for part in parts:
        if not part.results and kind.lists_passed:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{'-'.join(part.targets)}-2026-11-{part.day:02}{kind.suffix}"
        path.write_text(kind.write(part))
        os.utime(path, (part.time.timestamp(),) * 2)
        paths.append(path)
    return paths


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


FORMATS: Final[Sequence[ScanFormat]] = (
    ScanFormat(
        "prowler regions",
        ".ocsf.json",
        lambda scan: _ocsf(scan, provider="aws", account="123456789012", region=lambda target: target),
    ),
    ScanFormat(
        "prowler clusters",
        ".ocsf.json",
        lambda scan: _ocsf(scan, provider="kubernetes", account="", region=lambda _: "namespace: shop"),
        is_one_target=True,
    ),
    ScanFormat("security hub", ".json", _asff),
    ScanFormat("sarif", ".sarif", _sarif, lists_passed=False),
    ScanFormat("checkov", ".json", _checkov),
    ScanFormat("csv", ".csv", _table),
)
