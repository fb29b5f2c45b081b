"""Keeps pandas out of our processes: nothing here uses it, and DuckDB and pyarrow import it wherever they find it.

Where a test tool brought it along that is 47 MB and half a second; where it is not installed, DuckDB still searches the
whole path for it at each parameter of a statement.
"""

import sys
from importlib.abc import MetaPathFinder


class _NoPandas(MetaPathFinder):
    """Asked before the other finders. ``sys.modules["pandas"] = None`` would not do: pyarrow then takes None for it."""

    def find_spec(self, fullname: str, *_: object) -> None:
        """Never finds anything, and ends the search for pandas."""
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is kept out of this process", name=fullname)


def keep_pandas_out() -> None:
    """For a process of our own, at its start; a pandas that is loaded already stays."""
    sys.meta_path.insert(0, _NoPandas())
