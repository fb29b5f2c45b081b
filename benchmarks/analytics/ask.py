"""``python -m benchmarks.analytics.ask HOME QUESTION DAYS``: answer as the API does, opening the lake each time.

The last line is the CPU time of one answer in milliseconds: the median of five, after one that is not counted.
QUESTION is ``trends`` or ``risk``, each also with ``-soc2``.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from benchmarks.analytics.lake import LAST_DAY, ORGANIZATION
from policycortex.frameworks.catalog import load_builtin_frameworks
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.risk_model import RiskWeights
from policycortex.scoring.trend import Granularity
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.workflow.analytics import load_risk, load_trends
from policycortex.workflow.analytics_query import AnalyticsQuery

ANSWERS = 5


def main(home: str, name: str, days: str) -> None:
    """Measure, and print the figures."""
    frameworks = load_builtin_frameworks()
    word, _, framework = name.partition("-")
    question = AnalyticsQuery(
        scope=Scope(organization=ORGANIZATION),
        period=Period.of_days(LAST_DAY - timedelta(days=int(days) - 1), LAST_DAY),
        framework=frameworks[framework] if framework else None,
        waivers=(),
        now=datetime(2026, 11, 1, 8, tzinfo=UTC),
    )

    def ask() -> None:
        with open_lake(Settings(home=Path(home))) as lake:
            if word == "trends":
                found = load_trends(lake, question, granularity=Granularity.DAY, by=None, frameworks=frameworks)
                assert found.change is not None
            else:
                assert load_risk(lake, question, weights=RiskWeights(), frameworks=frameworks, top=20).risk.top

    ask()
    print(json.dumps({"answer_cpu_ms": median(_spent(ask) for _ in range(ANSWERS))}))


def _spent(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return 1000 * (time.process_time() - began)


if __name__ == "__main__":
    main(*sys.argv[1:])
