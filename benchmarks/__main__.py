"""All parts, or those named: ``python -m benchmarks [PART...]``. Ends with one table of every bar.

A part is a module ``benchmarks.<part>`` that leaves ``results/<part>.json``. Bars of parts that did not run now are
shown from their last results, with the date. A part that fails or takes too long is named and the others still run;
then the status is 1. A missed bar is told, and no failure. docs/performance.md is written anew.
"""

import os
import signal
import subprocess
import sys

from benchmarks.harness import ROOT, python
from benchmarks.performance import write_performance
from benchmarks.results import PARTS, load_results, summary

_LONGEST_SECONDS = 2400
"""For one part: nothing may keep the others from running."""


def main() -> int:
    """Run, then tell."""
    wanted = sys.argv[1:] or [part for part in PARTS if (ROOT / "benchmarks" / part / "__main__.py").exists()]
    unknown = sorted(set(wanted) - set(PARTS))
    if unknown:
        raise SystemExit(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    failed = [part for part in wanted if not _run(part)]
    write_performance()
    print("\n".join(summary(load_results())))
    for part in failed:
        print(f"could not run: {part}; its bars above, if any, are of an earlier run")
    return 1 if failed else 0


def _run(part: str) -> bool:
    """True when it ended well; what it started ends with it."""
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
