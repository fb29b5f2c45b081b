"""Memory of processes: what a group holds, and pages of libraries that a waiting process gives back."""

import os
import subprocess
import sys
from typing import Final

from policycortex_cli.process_memory import largest_process_bytes

_RELEASE: Final = """
import duckdb, polars
from pathlib import Path
from policycortex_cli.process_memory import release_library_pages

def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

before = resident_bytes()
release_library_pages()
after = resident_bytes()
assert before - after > 10_000_000, (before, after)
assert polars.DataFrame({"a": [1, 2]})["a"].sum() == 3
print(duckdb.sql("SELECT sum(x) FROM range(10) t(x)").fetchone())
"""


def test_the_largest_process_of_a_group_counts() -> None:
    """A group without processes has no memory."""
    assert largest_process_bytes(os.getpgid(0)) >= 1_000_000
    ended = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    ended.wait()
    assert largest_process_bytes(ended.pid) == 0


def test_libraries_work_after_their_pages_were_given_back() -> None:
    """They are read again when they are used; what the dynamic linker changed stays."""
    ran = subprocess.run([sys.executable, "-c", _RELEASE], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "(45,)\n", "")
