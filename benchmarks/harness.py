"""Runs commands in turn (A B A B) as whole processes, and records the cost of each run.

A contender is a command. CPU time and peak memory are the kernel's figures for the finished process and the children
that it waited for. A command may print further figures: a JSON object of numbers in its last line. The calling process
must be small: until a child calls exec, the kernel counts the parent's pages as the child's.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
WALL, CPU, PEAK = "wall_seconds", "cpu_seconds", "peak_mb"
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
"""Counted rounds; ``make bench ROUNDS=1`` for a quick look."""

Figures = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One program of a comparison: a command that does the work once and exits with 0."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] | None = None
    """Called before each run and not measured, for example to empty a folder."""
    timeout_seconds: float = 1800


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All counted runs of one contender: the values of each figure, in the order of the rounds."""

    name: str
    figures: Mapping[str, Sequence[float]]

    def middle(self, figure: str) -> float:
        """Median of the rounds."""
        return median(self.figures[figure])


def python(module: str, *arguments: object) -> list[str]:
    """Return the command that runs a module of this project with the current interpreter."""
    return [sys.executable, "-m", module, *map(str, arguments)]


def interleave(contenders: Sequence[Contender], *, rounds: int = ROUNDS, warm_up: int = 0) -> list[Measured]:
    """Run all contenders in turn, once per round. Warm-up rounds are not counted. Raises SystemExit when one fails."""
    runs: dict[str, list[Figures]] = {contender.name: [] for contender in contenders}
    for number in range(warm_up + rounds):
        for contender in contenders:
            figures = run_once(contender)
            shown = " ".join(f"{name}={value:.4g}" for name, value in figures.items())
            print(f"  round {number + 1 - warm_up}: {contender.name}: {shown}", file=sys.stderr, flush=True)
            if number >= warm_up:
                runs[contender.name].append(figures)
    return [
        Measured(name=name, figures={figure: [run[figure] for run in each] for figure in each[0]})
        for name, each in runs.items()
    ]


def run_once(contender: Contender) -> Figures:
    """Run once; return wall and CPU seconds, peak MB of the largest process, and the printed figures."""
    if contender.prepare:
        contender.prepare()
    with tempfile.TemporaryFile() as output:
        began = perf_counter()
        process = subprocess.Popen(
            contender.command,
            env=os.environ | contender.environment,
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        watch = threading.Timer(contender.timeout_seconds, _kill, (process.pid,))
        watch.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            watch.cancel()
        wall = perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode:
        raise SystemExit(f"{contender.name} ended with {process.returncode}:\n{text[-4000:]}")
    spent = {WALL: wall, CPU: usage.ru_utime + usage.ru_stime, PEAK: usage.ru_maxrss / 1024}
    return spent | _own_figures(text)


def _own_figures(text: str) -> Figures:
    last = text.strip().rpartition("\n")[2]
    return {name: float(value) for name, value in json.loads(last).items()} if last.startswith("{") else {}


def _kill(pid: int) -> None:
    os.killpg(pid, signal.SIGKILL)
