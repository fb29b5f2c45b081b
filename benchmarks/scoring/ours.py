"""``python -m benchmarks.scoring.ours HOME``: tally the day, score three frameworks, store the results.

The last line is the CPU time of the work itself: warm, with the lake open.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.scoring.lake import FRAMEWORKS, ORGANIZATION, scan_date
from benchmarks.scoring.work import warm_cpu_ms
from policycortex.frameworks.catalog import load_frameworks
from policycortex.frameworks.fingerprint import recorded_version
from policycortex.frameworks.model import Framework
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.result_tables import framework_scores_frame, requirement_results_frame
from policycortex.settings import Settings
from policycortex.storage.lake.lake import DayResults, Lake, open_lake
from policycortex.storage.lake.partition_spans import run_by_organization
from policycortex.storage.lake.session import Cursor, run
from policycortex.workflow.assessed_period import judge_days, read_days

_NOW = datetime(2026, 10, 1, tzinfo=UTC)


def main(home: str) -> None:
    """Run as the pipeline does, with three frameworks instead of all."""
    settings = Settings(home=Path(home))
    catalog = load_frameworks(settings.custom_frameworks_dir)
    with open_lake(settings) as lake:
        frameworks = [catalog[name] for name in FRAMEWORKS]
        spent = warm_cpu_ms(lambda: _tally_and_score(lake, frameworks))
        kept = _score(lake, frameworks)
    requirements = sum(result.requirements.height for result in kept)
    failed = sum(int(result.requirements["failed"].sum()) for result in kept)
    print(json.dumps({"work_cpu_ms": spent, "requirements": requirements, "failed": failed}))


def _tally_and_score(lake: Lake, frameworks: list[Framework]) -> None:
    _tally(lake)
    _score(lake, frameworks)


def _tally(lake: Lake) -> None:
    def work(cursor: Cursor) -> None:
        run(cursor, "tallies_delete", {"day": scan_date()})
        run_by_organization(cursor, "tallies_insert", {"day": scan_date()}, [ORGANIZATION])

    lake.session.write("tally", work)


def _score(lake: Lake, frameworks: list[Framework]) -> list[DayResults]:
    period = Period.of_days(scan_date(), scan_date())
    readings = read_days(lake, Scope(organization=ORGANIZATION), period, waivers=[], now=_NOW)
    kept = [
        DayResults(
            day=day,
            framework_id=framework.id,
            edition=framework.edition,
            requirements=requirement_results_frame(posture),
            scores=framework_scores_frame(posture, crosswalk_version=recorded_version(framework)),
        )
        for framework in frameworks
        for day, posture in judge_days(readings, framework).items()
    ]
    lake.results.replace_results(ORGANIZATION, [scan_date()], kept)
    return kept


if __name__ == "__main__":
    main(sys.argv[1])
