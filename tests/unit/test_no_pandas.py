"""Our processes work without pandas, though the developer's environment has it."""

import subprocess
import sys

_PROGRAM = """
import sys, duckdb, pyarrow
from policycortex.no_pandas import keep_pandas_out
keep_pandas_out()
import pyarrow.dataset
connection = duckdb.connect()
connection.register("frame", pyarrow.table({"a": [1, 2]}))
print(connection.execute("SELECT sum(a) + $more FROM frame", {"more": 3}).fetchone(), "pandas" in sys.modules)
"""


def test_duckdb_and_pyarrow_work_and_pandas_stays_out() -> None:
    """A parameter and a frame: DuckDB looks for pandas at the one, pyarrow at the other."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("(6,) False\n", "")
