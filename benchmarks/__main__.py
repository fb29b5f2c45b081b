"""Run the parts, or those named: ``python -m benchmarks [PART...]``. Prints a table of every limit at the end.

A part is a module ``benchmarks.<part>`` that writes ``results/<part>.json``. Limits of parts that did not run now are
shown from their last results, with the date. A part that fails or takes too long is named, the others still run, and
the exit status is 1. A missed limit is reported and is no failure. The performance pages are written again.
"""

import os
import signal
import subprocess
import sys
import time

from benchmarks.harness import ROOT, python
from benchmarks.performance import write_performance
from benchmarks.results import LONG, PARTS, load_results, summary

_LONGEST_SECONDS = 2400
"""For one part, so that the others can run."""


def main() -> int:
    """Run the parts and print the results."""
    wanted = sys.argv[1:] or [part for part in PARTS if part not in LONG]
    unknown = sorted(set(wanted) - set(PARTS))
    if unknown:
        raise SystemExit(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    failed = [part for part in wanted if not _run(part)]
    write_performance()
    print("\n".join(summary(load_results())))
    if not sys.argv[1:]:
        print(f'not measured now, because they take long: make bench ONLY="{" ".join(LONG)}"')
    for part in failed:
        print(f"could not run: {part}; its limits above, if any, are of an earlier run")
    return 1 if failed else 0


def _run(part: str) -> bool:
    """Return whether the part succeeded; processes that it started end with it."""
    began = time.monotonic()
    process = subprocess.Popen(python(f"benchmarks.{part}"), cwd=ROOT, start_new_session=True)
    try:
        code = process.wait(timeout=_LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        print(f"{part} was not done after {_LONGEST_SECONDS} s", file=sys.stderr, flush=True)
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        return False
    print(f"{part} took {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return code == 0


if __name__ == "__main__":
    raise SystemExit(main())
