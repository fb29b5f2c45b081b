"""What a newer scan replaces, on files as users have them: regions, repositories, clusters, fixed findings, exports."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.workflow.ingest import ingest_files
from tests.support.empty_homes import copy_home

NOW = datetime(2026, 11, 29, tzinfo=UTC)
EVERYTHING = Scope(organization="acme")
NOVEMBER = Period.of_days(date(2026, 11, 20), date(2026, 11, 30))


@pytest.fixture
def settings(empty_home: Path, tmp_path: Path) -> Settings:
    """A home of the test's own."""
    return Settings(home=copy_home(empty_home, tmp_path / "home"))


def figures(lake: Lake, period: Period = NOVEMBER) -> tuple[int, int]:
    """Passed and failed findings of the period-end posture."""
    sums = lake.period_end.load_tallies(EVERYTHING, period).select("passed", "failed").sum()
    return sums.row(0)


def ingested(settings: Settings, *paths: Path, period: Period = NOVEMBER, target: str = "") -> tuple[int, int]:
    """Import the files one after the other and build their days; passed and failed findings afterwards."""
    done = [ingest_files(settings, [path], organization="acme", now=NOW, target=target) for path in paths]
    with open_lake(settings) as lake:
        lake.state.rebuild_state({day for each in done for day in each.dates})
        return figures(lake, period)


def written(folder: Path, name: str, content: object, *, day: int, hour: int = 10) -> Path:
    """A JSON file of November ``day``."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    moment = datetime(2026, 11, day, hour, tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))
    return path


CASES = {
    "scan-choice-two-regions-prowler": (("eu.ocsf.json", "us.ocsf.json"), (1, 1)),
    "scan-choice-two-regions-securityhub": (("eu.json", "us.json"), (1, 1)),
    "scan-choice-two-repos-checkov": (("repo-a.json", "repo-b.json"), (1, 1)),
    "sarif-fixed-finding-stays": (("d1.sarif", "d2.sarif", "d3.sarif"), (0, 0)),
    "sechub-export-older-than-day": (("all.json",), (1, 1)),
}
"""Case: its files, and passed and failed findings."""


@pytest.mark.parametrize("case", CASES)
def test_a_case_has_its_right_figures_in_any_order(empty_home: Path, tmp_path: Path, shared: Path, case: str) -> None:
    """Each order of the files gives the figures of EXPECTED.md; Checkov's files are an hour apart."""
    names, expected = CASES[case]
    folder = tmp_path / case
    for hour, name in enumerate(names):
        content = json.loads((shared / "cases" / "inputs" / case / name).read_text())
        written(folder, name, content, day=26, hour=10 + hour)
    for number, order in enumerate(permutations(names)):
        settings = Settings(home=copy_home(empty_home, tmp_path / f"home{number}"))
        assert ingested(settings, *(folder / name for name in order)) == expected


def test_an_export_counts_on_its_own_day(settings: Settings, shared: Path) -> None:
    """On 25 November both active findings count, although one was last observed on the 24th."""
    path = shared / "cases" / "inputs" / "sechub-export-older-than-day" / "all.json"
    day = Period.of_days(date(2026, 11, 25), date(2026, 11, 25))
    assert ingested(settings, path, period=day) == (1, 1)


def sarif_run(*checks: str, day: int, **fields: object) -> dict[str, Any]:
    """A run of a linter with one failing result per check."""
    return {
        "tool": {"driver": {"name": "Lint"}},
        "invocations": [{"executionSuccessful": True, "endTimeUtc": f"2026-11-{day}T10:00:00Z"}],
        "results": [{"ruleId": check, "message": {"text": "m"}} for check in checks],
    } | fields


def sarif(*runs: Mapping[str, Any]) -> dict[str, Any]:
    """A SARIF file."""
    return {"version": "2.1.0", "runs": runs}


