"""Findings of the sample on the pages of a PDF: ``python -m benchmarks.documents.count FILE``."""

import re
import subprocess
import sys

_UID = re.compile(r"-(\d{5,})-primary")


def main(path: str) -> None:
    """Count with poppler. A finding is recognised by the number in its resource, so that a cut one does not count."""
    # In drawing order, so that the lines of a cell are adjacent.
    shown = subprocess.run(["pdftotext", "-raw", path, "-"], check=True, stdout=subprocess.PIPE, text=True).stdout
    print(len(set(_UID.findall(re.sub(r"\s+", "", shown)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
