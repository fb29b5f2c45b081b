"""The console script. Loads only what the command given needs: ``keys create`` shall not wait for Dagster."""


def main() -> None:
    """Entry point of ``policycortex``; never returns."""
    from policycortex.cli.app import run

    run()
