"""The programs of others that must agree with us: qpdf, 7-Zip, OpenSSL and Poppler."""

import shutil
import subprocess
from pathlib import Path


def run(*command: str | Path, is_ok: bool = True) -> str:
    """Its output, both streams. Fails the test when it ends otherwise than expected."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, timeout=120)
    output = f"{done.stdout}{done.stderr}"
    assert (done.returncode == 0) is is_ok, f"{command[0]} ended with {done.returncode}: {output}"
    return output


def seven_zip() -> str:
    """Debian calls it 7zz, 7z or 7za, by package and release."""
    found = next((name for name in ("7zz", "7z", "7za") if shutil.which(name)), None)
    assert found, "7-Zip is missing: apt-get install 7zip"
    return found
