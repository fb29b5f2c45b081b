"""``python -m benchmarks.scoring.with_sql HOME OUT``: the lower bound: one statement over the same lake, to Parquet."""

import json
import sys
from pathlib import Path

from benchmarks.scoring.lake import scan_date
from benchmarks.scoring.work import warm_cpu_ms
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake

_STATEMENT = """
COPY (
    WITH tallies AS (
        SELECT provider, check_id, mapping_id, severity,
            count(*) FILTER (NOT is_muted AND status = 'PASS') AS passed,
            count(*) FILTER (NOT is_muted AND status = 'FAIL') AS failed,
            count(*) FILTER (NOT is_muted AND status = 'MANUAL') AS manual, count(*) FILTER (is_muted) AS muted
        FROM lake.core.finding_state WHERE observed_date = $day GROUP BY ALL
    )
    SELECT framework_id, requirement_id, sum(passed) AS passed, sum(failed) AS failed, sum(manual) AS manual,
        sum(muted) AS muted
    FROM tallies JOIN read_parquet($crosswalk) USING (provider, check_id, mapping_id)
    GROUP BY ALL
) TO '{}' (FORMAT parquet)
"""


def main(home: str, out: str) -> None:
    """Measure the work with the lake open, as in ``ours``."""
    with open_lake(Settings(home=Path(home))) as lake, lake.session.cursor() as cursor:
        parameters = {"day": scan_date(), "crosswalk": str(Path(home) / "crosswalk.parquet")}
        spent = warm_cpu_ms(lambda: cursor.execute(_STATEMENT.format(out), parameters))
        rows = cursor.execute("SELECT count(*), sum(failed) FROM read_parquet($out)", {"out": out}).fetchone()
    requirements, failed = rows or (0, 0)
    print(json.dumps({"work_cpu_ms": spent, "requirements": requirements, "failed": int(failed)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
