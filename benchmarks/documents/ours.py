"""The whole report, as a request gets it: ``python -m benchmarks.documents.ours FOLDER [WATERMARK]``."""

import json
import sys
from pathlib import Path

from benchmarks.documents.pages import read_document
from policycortex.names import ReportFormat
from policycortex.rendering.artifacts import RenderingOptions, render_artifact


def main(folder: str, watermark: str | None = None) -> None:
    """Render, then print the figures of the file."""
    place = Path(folder) / ("marked" if watermark else "plain")
    place.mkdir(exist_ok=True)
    options = RenderingOptions(watermark=watermark)
    made = render_artifact(read_document(Path(folder)), ReportFormat.PDF, place, options=options)
    print(json.dumps({"pages": made.pages, "file_mb": made.path.stat().st_size / 1e6}))


if __name__ == "__main__":
    main(*sys.argv[1:])
