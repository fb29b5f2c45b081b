"""The command line: arguments, printed lines, exit codes, and the supervisor behind ``serve``.

No rule of the product. What another front could need goes to ``policycortex.workflow``.

Modules are imported inside commands, so that ``keys create`` does not wait for Dagster.
"""


def main() -> None:
    """Entry point of ``policycortex``; never returns."""
    from policycortex_cli.app import run

    run()
