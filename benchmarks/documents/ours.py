"""The whole report, as a request gets it: ``python -m benchmarks.documents.ours FOLDER [WATERMARK [PASSWORD]]``.

With a password also a protected copy of it, in the same process, as a run does.
"""

import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

from benchmarks.documents.pages import read_document
from policycortex.names import ReportFormat
from policycortex.rendering.artifacts import RenderingOptions, render_artifact
from policycortex.security.protection import protect_file


def main(folder: str, watermark: str = "", password: str = "") -> None:
    """Render, then print the figures of the file."""
    place = Path(folder) / ("marked" if watermark else "plain")
    place.mkdir(exist_ok=True)
    options = RenderingOptions(watermark=watermark or None)
    made = render_artifact(read_document(Path(folder)), ReportFormat.PDF, place, options=options)
    figures: dict[str, float | None] = {"pages": made.pages, "file_mb": made.path.stat().st_size / 1e6}
    if password:
        copy = Path(shutil.copy(made.path, place / "locked.pdf"))
        began = process_time()
        protect_file(ReportFormat.PDF, copy, password, made_at=datetime.now(UTC))
        figures["password_cpu_seconds"] = process_time() - began
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
