"""``python -m benchmarks.scoring.lake HOME FILE``: import a file, build its day, and write the other programs' input.

They read Parquet files: ``state.parquet`` (the columns of finding_state that scoring needs) and ``crosswalk.parquet``
(the relations as the product resolved them, so that the others need not do it).
"""

import sys
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.data import SCAN_DAY
from policycortex.findings.accounts import load_account_environments
from policycortex.frameworks.catalog import load_frameworks
from policycortex.frameworks.crosswalk import expand_crosswalk
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.workflow.ingest import ingest_files

FRAMEWORKS: Final = ("soc2", "hipaa", "iso27001")
ORGANIZATION: Final = "default"

_STATE: Final = """
COPY (
    SELECT provider, check_id, mapping_id, severity, status, is_muted FROM lake.core.finding_state
    WHERE observed_date = $day
) TO '{}' (FORMAT parquet, COMPRESSION zstd)
"""


def build(home: Path, file: Path) -> None:
    """Build once; a second call does nothing."""
    mark = home / "built"
    if mark.exists():
        return
    settings = Settings(home=home)
    ingest_files(settings, [file], organization=ORGANIZATION, now=SCAN_DAY)
    with open_lake(settings) as lake:
        lake.state.rebuild_state([scan_date()], load_account_environments(home / "accounts.yaml"))
        with lake.session.cursor() as cursor:
            # Not a parameter: COPY does not accept one for the path in all versions.
            cursor.execute(_STATE.format(home / "state.parquet"), {"day": scan_date()})
        _relations(settings, lake).write_parquet(home / "crosswalk.parquet")
    mark.touch()


def scan_date() -> date:
    """The UTC day of the scan."""
    return SCAN_DAY.date()


def _relations(settings: Settings, lake: Lake) -> pl.DataFrame:
    tallies = lake.period_end.load_tallies(Scope(organization=ORGANIZATION), Period.of_days(scan_date(), scan_date()))
    mappings, catalog = lake.period_end.load_mappings(ORGANIZATION), load_frameworks(settings.custom_frameworks_dir)
    return pl.concat(
        expand_crosswalk(catalog[name], tallies, mappings).with_columns(framework_id=pl.lit(name))
        for name in FRAMEWORKS
    )


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
