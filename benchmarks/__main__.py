"""Run all parts, or those named: ``python -m benchmarks [PART...]``. Prints a table of every limit at the end.

A part is a module ``benchmarks.<part>`` that writes ``results/<part>.json``. Limits of parts that did not run now are
shown from their last results, with the date. A part that fails or takes too long is named, the others still run, and
the exit status is 1. A missed limit is reported and is no failure. The performance pages are written again.
"""

import os
import signal
import subprocess
import sys

from benchmarks.harness import ROOT, python
from benchmarks.performance import write_performance
from benchmarks.results import PARTS, load_results, summary

_LONGEST_SECONDS = 2400
"""For one part, so that the others can run."""


def main() -> int:
    """Run the parts and print the results."""
    wanted = sys.argv[1:] or [part for part in PARTS if (ROOT / "benchmarks" / part / "__main__.py").exists()]
    unknown = sorted(set(wanted) - set(PARTS))
    if unknown:
        raise SystemExit(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    failed = [part for part in wanted if not _run(part)]
    write_performance()
    print("\n".join(summary(load_results())))
    for part in failed:
        print(f"could not run: {part}; its limits above, if any, are of an earlier run")
    return 1 if failed else 0


def _run(part: str) -> bool:
    """Return whether the part succeeded; processes that it started end with it."""
    process = subprocess.Popen(python(f"benchmarks.{part}"), cwd=ROOT, start_new_session=True)
    try:
        return process.wait(timeout=_LONGEST_SECONDS) == 0
    except subprocess.TimeoutExpired:
        print(f"{part} was not done after {_LONGEST_SECONDS} s", file=sys.stderr, flush=True)
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        return False


if __name__ == "__main__":
    raise SystemExit(main())
