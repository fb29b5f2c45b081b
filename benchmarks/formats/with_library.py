"""``python -m benchmarks.formats.with_library FILE``: the same file by ``json.load`` or ``csv.reader``, nothing more.

``reading_cpu_seconds`` is the processor time without that of starting Python.
"""

import csv
import json
import sys
from pathlib import Path
from time import process_time


def main(file: str) -> None:
    """Read the file and print the figures."""
    path = Path(file)
    started = process_time()
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as opened:
            delimiter = ";" if ";" in opened.readline() else ","
            opened.seek(0)
            rows = sum(1 for _ in csv.reader(opened, delimiter=delimiter)) - 1
    else:
        with path.open(encoding="utf-8") as opened:
            rows = len(json.load(opened))
    print(json.dumps({"rows": rows, "reading_cpu_seconds": round(process_time() - started, 3)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