def naming(way: str, name: str) -> dict[str, Any]:
    """The fields by which a SARIF run may name its repository."""
    fields: dict[str, dict[str, Any]] = {
        "provenance": {"versionControlProvenance": [{"repositoryUri": f"https://example.com/{name}"}]},
        "base": {"originalUriBaseIds": {"ROOT": {"uri": f"file:///builds/acme/{name}/"}}},
        "automation": {"automationDetails": {"id": f"{name}/2026-11-24"}},
    }
    return fields[way]


@pytest.mark.parametrize("way", ["provenance", "base", "automation"])
def test_two_repositories_in_sarif_stay_apart(settings: Settings, tmp_path: Path, way: str) -> None:
    """A clean run on one repository leaves the other's finding; a clean run on its own removes it."""
    first = written(tmp_path, "results.sarif", sarif(sarif_run("c1", day=24, **naming(way, "shop"))), day=24)
    assert ingested(settings, first) == (0, 1)
    other = written(tmp_path, "results.sarif", sarif(sarif_run(day=25, **naming(way, "site"))), day=25)
    assert ingested(settings, other) == (0, 1)
    fixed = written(tmp_path, "results.sarif", sarif(sarif_run(day=26, **naming(way, "shop"))), day=26)
    assert ingested(settings, fixed) == (0, 0)


def test_a_failed_run_replaces_nothing(settings: Settings, tmp_path: Path) -> None:
    """The tool says that it failed: what it did not report may still fail, and what it reports counts."""
    failed = {"invocations": [{"executionSuccessful": False, "endTimeUtc": "2026-11-25T10:00:00Z"}]}
    files = [
        written(tmp_path, "day1.sarif", sarif(sarif_run("c1", "c2", day=24)), day=24),
        written(tmp_path, "day2.sarif", sarif(sarif_run("c3", day=25, **failed)), day=25),
    ]
    assert ingested(settings, *files) == (0, 3)
    assert ingested(settings, written(tmp_path, "day3.sarif", sarif(sarif_run("c2", day=26)), day=26)) == (0, 1)


def test_a_run_with_a_bad_record_replaces_nothing(settings: Settings, tmp_path: Path) -> None:
    """What a linter does not list is fixed, but the bad record may be the finding: it stays until a good run."""
    bad = sarif_run("c1", day=25)
    bad["results"].append({"ruleId": [], "message": {"text": "c2"}})
    clean_but_bad = sarif_run(day=26)
    clean_but_bad["results"].append("c2")
    files = [
        written(tmp_path, "results-1.sarif", sarif(sarif_run("c1", "c2", day=24)), day=24),
        written(tmp_path, "results-2.sarif", sarif(bad), day=25),
        written(tmp_path, "results-3.sarif", sarif(clean_but_bad), day=26),
    ]
    assert ingested(settings, *files[:2]) == (0, 3)
    assert ingested(settings, files[2]) == (0, 3)
    assert ingested(settings, written(tmp_path, "results-4.sarif", sarif(sarif_run("c1", day=27)), day=27)) == (0, 1)


def checkov(
    result: str, *, root: str = "/src", resource: str = "aws_s3_bucket.a", check: str = "CKV_AWS_18"
) -> dict[str, Any]:
    """A Checkov report with one check of one resource."""
    record = {
        "check_id": check,
        "check_result": {"result": result},
        "file_path": "/main.tf",
        "file_abs_path": f"{root}/main.tf",
        "resource": resource,
    }
    lists: dict[str, Any] = {"passed_checks": [], "failed_checks": []} | {f"{result.lower()}_checks": [record]}
    return {"check_type": "terraform", "results": lists, "summary": {"passed": int(result == "PASSED"), "failed": 1}}


