"""The days that the lake holds, as partitions of daily assets, for homes whose partitions do not have them.

Imports add the days of their files. Earlier versions had all days since 2020 as partitions, so that most looked as if
they were missing; the history of a day is kept under its key, which is the same.
"""

import dagster as dg

from pipelines.partitions import add_scan_days, today
from policycortex.names import DAY_PARTITIONS
from policycortex.settings import Settings
from policycortex.storage.lake.catalog import has_catalog_file
from policycortex.workflow.posture import load_scan_days


def add_days_of_earlier_version(instance: dg.DagsterInstance, settings: Settings) -> None:
    """Add all days of the lake where no day is a partition yet; where one is, imports have added the others."""
    if not instance.get_dynamic_partitions(DAY_PARTITIONS) and (settings.database_url or has_catalog_file(settings)):
        add_stored_days(instance, settings)


def add_stored_days(instance: dg.DagsterInstance, settings: Settings) -> None:
    """Add all days of the lake, also those of scanners whose clock was ahead when their file was imported."""
    add_scan_days(instance, load_scan_days(settings, today=today()))
