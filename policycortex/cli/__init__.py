"""The console script. Loads only what the command given needs: ``keys create`` shall not wait for Dagster."""

import sys


def main() -> None:
    """Entry point of ``policycortex``; never returns."""
    from policycortex.cli.app import run

    # DuckDB and pyarrow import pandas wherever a test tool brought it along: 47 MB and seconds, for nothing used here.
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]
    run()
