"""``python -m benchmarks.formats.ours FILE``: all findings of a file by the product's reader; counts them.

``reading_cpu_seconds`` is the processor time without that of starting Python and loading modules.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from time import process_time

from policycortex.findings.model import Finding
from policycortex.findings.sources import detect_parser, list_sources


def main(file: str) -> None:
    """Read the file and print the figures."""
    for library in ("polars", "pyarrow.csv", "pyarrow.parquet"):  # every process that imports findings has loaded them
        import_module(library)
    (source,) = list_sources([Path(file)]).sources
    _, parser = detect_parser(source)
    started = process_time()
    with source.open() as stream:
        rows = sum(isinstance(each, Finding) for each in parser(stream))
    print(json.dumps({"rows": rows, "reading_cpu_seconds": round(process_time() - started, 3)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
