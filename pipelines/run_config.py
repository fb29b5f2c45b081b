"""The run configuration that people may give: plain values only, of the operations only.

Everyone who may start a run writes it. ``dg.Config`` and ``dg.ConfigurableResource`` would accept ``{env: NAME}`` for
each text and number, and an error message would then show the value of the variable. So operations declare schemas of
plain types, and resources have no run configuration at all; a test searches all jobs for types that read variables.
"""

from enum import StrEnum
from typing import Any, Final

import dagster as dg

from pipelines.resources import CoreResource
from policycortex.names import DEFAULT_ORGANIZATION, CrosswalkEdition, ReportFormat, ReportType
from policycortex.requests.report_partitions import Split

ORGANIZATION: Final = dg.Field(dg.String, default_value=DEFAULT_ORGANIZATION, description="The owner of the data.")

IMPORTS: Final = {
    "paths": dg.Field(
        dg.Array(dg.String),
        description="Files, folders, globs or object-store URLs, in the landing zone or in a folder of "
        "POLICYCORTEX_IMPORT_FOLDERS.",
    ),
    "organization": ORGANIZATION,
    "target": dg.Field(
        dg.String,
        default_value="",
        description="What the scans of the files were limited to, such as a repository or a cluster. Only a newer scan "
        "of the same target replaces them. If empty, it is taken from each file, its folder or its name.",
    ),
    "folder": dg.Field(
        dg.String,
        default_value="",
        description="Folder of the file in the landing zone: the target of a file that names none itself.",
    ),
    "upload_id": dg.Field(
        dg.String,
        default_value="",
        description="The upload to the API that brought the file; its result is recorded there.",
    ),
}
"""Of the operation ``imports``."""

REPORT: Final = {"report_id": dg.Field(dg.String, description="The report to make. Its request is in the registry.")}
"""Of the operation that makes one requested report."""


def _choice(name: str, members: type[StrEnum]) -> dg.Enum:
    """The members as a type of the launchpad, which offers them."""
    return dg.Enum(name, [dg.EnumValue(each.value) for each in members])


_FORMAT: Final = _choice("ReportFormat", ReportFormat)
_TYPE: Final = _choice("ReportType", ReportType)
_CROSSWALK: Final = _choice("CrosswalkEdition", CrosswalkEdition)
_SPLIT: Final = _choice("SplitPeriod", Split)

_FORMATS: Final = dg.Field(
    dg.Array(_FORMAT),
    default_value=[ReportFormat.PDF.value, ReportFormat.CSV.value, ReportFormat.JSON.value],
    description="Files of the report.",
)
_EDITION: Final = dg.Field(
    _CROSSWALK,
    default_value=CrosswalkEdition.REVIEWED.value,
    description="Relations of checks to requirements: reviewed, or scanner for those of the scanner's files.",
)

MONTHLY_REPORTS: Final = {
    "organization": ORGANIZATION,
    "type": dg.Field(_TYPE, default_value=ReportType.COMPLIANCE.value, description="Purpose of the reports."),
    "formats": _FORMATS,
    "crosswalk": _EDITION,
}
"""Of the operation that makes monthly reports."""

PERIOD_REPORT: Final = {
    "formats": _FORMATS,
    "name": dg.Field(
        dg.String, default_value="", description="Name of the report. If empty: framework, type and period."
    ),
    "environments": dg.Field(
        dg.Array(dg.String), default_value=[], description="Only findings of these environments. If empty: all."
    ),
    "cloud_providers": dg.Field(
        dg.Array(dg.String), default_value=[], description="Only findings of these providers. If empty: all."
    ),
    "accounts": dg.Field(
        dg.Array(dg.String), default_value=[], description="Only findings of these accounts. If empty: all."
    ),
    "account_groups": dg.Field(
        dg.Array(dg.String), default_value=[], description="Only accounts of these groups of the account table."
    ),
    "services": dg.Field(
        dg.Array(dg.String), default_value=[], description="Only findings of these services. If empty: all."
    ),
    "regions": dg.Field(
        dg.Array(dg.String), default_value=[], description="Only findings of these regions. If empty: all."
    ),
    "tags": dg.Field(
        dg.Array(dg.String),
        default_value=[],
        description="Only resources with these tags, as key=value. Of one key any value counts, of several keys each.",
    ),
    "owners": dg.Field(
        dg.Array(dg.String),
        default_value=[],
        description="Only resources of these owners, as their tags name them; `no owner` for those without.",
    ),
    "crosswalk": _EDITION,
    "locale": dg.Field(dg.String, default_value="en", description="Language of the texts: en or de."),
}
"""Of the operation that makes the report of a period; period, framework and type are the partition."""

REQUEST_REPORTS: Final = {
    "periods": dg.Field(
        dg.Array(dg.String),
        default_value=["last_month"],
        description="2026-Q3, 2026-07, 2026, 2026-07-01..2026-09-30, or relative to today: last_month, last_quarter, "
        "last_year, quarter_to_date, ...",
    ),
    "split": dg.Field(
        _SPLIT, default_value=Split.NONE.value, description="Cut each period into whole months or quarters."
    ),
    "frameworks": dg.Field(
        dg.Array(dg.String),
        default_value=["soc2"],
        description="Ids; soc2+hipaa is one report on both, * is all findings.",
    ),
    "types": dg.Field(
        dg.Array(_TYPE), default_value=[ReportType.COMPLIANCE.value], description="Purposes; one report of each."
    ),
    "organization": ORGANIZATION,
    "timezone": dg.Field(dg.String, default_value="UTC", description="IANA zone in which the periods' days are cut."),
    **PERIOD_REPORT,
}
"""Of the operation that makes reports of typed periods: one for each period, framework and type."""


def config_of(context: dg.AssetExecutionContext) -> dict[str, Any]:
    """The operation's configuration, with defaults, as its schema above says."""
    config: dict[str, Any] = context.op_execution_context.op_config
    return config


def _no_storage(_context: dg.InitResourceContext) -> dg.IOManager:
    return dg.InMemoryIOManager()  # type: ignore[no-untyped-call] # Dagster's


def fixed_resources(core: CoreResource) -> dict[str, dg.ResourceDefinition]:
    """The resources of all jobs, without run configuration: nobody who starts a run may choose another home.

    No asset stores its output by Dagster; the default ``io_manager`` would let a run choose a folder.
    """
    return {
        "core": dg.ResourceDefinition(lambda _context: core, config_schema={}),
        "io_manager": dg.IOManagerDefinition(_no_storage, config_schema={}),
    }
