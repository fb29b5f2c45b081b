"""WeasyPrint as its manual shows it: ``python -m benchmarks.documents.bare FOLDER tagged|untagged``."""

import json
import sys
from pathlib import Path

from weasyprint import HTML


def main(folder: str, tags: str) -> None:
    """Lay out and write page.html."""
    target = Path(folder) / "bare.pdf"
    pages = HTML(Path(folder) / "page.html").render()
    pages.write_pdf(target, pdf_tags=tags == "tagged")
    print(json.dumps({"pages": len(pages.pages), "file_mb": target.stat().st_size / 1e6}))


if __name__ == "__main__":
    main(*sys.argv[1:])
