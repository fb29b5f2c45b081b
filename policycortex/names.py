"""Names that several packages use: closed sets, run tags, and Dagster's names of the report job."""

from enum import StrEnum
from typing import Final


class ReportType(StrEnum):
    """The purpose of a report; it decides the sections and their order."""

    COMPLIANCE = "compliance"
    AUDIT = "audit"
    RISK = "risk"
    TREND = "trend"
    REMEDIATION = "remediation"
    POAM = "poam"
    """A plan of action and milestones; OSCAL, Excel and CSV files are the plan itself."""
    STATEMENT_OF_APPLICABILITY = "statement_of_applicability"
    """Of ISO/IEC 27001: every control with inclusion, reason and status; no summary and no findings on its pages."""
    INDICATOR_HISTORY = "indicator_history"
    """Of FedRAMP 20x: the status of each key security indicator on each day of 18 months, as the CSV file, too."""


class PdfVariant(StrEnum):
    """Standards of a PDF."""

    ARCHIVE = "pdf/a-3b"
    """ISO 19005-3, level B, for archiving; contains the report's JSON and CSV."""
    ACCESSIBLE = "pdf/ua-1"
    """ISO 14289-1, for screen readers."""


class OscalVersion(StrEnum):
    """Versions of OSCAL that documents are written in."""

    V1_1_2 = "1.1.2"
    V1_1_3 = "1.1.3"
    V1_2_1 = "1.2.1"


class FindingsDetail(StrEnum):
    """The findings that the pages of a report print."""

    NONE = "none"
    NOT_PASSING = "not_passing"
    """Failing, muted and waived ones and those for manual review; passing ones are counted."""
    ALL = "all"


class ReportFormat(StrEnum):
    """File formats of a document."""

    PDF = "pdf"
    EXCEL = "excel"
    CSV = "csv"
    JSON = "json"
    HTML = "html"
    OSCAL = "oscal"
    PARQUET = "parquet"
    OCSF = "ocsf"
    DOCX = "docx"

    @property
    def extension(self) -> str:
        """File extension without dot."""
        return {"excel": "xlsx", "oscal": "oscal.json", "ocsf": "ocsf.json"}.get(self.value, self.value)

    @property
    def media_type(self) -> str:
        """IANA media type, as sent in ``Content-Type``."""
        return _MEDIA_TYPES[self.value]


