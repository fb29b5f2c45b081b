"""Findings of the sample on the pages of a PDF: ``python -m benchmarks.documents.count FILE``."""

import re
import subprocess
import sys

_UID = re.compile(r"resource/[a-z0-9]+-(\d{5,})-primary")


def main(path: str) -> None:
    """As poppler reads it; a finding is told by the number in its resource, so one that is cut does not count."""
    # In the order they were drawn, so that the lines of a cell follow each other.
    shown = subprocess.run(["pdftotext", "-raw", path, "-"], check=True, stdout=subprocess.PIPE, text=True).stdout
    print(len(set(_UID.findall(re.sub(r"\s+", "", shown)))))


if __name__ == "__main__":
    main(*sys.argv[1:])