@pytest.mark.parametrize(
    ("first", "second", "failed"),
    [
        (("results_json.json", "/builds/acme/shop"), ("results_json.json", "/builds/acme/site"), 1),
        (("monday.json", "/builds/acme/shop"), ("tuesday.json", "/builds/acme/shop"), 0),
        (("shop/results_json.json", "/src"), ("site/results_json.json", "/src"), 1),
        (("shop/results_json.json", "/src"), ("shop/results_json.json", "/src"), 0),
        (("shop/2026-11-24.json", "/src"), ("shop/2026-11-25.json", "/src"), 0),
        (("shop/run-1/out.json", "/src"), ("shop/run-2/out.json", "/src"), 0),
        (("repo1.json", "/builds/runner/work"), ("repo2.json", "/builds/runner/work"), 1),
    ],
)
def test_repositories_of_checkov_are_found_by_root_folder_or_name(
    settings: Settings, tmp_path: Path, first: tuple[str, str], second: tuple[str, str], failed: int
) -> None:
    """The second report passes; the first one's failing finding stays unless both are about one repository."""
    (name, root), (later_name, later_root) = first, second
    assert ingested(settings, written(tmp_path, name, checkov("FAILED", root=root), day=24)) == (0, 1)
    later = written(tmp_path, later_name, checkov("PASSED", root=later_root), day=25)
    assert ingested(settings, later) == (1, failed)


def test_a_named_target_counts_before_the_name_of_the_file(settings: Settings, tmp_path: Path) -> None:
    """Two files that look alike are two repositories if the user says so; the same bytes, too."""
    report = written(tmp_path, "results_json.json", checkov("FAILED"), day=24)
    assert ingested(settings, report, target="shop") == (0, 1)
    assert ingested(settings, report, target="site") == (0, 2)
    assert ingested(settings, report, target="site") == (0, 2)
    fixed = written(tmp_path, "fixed.json", checkov("PASSED"), day=25)
    assert ingested(settings, fixed, target="shop") == (1, 1)


def test_a_quiet_report_of_checkov_replaces_all_older_findings(settings: Settings, tmp_path: Path) -> None:
    """With ``--quiet`` passing checks are left out: a check that is gone has been fixed."""
    quiet = checkov("FAILED", check="CKV_AWS_19")
    quiet["summary"]["passed"] = 7
    del quiet["results"]["passed_checks"]
    files = [
        written(tmp_path, "results-1.json", checkov("FAILED"), day=24),
        written(tmp_path, "results-2.json", quiet, day=25),
    ]
    assert ingested(settings, *files) == (0, 1)


def prowler(
    status: str,
    *,
    region: str,
    hour: int = 10,
    day: int = 25,
    check: str = "s3_bucket_default_encryption",
    account: str = "123456789012",
    provider: str = "aws",
) -> dict[str, Any]:
    """One of Prowler's findings."""
    return {
        "class_uid": 2004,
        "metadata": {"event_code": check, "product": {"name": "Prowler", "version": "5.13.0"}, "version": "1.5.0"},
        "severity_id": 4,
        "status_code": status,
        "finding_info": {"uid": f"prowler-{check}-{account}-{region}", "title": check},
        "resources": [{"region": region, "uid": f"arn:{check}:{region}", "group": {"name": check.partition("_")[0]}}],
        "cloud": {"account": {"uid": account}, "provider": provider},
        "time": int(datetime(2026, 11, day, hour, tzinfo=UTC).timestamp()),
    }


def in_cluster(status: str, *, day: int) -> dict[str, Any]:
    """A finding of a cluster that it does not name."""
    return prowler(
        status, region="namespace: kube-system", day=day, account="", provider="kubernetes", check="apiserver_anonymous"
    )


def everywhere(status: str, regions: Sequence[str], *, day: int = 25) -> list[dict[str, Any]]:
    """Findings of two regional services in each region: what a scan of whole regions has."""
    checks = ("guardduty_is_enabled", "config_recorder_enabled")
    return [prowler(status, region=region, check=check, day=day) for check in checks for region in regions]


def test_a_scan_of_the_account_replaces_what_it_no_longer_finds(settings: Settings, tmp_path: Path) -> None:
    """The only bucket of a region was deleted: the check ran elsewhere, and the region was looked at."""
    regions = ("eu-west-1", "us-east-1")
    before = [*everywhere("PASS", regions), *(prowler("FAIL", region=region) for region in regions)]
    after = [*everywhere("PASS", regions, day=26), prowler("FAIL", region="us-east-1", day=26)]
    files = [written(tmp_path, "a.json", before, day=25), written(tmp_path, "b.json", after, day=26)]
    assert ingested(settings, *files) == (4, 1)


