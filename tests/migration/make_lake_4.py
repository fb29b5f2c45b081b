"""Makes ``lake_4.tar.xz``: a lake of schema version 4, with the files of some input cases. See README.md.

Run it in a checkout of a program whose lake has version 4: ``python make_lake_4.py CASES lake_4.tar.xz``.
"""

import os
import sys
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.ingest import ingest_files

CASES = (
    "scan-choice-two-regions-prowler/eu.ocsf.json",
    "scan-choice-two-regions-prowler/us.ocsf.json",
    "scan-choice-two-repos-checkov/repo-a.json",
    "scan-choice-two-repos-checkov/repo-b.json",
    "sarif-fixed-finding-stays/d1.sarif",
    "sarif-fixed-finding-stays/d2.sarif",
    "sarif-fixed-finding-stays/d3.sarif",
    "sechub-export-older-than-day/all.json",
)


def main(cases: Path, target: Path) -> None:
    """Import the cases, files of Checkov an hour apart, and pack the lake."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home")
        for hour, name in enumerate(CASES):
            copy = Path(folder) / Path(name).name
            copy.write_bytes((cases / name).read_bytes())
            moment = datetime(2026, 11, 26, 10 + hour, tzinfo=UTC).timestamp()
            os.utime(copy, (moment, moment))
            done = ingest_files(settings, [copy], organization="acme", now=datetime(2026, 11, 29, tzinfo=UTC))
            with open_lake(settings) as lake:
                lake.state.rebuild_state(done.dates)
        with tarfile.open(target, "w:xz") as archive:
            archive.add(settings.home / "lake", "lake", filter=lambda item: None if "scratch" in item.name else item)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]).absolute())
