"""The main job on a real scan, by the command line alone, against the scanner's own counts."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from policycortex.frameworks.catalog import load_builtin_frameworks
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from tests.support.installation import run_command

Report: TypeAlias = Callable[[str | None], dict[str, Any]]


BUILT_IN = {"soc2": "soc2_aws", "hipaa": "hipaa_aws", "iso27001": "iso27001_2022_aws"}
UPLOADED = ("cis_6.0_aws", "csa_ccm_4.0", "nist_800_53_revision_5_aws", "prowler_threatscore_aws")
FRAMEWORKS = BUILT_IN | {name: name for name in UPLOADED} | {"pci_4.0_aws": "pci_4.0_aws"}
STRICT = {"PASS": "compliant", "FAIL": "non_compliant", "NO_DATA": "not_assessed", "MANUAL": "manual"}
SCAN = "findings/prowler-aws-acme/prowler-acme.ocsf.json.gz"


@pytest.fixture(scope="module")
def home(shared: Path, oracle: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that has the real scan, ingested once, and the frameworks added after it."""
    folder = tmp_path_factory.mktemp("oracle") / "home"
    done = run_command("ingest", str(shared / SCAN), home=folder)
    assert done.returncode == 0, done.stderr
    assert "1794" in done.stdout.replace(",", "")
    files = [str(shared / "frameworks" / f"{name}.json") for name in UPLOADED]
    pci = list_of_requirements(oracle, folder.with_name("pci_4.0_aws.json"))
    added = run_command("frameworks", "add", *files, str(pci), home=folder)
    assert added.returncode == 0, added.stderr
    assert added.stdout.endswith("rescored 1 days\n")
    return folder


def list_of_requirements(oracle: dict[str, Any], path: Path) -> Path:
    """PCI's file is not among the shared ones: a framework of its ids alone, so that the findings' own word decides."""
    counted = oracle["frameworks"]["pci_4.0_aws"]["requirements"]
    requirements = [
        {"id": uid, "title": uid} | ({"manual_for": ["aws"]} if row["strict_status"] == "MANUAL" else {})
        for uid, row in counted.items()
    ]
    head = {"id": "pci_4.0_aws", "name": "PCI by its ids", "version": "4.0", "finding_keys": ["PCI-4.0"]}
    path.write_text(json.dumps(head | {"requirements": requirements}))
    return path


@pytest.fixture(scope="module")
def oracle(shared: Path) -> dict[str, Any]:
    """What the scanner itself counted, per framework and requirement."""
    loaded: dict[str, Any] = json.loads((shared / "findings/prowler-aws-acme/oracle.json").read_text())
    return loaded


