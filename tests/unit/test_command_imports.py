"""The command line loads only what a command needs."""

import subprocess
import sys

HEAVY = ("alembic", "dagster", "duckdb", "fastapi", "polars", "pyarrow", "sqlalchemy", "weasyprint")


def test_the_list_of_commands_loads_no_heavy_library() -> None:
    """``policycortex --help`` and wrong usage answer at once: the databases alone would cost more than a second."""
    program = f"import sys, policycortex_cli.app; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