_MEDIA_TYPES: Final = {
    "pdf": "application/pdf",
    "excel": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "oscal": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "ocsf": "application/json",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


class ReportStatus(StrEnum):
    """The status of a report. The last four are final; ``expired`` follows ``completed`` after the retention time."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class ReportStage(StrEnum):
    """What the run of a report does; ``rendering`` is followed by the format."""

    READING = "reading"
    """Days that changed are evaluated again."""
    COMPOSING = "composing"
    RENDERING = "rendering"
    PROTECTING = "protecting"
    """Passwords, watermarks and signatures."""
    STORING = "storing"


class DeliveryStatus(StrEnum):
    """The status of a delivery. All but the first three are final unless it is replayed."""

    WAITING = "waiting"
    """Its report is not completed yet."""
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    """Refused, or deferred too often."""
    UNCERTAIN = "uncertain"
    WITHHELD = "withheld"
    """Its condition was not met."""
    ABANDONED = "abandoned"
    """Its report failed or was cancelled."""
    CANCELLED = "cancelled"
    """A person cancelled it, or deleted its report or schedule, before it was sent."""


class EventKind(StrEnum):
    """What a subscription can be informed of."""

    REPORT_COMPLETED = "report.completed"
    REPORT_FAILED = "report.failed"
    REPORT_CANCELLED = "report.cancelled"
    """Also by deleting it before it ended."""
    REPORT_EXPIRED = "report.expired"
    DELIVERY_FAILED = "delivery.failed"
    """Given up, or it is not known whether it arrived."""
    SCORE_DROPPED = "score.dropped"
    """The newest day's score of a framework is at least one point below that of the day before it."""
    FINDING_CRITICAL_NEW = "finding.critical_new"
    """Critical findings fail since the newest evaluated day."""
    WAIVER_EXPIRING = "waiver.expiring"
    """It ends within fourteen days."""
    ATTESTATION_EXPIRING = "attestation.expiring"
    """The same."""
    DATA_STALE = "data.stale"
    """An account is no longer scanned."""


class EventStatus(StrEnum):
    """The state of one event of one subscription."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    """Refused, or deferred too often; it can be replayed."""


class TicketStepKind(StrEnum):
    """What is done to a ticket."""

    CREATE = "create"
    COMMENT = "comment"
    CLOSE = "close"
    REOPEN = "reopen"


class TicketStepStatus(StrEnum):
    """The state of one step of a ticket. The steps of a ticket are done in their order."""

    PENDING = "pending"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"
    """Refused, or deferred too often; it can be retried."""


class SplitBy(StrEnum):
    """What a schedule makes one report of each for."""

    ACCOUNT_GROUP = "account_group"
    """A named list of accounts."""
    ENVIRONMENT = "environment"
    OWNER = "owner"
    """The owner that resources' tags name. Owners that no part names have parts of their own."""


class FindingStatus(StrEnum):
    """The raw outcome of one check on one resource, before muting and waiving."""

    PASS = "PASS"  # noqa: S105 - an outcome, not a password
    FAIL = "FAIL"
    MANUAL = "MANUAL"


class Severity(StrEnum):
    """Severity of a finding, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFORMATIONAL = "informational"


class RequirementResult(StrEnum):
    """The result of one requirement."""

    COMPLIANT = "compliant"
    NON_COMPLIANT = "non_compliant"
    SUPPORTING_EVIDENCE = "supporting_evidence"
    """Only checks that support the requirement pass, and none fails: neither met nor not met."""
    NOT_ASSESSED = "not_assessed"
    MANUAL = "manual"
    NOT_APPLICABLE = "not_applicable"


class Decider(StrEnum):
    """Who says whether a requirement is met."""

    SCANNER = "scanner"
    PEOPLE = "people"


class RequirementKind(StrEnum):
    """What a requirement is within its framework."""

    STANDARD = "standard"
    """Of HIPAA: implemented by its specifications."""
    REQUIRED = "required"
    """A specification of HIPAA that must be implemented."""
    ADDRESSABLE = "addressable"
    """A specification of HIPAA that is implemented, or whose reasons for not doing so are documented."""
    CONTROL = "control"
    """A base control of NIST SP 800-53."""
    ENHANCEMENT = "enhancement"
    """An enhancement of a control of NIST SP 800-53."""


class RequirementTag(StrEnum):
    """What a framework says of single requirements, beside their kind."""

    LEVEL_1 = "level_1"
    """Of the first level: CIS benchmarks, CMMC."""
    LEVEL_2 = "level_2"
    LEVEL_3 = "level_3"
    AUTOMATED = "automated"
    """Its author says that a program can assess it."""
    BY_HAND = "by_hand"
    """Its author says that a person assesses it. The product decides by ``manual_for``, not by this."""
    SERVICE_PROVIDER = "service_provider"
    """Of PCI DSS: for service providers only."""
    SUPERSEDED = "superseded"
    """A later requirement of the same version has replaced it."""


class RelationStrength(StrEnum):
    """What a check shows about a requirement that it is related to."""

    DIRECT = "direct"
    """The check tests the requirement. Only such a relation can make a requirement compliant."""
    SUPPORTING = "supporting"
    """The check helps, and does not show that the requirement is met."""
    CONTRARY = "contrary"
    """The check says nothing of the requirement, or works against it. The relation does not count."""


class CrosswalkEdition(StrEnum):
    """Which relations of a framework count."""

    REVIEWED = "reviewed"
    """Relations with a strength: contrary ones do not count, and missing ones are added."""
    SCANNER = "scanner"
    """Relations as the scanner's framework files have them, all direct."""


class DateRangeType(StrEnum):
    """Periods relative to a time, resolved in a time zone."""

    YESTERDAY = "yesterday"
    LAST_7_DAYS = "last_7_days"
    LAST_WEEK = "last_week"
    LAST_30_DAYS = "last_30_days"
    LAST_MONTH = "last_month"
    LAST_QUARTER = "last_quarter"
    LAST_YEAR = "last_year"
    MONTH_TO_DATE = "month_to_date"
    QUARTER_TO_DATE = "quarter_to_date"
    YEAR_TO_DATE = "year_to_date"


class ImportStatus(StrEnum):
    """The status of an uploaded file. The last two are final."""

    PENDING = "pending"
    """Stored; its run has not begun."""
    RUNNING = "running"
    COMPLETED = "completed"
    """Read. ``files`` tell what was kept of each."""
    FAILED = "failed"
    """Nothing of it was imported."""


UNKNOWN_ENVIRONMENT: Final = "unknown"
ANY_FRAMEWORK: Final = "*"
"""Framework key of requirements that findings name without a framework."""
DEFAULT_ORGANIZATION: Final = "default"
SANDBOX_ORGANIZATION: Final = "sandbox"

TAG_REPORT: Final = "policycortex/report_id"
TAG_SCHEDULE: Final = "policycortex/schedule_id"
TAG_TICK: Final = "policycortex/tick"
TAG_ORGANIZATION: Final = "policycortex/organization"
TAG_FRAMEWORK: Final = "policycortex/framework"
TAG_REPORT_NAME: Final = "policycortex/report"
TAG_TYPE: Final = "policycortex/type"
TAG_PERIOD: Final = "policycortex/period"
TAG_BACKFILL: Final = "policycortex/backfill"

TAG_TRACE: Final = "policycortex/traceparent"
"""The span, as a W3C ``traceparent``, that the run and its deliveries belong to. Only where spans are made."""

TAG_GROUP: Final = "policycortex/group"
"""What the run's job is for: ``upkeep`` or absent. The list of runs filters by it."""
UPKEEP: Final = "upkeep"

TAG_PRIORITY: Final = "dagster/priority"

REPORT_JOB: Final = "make_report"
"""The Dagster job that produces one report."""
REPORT_OPERATION: Final = "reports__artifacts"
"""The operation of that job; its configuration is ``{"report_id": ...}``."""
REPORT_PARTITIONS: Final = "report_periods"
"""The dynamic partitions of that job; a key names period, framework, type and scope of a report. Keys that version 0.1
wrote name the period only."""
RANGE_PARTITIONS: Final = "report_ranges"
"""The dynamic partitions of reports that are requested in Dagster: their periods, such as ``2026-Q3``."""
KIND_PARTITIONS: Final = "report_kinds"
"""Their other dimension: framework and type, such as ``soc2 audit``."""
DAY_PARTITIONS: Final = "scan_days"
"""The dynamic partitions of daily assets: UTC days on which something was scanned, such as ``2026-10-31``."""
FRAMEWORK_PARTITIONS: Final = "frameworks"
"""The dynamic partitions of monthly reports, besides their month; a key is a framework's id."""
MONTH_PARTITIONS: Final = "report_months"
"""The other dimension: first days of closed UTC months, such as ``2026-10-01``."""


class RunPriority(StrEnum):
    """Values of TAG_PRIORITY: of the waiting runs, the highest number starts first."""

    DELIVERY = "5"
    """Deliveries of finished reports do not wait for reports."""
    API = "3"
    """A person waits for the report."""
    SCHEDULE = "0"
    """Dagster's default: customers' schedules, and runs after an import."""
    CLOSED_MONTHS = "-5"
    BACKFILL = "-10"


TAG_WILL_RETRY: Final = "dagster/will_retry"
TAG_FAILURE_REASON: Final = "dagster/failure_reason"
OWN_FAILURES: Final = frozenset({"STEP_FAILURE"})
"""Dagster's failure reasons when the report itself failed; after all others its run was lost."""

MOST_RUNS: Final = 8
"""Number of lost runs (killed, never started) after which a report fails: about half an hour."""