@pytest.fixture(scope="module")
def report(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The JSON report over November 2026 of a framework, made once."""
    return cache(lambda framework: make_report(home, tmp_path_factory.mktemp("report"), framework))


def make_report(home: Path, folder: Path, framework: str | None) -> dict[str, Any]:
    """Order a report by the command line and read the file it leaves."""
    scope = {"date_range": {"start": "2026-11-01T00:00:00Z", "end": "2026-11-30T23:59:59Z"}}
    order = {"name": "Oracle", "type": "compliance", "framework": framework, "crosswalk": "scanner", "scope": scope}
    request = folder / "request.json"
    request.write_text(json.dumps({k: v for k, v in order.items() if v} | {"format_options": {"formats": ["json"]}}))
    done = run_command("report", str(request), "--out", str(folder / "out"), home=home)
    assert done.returncode == 0, done.stderr
    [written] = (folder / "out").glob("*.json")
    loaded: dict[str, Any] = json.loads(written.read_text())
    return loaded


def test_the_same_file_again_changes_nothing(home: Path, shared: Path, report: Report) -> None:
    """1,794 findings stay 1,794, the three repeated uids among them."""
    again = run_command("ingest", str(shared / SCAN), home=home)
    assert again.returncode == 0, again.stderr
    assert report(None)["completeness"] == {"findings_total": 1794, "findings_included": 1794}


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_each_requirement_counts_as_the_scanner_counts(framework: str, oracle: dict[str, Any], report: Report) -> None:
    """Passed, failed, muted, manual and result of every requirement the scanner knows; the others not assessed."""
    made = {r["id"]: r for r in report(framework)["requirements"]}
    spellings = load_builtin_frameworks()[framework].requirement_by_spelling() if framework in BUILT_IN else {}
    seen = set()
    for uid, counted in oracle["frameworks"][FRAMEWORKS[framework]]["requirements"].items():
        requirement = made[spellings.get(uid.casefold(), uid)]
        seen.add(requirement["id"])
        ours = tuple(requirement[k] for k in ("passed", "failed", "muted", "manual"))
        manual = counted["manual"] + (counted["strict_status"] == "MANUAL" and not counted["rows"])  # the clause's own
        assert ours == (counted["pass"], counted["fail"], counted["muted"], manual), uid
        assert requirement["result"] == STRICT[counted["strict_status"]], uid
    assert {made[i]["result"] for i in made.keys() - seen} <= {"not_assessed"}


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_score_follows_from_the_findings_in_the_report(framework: str, report: Report) -> None:
    """Counted again from the findings table: numerator, denominator, exclusions, severities."""
    made = report(framework)
    counted = [f for f in made["findings"] if not f["muted"] and not f["waived"]]
    passed = sum(f["status"] == "PASS" for f in counted)
    failed = [f for f in counted if f["status"] == "FAIL"]
    score = made["summary"]["score"]
    assert (score["numerator"], score["denominator"]) == (passed, passed + len(failed))
    assert made["summary"]["compliance_score"] == pytest.approx(100 * passed / (passed + len(failed)), abs=0.005)
    assert made["summary"]["total_violations"] == len(failed)
    assert made["summary"]["critical"] == sum(f["severity"] == "critical" for f in failed)
    assert score["excluded"]["muted"] == sum(f["muted"] for f in made["findings"])
    assert all(f["requirements"] for f in made["findings"])


def test_threatscore_is_prowlers_own(report: Report, oracle: dict[str, Any]) -> None:
    """94.76 by the App's formula, to two decimals, beside the other models."""
    models = report("prowler_threatscore_aws")["summary"]["models"]
    wanted = oracle["frameworks"]["prowler_threatscore_aws"]["threatscore_app_formula"]
    assert round(models["prowler_threatscore"], 2) == wanted
    assert set(models) == {
        "findings_pass_rate", "requirements_passed", "requirements_met", "severity_weighted", "prowler_threatscore",
    }  # fmt: skip


@pytest.fixture(scope="module")
def api(home: Path) -> Iterator[TestClient]:
    """The API over the same home, with a key that reads."""
    settings = Settings(home=home)
    with closing(open_registry(settings)) as registry:
        token = registry.keys.create_key(organization="default", name="reader", scopes=["reports:read"])[1]
    app = create_app(settings, now=lambda: datetime(2026, 12, 1, tzinfo=UTC))
    with TestClient(app, headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


@pytest.mark.parametrize(
    "framework",
    [pytest.param(name, marks=() if name in {"soc2", "hipaa"} else pytest.mark.storm) for name in FRAMEWORKS],
)
def test_findings_of_the_api_sum_up_to_the_report(framework: str, api: TestClient, report: Report) -> None:
    """Read page by page: as many as the report's ``completeness`` has, and the same counts for each requirement."""
    made, cursor = report(framework), ""
    names = ("passed", "failed", "muted")  # a requirement that only people can tell counts itself as manual
    counted = {each["id"]: Counter(dict.fromkeys((*names, "manual"), 0)) for each in made["requirements"]}
    listed = 0
    while cursor is not None:
        given: dict[str, str | int] = {
            "framework": framework,
            "crosswalk": "scanner",
            "as_of": "2026-11-30T23:59:59Z",
            "limit": 1000,
        }
        page = api.get("/v1/findings", params=given | ({"cursor": cursor} if cursor else {})).raise_for_status().json()
        assert page["findings_total"] == made["completeness"]["findings_total"]
        for finding in page["findings"]:
            listed += 1
            kind = {"PASS": "passed", "FAIL": "failed", "MANUAL": "manual"}[finding["status"]]
            for requirement in finding["requirements"]:
                counted[requirement]["muted" if finding["muted"] else kind] += 1
        cursor = page["next_cursor"]
    assert listed == made["completeness"]["findings_included"]
    for each in made["requirements"]:
        assert {name: each[name] for name in names} == {name: counted[each["id"]][name] for name in names}, each["id"]
