"""``python -m benchmarks.ingest.with_duckdb FILE OUT``: ``read_json`` with explicit columns to Parquet."""

import json
import sys
from pathlib import Path

import duckdb


def main(file: str, out: str) -> None:
    """Read and write with one thread, as the product does."""
    connection = duckdb.connect(config={"threads": 1})
    statement = (Path(__file__).parent / "columns.sql").read_text(encoding="utf-8")
    connection.execute(statement, {"file": file, "out": out})
    (rows,) = connection.execute("SELECT count(*) FROM read_parquet($out)", {"out": out}).fetchone() or (0,)
    print(json.dumps({"rows": rows}))


if __name__ == "__main__":
    main(*sys.argv[1:])
