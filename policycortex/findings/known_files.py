"""Files of well-known scanners that are not read: refused by name, with the command that makes a readable file."""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class KnownFile:
    """One kind of file, recognised by texts that its first bytes all contain."""

    tool: str
    marks: tuple[bytes, ...]
    """Regular expressions, without case; all of them must match."""
    advice: str
    """What to do, with the command."""


def _keys(*names: str) -> tuple[bytes, ...]:
    return tuple(rb'"%b"\s*:' % re.escape(name).encode() for name in names)


def _columns(*names: str) -> tuple[bytes, ...]:
    return tuple(rb'\A[^\n]*"?%b"?\s*[,;\t]' % re.escape(name).encode() for name in names)


_PROWLER: Final = "scan with Prowler instead: prowler {} --output-formats json-ocsf"

KNOWN_FILES: Final = (
    KnownFile("Prowler's compliance CSV", _columns("PROVIDER", "REQUIREMENTS_ID"),
              "import the OCSF JSON or the CSV of all findings of the same scan"),
    KnownFile("Prowler 3 JSON", _keys("AssessmentStartTime", "FindingUniqueId", "CheckID"),
              "import the CSV of the same scan, or use Prowler 4 or later: prowler aws --output-formats json-ocsf"),
    KnownFile("Trivy's summary of a compliance report", _keys("SummaryControls", "ID"),
              "make the whole report: trivy k8s --compliance k8s-cis-1.23 --report all --format json --output FILE"),
    KnownFile("kube-hunter JSON", _keys("vulnerabilities", "hunter_statistics"), _PROWLER.format("kubernetes")),
    KnownFile("KICS JSON", _keys("queries_total", "files_scanned"),
              "scan to SARIF: kics scan --path DIRECTORY --report-formats sarif --output-path OUTPUT"),
    KnownFile("ScoutSuite", (rb"\A\s*scoutsuite_results\s*=",), _PROWLER.format("aws")),
    KnownFile("Wiz CSV", _columns("Resource external ID", "Control ID", "Wiz URL"),
              "rename its columns to those of docs/inputs.md and import that CSV"),
    KnownFile("Amazon Inspector JSON", _keys("findingArn", "inspectorScore"),
              "export from Security Hub: aws securityhub get-findings --filters"
              " '{\"ProductName\":[{\"Value\":\"Inspector\",\"Comparison\":\"EQUALS\"}]}' > findings.json"),
    KnownFile("Amazon Inspector JSON", _keys("findingArn", "awsAccountId", "firstObservedAt"),
              "export from Security Hub: aws securityhub get-findings --filters"
              " '{\"ProductName\":[{\"Value\":\"Inspector\",\"Comparison\":\"EQUALS\"}]}' > findings.json"),
    KnownFile("Amazon GuardDuty JSON", _keys("DetectorId", "ServiceName", "Severity"),
              "export from Security Hub: aws securityhub get-findings > findings.json"),
    KnownFile("Kubescape JSON", _keys("summaryDetails", "frameworks", "controls"),
              "scan to SARIF: kubescape scan --format sarif --output results.sarif"),
    KnownFile("Grype JSON", _keys("matches", "descriptor", "artifact"),
              "scan to SARIF: grype IMAGE --output sarif --file results.sarif"),
    KnownFile("OSV-Scanner JSON", _keys("results", "packages", "experimental_config"),
              "scan to SARIF: osv-scanner scan --format sarif --output results.sarif DIRECTORY"),
    KnownFile("tfsec JSON", _keys("results", "rule_provider", "long_id"),
              "scan to SARIF: tfsec DIRECTORY --format sarif --out results"),
    KnownFile("Terrascan JSON", _keys("results", "violations", "scan_summary"),
              "scan to SARIF: terrascan scan --output sarif > results.sarif"),
    KnownFile("Semgrep JSON", _keys("results", "check_id", "extra"),
              "scan to SARIF: semgrep scan --sarif --output results.sarif"),
    KnownFile("Gitleaks JSON", _keys("RuleID", "Fingerprint", "StartLine"),
              "scan to SARIF: gitleaks dir --report-format sarif --report-path results.sarif"),
    KnownFile("Bandit JSON", _keys("results", "test_id", "issue_severity"),
              "scan to SARIF: bandit -r DIRECTORY -f sarif -o results.sarif"),
    KnownFile("Snyk JSON", _keys("infrastructureAsCodeIssues", "projectName"),
              "scan to SARIF: snyk iac test --sarif-file-output=results.sarif"),
    KnownFile("Snyk JSON", _keys("vulnerabilities", "packageManager", "dependencyCount"),
              "scan to SARIF: snyk test --sarif-file-output=results.sarif"),
    KnownFile("Powerpipe's snapshot", _keys("schema_version", "panels", "layout"),
              "write the results: powerpipe benchmark run BENCHMARK --output json > results.json"),
    KnownFile("CloudSploit JSON", _keys("plugin", "category", "resource", "status", "message"), _PROWLER.format("aws")),
    KnownFile("Nessus", (rb"<NessusClientData_v2",),
              "rename its columns to those of docs/inputs.md and import that CSV"),
)  # fmt: skip
"""In this order: the first that matches names the file."""

SKIPPED_TOOLS: Final = frozenset(("Prowler's compliance CSV",))
"""Files that repeat what another file of the same scan holds: in a folder they are skipped."""


def recognise_known_file(head: bytes) -> KnownFile | None:
    """The kind of a file with these first bytes; None for an unknown one."""
    for each in KNOWN_FILES:
        if all(re.search(mark, head, re.IGNORECASE) for mark in each.marks):
            return each
    return None
