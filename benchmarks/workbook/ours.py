"""The whole designed workbook, as a request gets it: ``python -m benchmarks.workbook.ours FOLDER``."""

import pickle
import sys
from pathlib import Path

from policycortex.rendering.excel.workbook import render_workbook
from policycortex.rendering.options import RenderingOptions

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    document = pickle.loads((folder / "document.pickle").read_bytes())  # noqa: S301 - written by this benchmark
    render_workbook(document, folder / "ours.xlsx", RenderingOptions())
