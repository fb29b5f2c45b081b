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
    return tuple(rb'\A[^\n]*"?\b%b"?\s*(?:[,;\t\r\n]|\Z)' % re.escape(name).encode() for name in names)


_PROWLER: Final = "scan with Prowler instead: prowler {} --output-formats json-ocsf"
_OWN_COLUMNS: Final = "rename its columns to those of docs/inputs.md and import that CSV"
_SECURITY_HUB: Final = "export from Security Hub: aws securityhub get-findings{} > findings.json"
_INSPECTOR: Final = _SECURITY_HUB.format(' --filters \'{"ProductName":[{"Value":"Inspector","Comparison":"EQUALS"}]}\'')
_HUB_EXPORT: Final = _SECURITY_HUB.format("")
_TO_ASFF: Final = "convert it: saf convert hdf2asff -i FILE -o FOLDER -a ACCOUNT -r REGION -t TARGET"

KNOWN_FILES: Final = (
    KnownFile("Prowler's compliance CSV", _columns("PROVIDER", "REQUIREMENTS_ID"),
              "import the OCSF JSON or the CSV of all findings of the same scan"),
    KnownFile("Prowler 2 CSV", _columns("TITLE_ID", "CHECK_RESULT"),
              "use Prowler 4 or later: prowler aws --output-formats json-ocsf"),
    KnownFile("Prowler 3 JSON", _keys("AssessmentStartTime", "FindingUniqueId", "CheckID"),
              "import the CSV of the same scan, or use Prowler 4 or later: prowler aws --output-formats json-ocsf"),
    KnownFile("Trivy's summary of a compliance report", _keys("SummaryControls", "ID"),
              "make the whole report: trivy k8s --compliance k8s-cis-1.23 --report all --format json --output FILE"),
    KnownFile("kube-bench's totals without results", _keys("Totals", "total_fail"),
              "make the whole report: kube-bench run --json > results.json"),
    KnownFile("kube-bench's text", (rb"\A\[(?:INFO|PASS|FAIL|WARN)\] \d",),
              "write JSON: kube-bench run --json > results.json"),
    KnownFile("kube-hunter JSON", _keys("vulnerabilities", "hunter_statistics"), _PROWLER.format("kubernetes")),
    KnownFile("KICS JSON", _keys("queries_total", "files_scanned"),
              "scan to SARIF: kics scan --path DIRECTORY --report-formats sarif --output-path OUTPUT"),
    KnownFile("ScoutSuite", (rb"\A\s*scoutsuite_results\s*=",), _PROWLER.format("aws")),
    KnownFile("ScoutSuite", _keys("provider_code", "last_run", "services"), _PROWLER.format("aws")),
    KnownFile("Wiz CSV", _columns("Resource external ID", "Control ID", "Wiz URL"), _OWN_COLUMNS),
    KnownFile("Wiz CSV", _columns("Issue ID", "Control ID", "Resource Type"), _OWN_COLUMNS),
    KnownFile("Wiz JSON", _keys("entitySnapshot", "sourceRule"), "export CSV and " + _OWN_COLUMNS),
    KnownFile("Orca Security JSON", _keys("asset_unique_id", "orca_score"), "export CSV and " + _OWN_COLUMNS),
    KnownFile("Lacework JSON", _keys("REC_ID", "VIOLATIONS"), "export CSV and " + _OWN_COLUMNS),
    KnownFile("Prisma Cloud JSON", _keys("policy", "rrn", "firstSeen"), "export CSV and " + _OWN_COLUMNS),
    KnownFile("Prisma Cloud JSON", _keys("results", "complianceDistribution"), "export CSV and " + _OWN_COLUMNS),
    KnownFile("Prisma Cloud CSV", _columns("Alert ID", "Policy Name", "Policy Type"), _OWN_COLUMNS),
    KnownFile("Amazon Inspector JSON", _keys("findingArn", "inspectorScore"), _INSPECTOR),
    KnownFile("Amazon Inspector JSON", _keys("findingArn", "awsAccountId", "firstObservedAt"), _INSPECTOR),
    KnownFile("Amazon GuardDuty JSON", _keys("DetectorId", "ServiceName", "Severity"), _HUB_EXPORT),
    KnownFile("Amazon Macie JSON", _keys("classificationDetails", "accountId"), _HUB_EXPORT),
    KnownFile("Amazon Macie JSON", _keys("policyDetails", "accountId", "resourcesAffected"), _HUB_EXPORT),
    KnownFile("AWS Config's snapshot", _keys("configSnapshotId", "configurationItems"), _HUB_EXPORT),
    KnownFile("AWS Config's results", _keys("EvaluationResultIdentifier", "ComplianceType"), _HUB_EXPORT),
    KnownFile("AWS Config's results", _keys("ComplianceByConfigRules", "ConfigRuleName"), _HUB_EXPORT),
    KnownFile("IAM Access Analyzer JSON", _keys("analyzedAt", "resourceOwnerAccount"), _HUB_EXPORT),
    KnownFile("a notification of Amazon SNS", _keys("TopicArn", "MessageId", "Message"),
              "save the text of its key Message, which is JSON, to a file and import that"),
    KnownFile("messages of Amazon SQS", _keys("Messages", "ReceiptHandle", "Body"),
              "save the texts of the keys Body, which are JSON, to a file and import that"),
    KnownFile("assessments of Defender for Cloud as JSON", (rb"Microsoft\.Security/(?:sub)?Assessments",),
              "use \"Download CSV report\" on the page Recommendations of Microsoft Defender for Cloud"),
    KnownFile("Azure Policy JSON", _keys("policyAssignmentId", "complianceState"), _PROWLER.format("azure")),
    KnownFile("Security Command Center YAML",
              (rb"\A(?:---\s*)?-?\s*(?:finding|resource|stateChange):", rb"\bcategory:"),
              "write JSON: gcloud scc findings list ORGANIZATION --format=json > findings.json"),
    KnownFile("Security Command Center CSV", _columns("category", "state", "resource.name"),
              "write JSON: gcloud scc findings list ORGANIZATION --format=json > findings.json"),
    KnownFile("Trivy JSON of version 0.19 or earlier", (rb"\A\s*\[", *_keys("Target", "Type", "Vulnerabilities")),
              "use Trivy 0.20 or later: trivy image --format json --output results.json IMAGE"),
    KnownFile("Trivy's Kubernetes JSON of version 0.35 or earlier",
              _keys("ClusterName", "Namespace", "Misconfigurations"),
              "use Trivy 0.36 or later: trivy k8s --report all --format json --output results.json"),
    KnownFile("Kubescape JSON", _keys("summaryDetails", "frameworks", "controls"),
              "scan to SARIF: kubescape scan --format sarif --output results.sarif"),
    KnownFile("GitLab's security report", _keys("vulnerabilities", "scan", "analyzer"),
              "let the analyzer write SARIF and import that"),
    KnownFile("GitHub's code scanning alerts", _keys("most_recent_instance", "rule", "tool"),
              "get SARIF: gh api -H 'Accept: application/sarif+json'"
              " /repos/OWNER/REPOSITORY/code-scanning/analyses/ID > results.sarif"),
    KnownFile("GitHub's secret scanning alerts", _keys("secret_type", "push_protection_bypassed"), _OWN_COLUMNS),
    KnownFile("Dependabot's alerts", _keys("security_advisory", "security_vulnerability"),
              "scan the repository: trivy repo --format json --output results.json REPOSITORY"),
    KnownFile("npm audit JSON", _keys("auditReportVersion", "vulnerabilities"),
              "scan the folder: trivy fs --format json --output results.json DIRECTORY"),
    KnownFile("Grype JSON", _keys("matches", "descriptor", "artifact"),
              "scan to SARIF: grype IMAGE --output sarif --file results.sarif"),
    KnownFile("OSV-Scanner JSON", _keys("results", "packages", "experimental_config"),
              "scan to SARIF: osv-scanner scan --format sarif --output results.sarif DIRECTORY"),
    KnownFile("tfsec JSON", _keys("results", "rule_provider", "long_id"),
              "scan to SARIF: tfsec DIRECTORY --format sarif --out results"),
    KnownFile("Terrascan JSON", _keys("results", "violations", "scan_summary"),
              "scan to SARIF: terrascan scan --output sarif > results.sarif"),
    KnownFile("cfn-nag JSON", _keys("failure_count", "file_results"),
              "scan to SARIF: cfn_nag_scan --input-path DIRECTORY --output-format sarif > results.sarif"),
    KnownFile("cfn-lint JSON", _keys("Filename", "Rule", "ShortDescription"),
              "scan to SARIF: cfn-lint --format sarif TEMPLATE > results.sarif"),
    KnownFile("kube-score JSON", _keys("object_name", "type_meta", "checks"),
              "scan to SARIF: kube-score score -o sarif FILES > results.sarif"),
    KnownFile("KubeLinter JSON", _keys("Reports", "Diagnostic", "Check"),
              "scan to SARIF: kube-linter lint --format sarif DIRECTORY > results.sarif"),
    KnownFile("Polaris JSON", _keys("PolarisOutputVersion", "Results"), _PROWLER.format("kubernetes")),
    KnownFile("Hadolint JSON", (rb'"code"\s*:\s*"(?:DL|SC)\d{4}"', *_keys("level", "line")),
              "scan to SARIF: hadolint --format sarif Dockerfile > results.sarif"),
    KnownFile("Dockle JSON", _keys("fatal", "warn", "details", "alerts"),
              "scan to SARIF: dockle --format sarif --output results.sarif IMAGE"),
    KnownFile("OWASP Dependency-Check JSON", _keys("reportSchema", "scanInfo", "dependencies"),
              "scan to SARIF: dependency-check --scan DIRECTORY --format SARIF"),
    KnownFile("TruffleHog JSON", _keys("SourceMetadata", "DetectorName", "Verified"),
              "scan with Gitleaks instead: gitleaks dir --report-format sarif --report-path results.sarif"),
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
    KnownFile("CloudSploit CSV", _columns("category", "resource", "statusWord"), _PROWLER.format("aws")),
    KnownFile("Nessus", (rb"<NessusClientData_v2",), "export CSV and " + _OWN_COLUMNS),
    KnownFile("Nessus CSV", _columns("Plugin ID", "Risk", "Host"), _OWN_COLUMNS),
    KnownFile("InSpec JSON", _keys("platform", "profiles", "statistics"), _TO_ASFF),
    KnownFile("OpenSCAP XML", (rb"<(?:\w+:)?(?:TestResult|asset-report-collection|Benchmark)\b", rb"xccdf"),
              "convert it to HDF with saf convert xccdf_results2hdf, then: saf convert hdf2asff"),
    KnownFile("rows of CloudQuery", (rb'"?\b_cq_(?:id|sync_time)"?\s*[,;:\t]',),
              "select the columns of docs/inputs.md as CSV"),
    KnownFile("rows of a Steampipe query", _keys("columns", "rows", "column_name"),
              "run a benchmark: powerpipe benchmark run BENCHMARK --output json > results.json"),
    KnownFile("a CycloneDX list of components", _keys("bomFormat", "specVersion"),
              "it has no findings; scan it: trivy sbom --format json --output results.json FILE"),
    KnownFile("an SPDX list of components", _keys("spdxVersion", "packages"),
              "it has no findings; scan it: trivy sbom --format json --output results.json FILE"),
    KnownFile("an archive in an archive, or compressed twice",
              (rb"\A(?:PK\x03\x04|PK\x05\x06|\x1f\x8b|\x28\xb5\x2f\xfd|BZh\d|\xfd7zXZ\x00|(?s:.{257})ustar)",),
              "unpack it once and import what it contains"),
    KnownFile("an archive of 7-Zip, RAR, LZ4 or Snappy",
              (rb"\A(?:7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|\x04\x22\x4d\x18|\xff\x06\x00\x00sNaPpY)",),
              "unpack it, or pack it as zip, tar, gzip or zstd"),
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
