"""What the files of a home hold, read while the home is in use."""

import subprocess
from pathlib import Path


def read_stored(folder: Path, pattern: str = "*") -> bytes:
    """The bytes of all files below ``folder`` whose names match, one after the other.

    A process of its own reads them: a process that opens and closes a SQLite file which it also has open as a database
    loses the locks on it, and the next process that ends removes the log that is still needed.
    """
    command = ["find", str(folder), "-type", "f", "-name", pattern, "-exec", "cat", "{}", "+"]
    found = subprocess.run(command, check=False, capture_output=True)  # a temporary file may vanish meanwhile
    assert found.stdout, found.stderr
    return found.stdout
