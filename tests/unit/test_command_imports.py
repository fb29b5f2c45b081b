"""The command line loads only what a command needs."""

import subprocess
import sys

HEAVY = ("alembic", "dagster", "duckdb", "fastapi", "polars", "pyarrow", "sqlalchemy", "weasyprint")


def test_the_list_of_commands_loads_no_heavy_library() -> None:
    """``policycortex --help`` and wrong usage answer at once: the databases alone would cost more than a second."""
    program = f"import sys, policycortex_cli.app; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_api_loads_no_library_of_signatures_and_migrations() -> None:
    """A tenth of the imports of ``serve``; few requests check signatures, and migrations ended before it started."""
    program = "import sys, policycortex_cli.api_server; print([n for n in ('pyhanko', 'alembic') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
