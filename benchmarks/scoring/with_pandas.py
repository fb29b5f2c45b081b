"""``python -m benchmarks.scoring.with_pandas HOME OUT WAY``: Parquet in, counts per requirement out.

WAY is ``merged`` (findings merged with the crosswalk, then counted, as it is mostly written) or ``tallied`` (counted
per check first: the best we know).
"""

import json
import sys
from pathlib import Path

import pandas as pd

from benchmarks.scoring.work import warm_cpu_ms

_KEY = ["provider", "check_id", "mapping_id"]
_COUNTS = ["PASS", "FAIL", "MANUAL", "muted"]


def main(home: str, out: str, way: str) -> None:
    """The work itself is measured from the first byte read to the last written."""
    spent = warm_cpu_ms(lambda: _count(home, out, way))
    counts = pd.read_parquet(out)
    print(json.dumps({"work_cpu_ms": spent, "requirements": len(counts), "failed": int(counts["FAIL"].sum())}))


def _count(home: str, out: str, way: str) -> None:
    state = pd.read_parquet(Path(home) / "state.parquet")
    crosswalk = pd.read_parquet(Path(home) / "crosswalk.parquet")
    state["outcome"] = state["status"].where(~state["is_muted"], "muted")
    if way == "tallied":
        tallies = _counted(state, [*_KEY, "severity"]).reset_index()
        counts = tallies.merge(crosswalk, on=_KEY).groupby(["framework_id", "requirement_id"])[_COUNTS].sum()
    else:
        counts = _counted(state.merge(crosswalk, on=_KEY), ["framework_id", "requirement_id"])
    counts.reset_index().to_parquet(out)


def _counted(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    counted = rows.groupby([*key, "outcome"], observed=True).size().unstack("outcome", fill_value=0)
    return counted.reindex(columns=_COUNTS, fill_value=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
