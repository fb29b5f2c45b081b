"""One installation: start, idle memory, one report, many at once: ``python -m benchmarks.serving [BURST]``."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.data import BENCH, ocsf_file
from benchmarks.harness import ROOT, ROUNDS, Measured, python
from benchmarks.results import BenchmarkTable, save
from benchmarks.serving.body import body
from benchmarks.serving.installation import Installation, running

BURST = 100
FINDINGS = 400
_IDLE_SECONDS = 30.0


def main() -> None:
    """Measure all of it on one small home."""
    burst = int(sys.argv[1]) if len(sys.argv) > 1 else BURST
    home = BENCH / "serving"
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run(python("benchmarks.scoring.lake", home, ocsf_file(FINDINGS)), cwd=ROOT, check=True)
    with running(home) as installation:
        comparisons = [_idle(installation), _single(installation, home), _burst(installation, burst)]
    shutil.rmtree(home)
    save("serving", "An installation at work", comparisons)


def _idle(installation: Installation) -> BenchmarkTable:
    start_cpu = installation.cpu_seconds()
    time.sleep(_IDLE_SECONDS)
    settled = installation.cpu_seconds()
    time.sleep(_IDLE_SECONDS)
    figures = {
        "start_wall_seconds": [installation.start_seconds],
        "start_cpu_seconds": [start_cpu],
        "idle_memory_mb": [installation.memory_mb()],
        "idle_cpu_percent": [(installation.cpu_seconds() - settled) / _IDLE_SECONDS * 100],
    }
    return BenchmarkTable(
        name="Start-up and rest",
        measured=[Measured(name="policycortex serve", figures=figures)],
        columns=tuple(figures),
        note="API, Dagster's webserver and daemon, code server and run host together. Memory is proportional set size, "
        "a minute after the start; CPU is a percentage of one core.",
    )


def _single(installation: Installation, home: Path) -> BenchmarkTable:
    """Interleaved: a report through the API, then only its rendering in a warm process."""
    renderer = subprocess.Popen(
        python("benchmarks.serving.rendering", home), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    installation.wait_for(installation.request(body()))
    _rendered(renderer)
    ordered: list[float] = []
    answered: list[float] = []
    rendered: list[float] = []
    for _ in range(max(ROUNDS, 3)):
        began = time.perf_counter()
        report_id = installation.request(body())
        answered.append(time.perf_counter() - began)
        installation.wait_for(report_id)
        ordered.append(time.perf_counter() - began)
        rendered.append(_rendered(renderer))
    renderer.communicate()
    above = [whole - alone for whole, alone in zip(ordered, rendered, strict=True)]
    figures = {"wall_seconds": ordered, "post_answered_seconds": answered, "above_rendering_seconds": above}
    return BenchmarkTable(
        name="A small report, POST to completed",
        measured=[
            Measured(name="through the API", figures=figures),
            Measured(name="rendering alone", figures={"wall_seconds": rendered}),
        ],
        columns=tuple(figures),
        note=f"SOC 2 over 30 days, {FINDINGS:,} findings, PDF and JSON, one after the other. Wall times depend on "
        "other load. Dagster looks at its queue once a second.",
    )


def _rendered(renderer: "subprocess.Popen[str]") -> float:
    assert renderer.stdin is not None
    assert renderer.stdout is not None
    renderer.stdin.write("again\n")
    renderer.stdin.flush()
    return float(renderer.stdout.readline())


def _burst(installation: Installation, count: int) -> BenchmarkTable:
    before, began = installation.cpu_seconds(), time.perf_counter()
    for report_id in [installation.request(body()) for _ in range(count)]:
        installation.wait_for(report_id)
    wall, spent = time.perf_counter() - began, installation.cpu_seconds() - before
    figures = {
        "reports_per_minute": [count / wall * 60],
        "cpu_seconds_per_report": [spent / count],
        "wall_seconds": [wall],
        "memory_mb_after": [installation.memory_mb()],
    }
    return BenchmarkTable(
        name=f"A burst of {count} reports",
        measured=[Measured(name="policycortex serve", figures=figures)],
        columns=tuple(figures),
        note="Requested at once; at most 4 runs at a time. Reports per minute depends on other load; CPU is of all "
        "processes, Dagster's included.",
    )


if __name__ == "__main__":
    main()
