"""The console script. Loads only what the command given needs: ``keys create`` shall not wait for Dagster."""

from policycortex.no_pandas import keep_pandas_out


def main() -> None:
    """Entry point of ``policycortex``; never returns."""
    from policycortex_cli.app import run

    keep_pandas_out()
    run()