def test_findings_of_a_global_service_do_not_show_that_their_region_was_scanned(
    settings: Settings, tmp_path: Path
) -> None:
    """A scan of eu-west-1 has IAM's findings in us-east-1; the failing bucket there was not looked at."""
    before = [*everywhere("PASS", ("eu-west-1", "us-east-1")), prowler("FAIL", region="us-east-1")]
    after = [
        *everywhere("PASS", ("eu-west-1",), day=26),
        prowler("PASS", region="eu-west-1", day=26),
        prowler("PASS", region="us-east-1", check="iam_root_mfa_enabled", day=26),
        prowler("PASS", region="us-east-1", check="iam_password_policy", day=26),
    ]
    files = [written(tmp_path, "a.json", before, day=25), written(tmp_path, "b.json", after, day=26)]
    assert ingested(settings, *files) == (7, 1)


def test_two_clusters_without_names_stay_apart(settings: Settings, tmp_path: Path) -> None:
    """Prowler's older Kubernetes findings name no cluster; its file names do."""
    names = ("prowler-output-blue-20261124100000.ocsf.json", "prowler-output-green-20261125100000.ocsf.json")
    blue = written(tmp_path, names[0], [in_cluster("FAIL", day=24)], day=24)
    green = written(tmp_path, names[1], [in_cluster("PASS", day=25)], day=25)
    assert ingested(settings, blue, green) == (1, 1)
    name = "prowler-output-blue-20261126100000.ocsf.json"
    fixed = written(tmp_path, name, [in_cluster("PASS", day=26)], day=26)
    assert ingested(settings, fixed) == (2, 0)


def test_accounts_scanned_one_after_another_all_count(settings: Settings, tmp_path: Path) -> None:
    """Three accounts on three days: each keeps its findings."""
    files = [
        written(tmp_path, f"{day}.json", [prowler("FAIL", region="eu-west-1", day=day, account=f"{day}")], day=day)
        for day in (23, 24, 25)
    ]
    assert ingested(settings, *files) == (0, 3)


def event(status: str, bucket: str, *, hour: int) -> dict[str, Any]:
    """An event of Security Hub about one finding."""
    finding = {
        "Id": f"arn:{bucket}",
        "AwsAccountId": "111122223333",
        "GeneratorId": "security-control/S3.1",
        "Region": "eu-west-1",
        "ProductName": "Security Hub",
        "UpdatedAt": f"2026-11-25T{hour}:00:00Z",
        "Compliance": {"Status": status, "SecurityControlId": "S3.1"},
        "RecordState": "ACTIVE",
        "Resources": [{"Id": bucket, "Region": "eu-west-1"}],
        "SchemaVersion": "2018-10-08",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
    }
    return {"source": "aws.securityhub", "detail-type": "Findings", "detail": {"findings": [finding]}}


def test_an_event_replaces_its_own_finding_only(settings: Settings, tmp_path: Path) -> None:
    """Of two buckets with events one passes later; the other still fails."""
    events = [event("FAILED", "a", hour=10), event("FAILED", "b", hour=11), event("PASSED", "b", hour=12)]
    files = [written(tmp_path, f"event-{number}.json", each, day=25) for number, each in enumerate(events)]
    assert ingested(settings, *files) == (1, 1)


def test_a_copied_export_is_dated_by_its_newest_finding(settings: Settings, tmp_path: Path) -> None:
    """A file that was written within a day of its newest finding is the export; later ones are copies."""
    export = {"Findings": [event("FAILED", "a", hour=10)["detail"]["findings"][0]]}
    path = written(tmp_path, "export.json", export, day=26, hour=9)
    [receipt] = ingest_files(settings, [path], organization="acme", now=NOW).files
    assert receipt.dates == (date(2026, 11, 26),)
    export["Findings"][0]["Title"] = "another export"
    path = written(tmp_path, "copied.json", export, day=28)
    [receipt] = ingest_files(settings, [path], organization="acme", now=NOW).files
    assert receipt.dates == (datetime(2026, 11, 26, tzinfo=UTC).date() - timedelta(days=1),)
