"""Headless Chromium's print of page.html: ``python -m benchmarks.documents.chromium FOLDER``.

This process adopts what Chromium's processes leave behind and waits for it, so that the CPU time of all is counted.
"""

import ctypes
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import pikepdf

FLAGS: Final = (
    "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
    "--allow-file-access-from-files", "--virtual-time-budget=100000",
)  # fmt: skip
_PR_SET_CHILD_SUBREAPER: Final = 36


def main(folder: str) -> None:
    """Print, wait for all, and tell the number of pages."""
    page, target = Path(folder).resolve() / "page.html", Path(folder).resolve() / "chromium.pdf"
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    given = [f"--user-data-dir={target.with_suffix('.profile')}", f"--print-to-pdf={target}", page.as_uri()]
    subprocess.run([*FLAGS, *given], check=True, stderr=subprocess.DEVNULL)
    with suppress(ChildProcessError):
        while True:
            os.wait()
    with pikepdf.open(target) as pdf:
        print(json.dumps({"pages": len(pdf.pages), "file_mb": target.stat().st_size / 1e6}))


if __name__ == "__main__":
    main(*sys.argv[1:])
