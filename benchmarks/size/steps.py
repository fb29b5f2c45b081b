"""``python -m benchmarks.size.steps import HOME FOLDER`` and ``... judge HOME``: what a schedule does each day."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from benchmarks.data import SCAN_DAY
from benchmarks.scoring.lake import ORGANIZATION
from policycortex.settings import Settings
from policycortex.workflow.analytics_days import rebuild_analytics
from policycortex.workflow.ingest import ingest_files
from policycortex.workflow.posture import rebuild_days, score_days

_NOW = SCAN_DAY + timedelta(days=1)


def main(step: str, home: str, files: Sequence[str]) -> None:
    """One of the steps."""
    settings, days = Settings(home=Path(home)), [SCAN_DAY.date()]
    if step == "import":
        paths = sorted(path for folder in files for path in Path(folder).glob("*.json"))
        ingest_files(settings, paths, organization=ORGANIZATION, now=_NOW).refuse_unreadable()
        return
    rebuild_days(settings, days)
    score_days(settings, days, now=_NOW)
    rebuild_analytics(settings, days)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
