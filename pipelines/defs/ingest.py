"""Assets of imports: files, quarantined records and findings. Importing a file again changes nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures
from pipelines.metadata import describe_findings, describe_import, describe_quarantine
from pipelines.partitions import has_partition, scan_days, today
from pipelines.report_keys import add_scanned
from pipelines.resources import CoreResource
from pipelines.run_config import IMPORTS as IMPORTS_CONFIG
from pipelines.run_config import config_of
from pipelines.tables import table_metadata
from policycortex.workflow.import_limits import import_limits
from policycortex.workflow.ingest import ingest_files
from policycortex.workflow.uploads import reported_upload

IMPORTS = dg.AssetKey(["raw", "imports"])
QUARANTINE = dg.AssetKey(["raw", "quarantine"])
FINDINGS = dg.AssetKey(["core", "findings"])
OWNERS = ["team:compliance-data"]


findings = dg.AssetSpec(
    key=FINDINGS,
    deps=[IMPORTS],
    group_name="ingest",
    owners=OWNERS,
    kinds={"ducklake", "parquet"},
    partitions_def=scan_days,
    metadata=table_metadata(FINDINGS),
    description="All findings, one row per outcome of a check on a resource, by the UTC day of observation. "
    "Written by `raw/imports`, which reports each day that an import changed as a materialization.",
)


@dg.multi_asset(
    name="imports",
    specs=[
        dg.AssetSpec(
            key=IMPORTS,
            description="One row per imported file: digest, format, records read, kept and quarantined.",
            kinds={"ducklake"},
            owners=OWNERS,
            metadata=table_metadata(IMPORTS),
        ),
        dg.AssetSpec(
            key=QUARANTINE,
            description="Records that could not be kept, with file, byte offset, length, reason and raw text.",
            kinds={"ducklake"},
            owners=OWNERS,
            metadata=table_metadata(QUARANTINE),
        ),
    ],
    group_name="ingest",
    config_schema=IMPORTS_CONFIG,
    pool="lake",
    retry_policy=RETRY_TRANSIENT,
)
def imports(context: dg.AssetExecutionContext, core: CoreResource) -> Iterator[dg.MaterializeResult[None]]:
    """Import the files of the run's configuration, each in one transaction. Their days become partitions."""
    config = config_of(context)
    with core_errors_as_failures(core):
        settings = core.settings()
        upload_id, organization = config["upload_id"], config["organization"]
        with reported_upload(settings, upload_id, organization=organization, run_id=context.run.run_id) as report:
            summary = ingest_files(
                settings,
                config["paths"],
                organization=organization,
                now=datetime.now(UTC),
                target=config["target"],
                folder=config["folder"],
                progress=context.log.info,
                on_records=report.note_records,
                limits=None if core.imports_any_path else import_limits(settings),
            )
            report.end(summary)
    add_scanned(context.instance, summary.dates, today=today())
    for day in summary.dates:
        if has_partition(day, today=today()):
            context.log_event(
                dg.AssetMaterialization(FINDINGS, partition=day.isoformat(), metadata=describe_findings(summary))
            )
    yield dg.MaterializeResult(asset_key=IMPORTS, metadata=describe_import(summary))
    yield dg.MaterializeResult(asset_key=QUARANTINE, metadata=describe_quarantine(summary))
    with core_errors_as_failures(core):
        summary.refuse_unreadable()
