"""``python -m benchmarks.ingest.ours HOME [FILE...]``: import into the lake of HOME, as the command line does.

Without a file only the lake is created.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.ingest import ingest_files


def main(home: str, *files: str) -> None:
    """Import, and print the counts."""
    settings, now = Settings(home=Path(home)), datetime(2026, 10, 1, tzinfo=UTC)
    if not files:
        with open_lake(settings):
            return
    summary = ingest_files(settings, [Path(file) for file in files], organization="default", now=now)
    print(json.dumps({"rows": summary.kept, "quarantined": summary.quarantined}))


if __name__ == "__main__":
    main(*sys.argv[1:])
