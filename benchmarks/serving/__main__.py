"""An installation and the version before, in turn: ``python -m benchmarks.serving [ROUNDS]``.

Each round starts ``serve`` of both versions on the demo's findings, lets it rest, requests reports one by one, then
twelve at once. Both versions import the same files and get the same requests; each prints the pages of its defaults.
"""

import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from benchmarks.harness import CPU, ROUNDS, WALL, Measured
from benchmarks.results import BenchmarkTable, Limit, save
from benchmarks.serving.body import ORDERS, TWELVE, body
from benchmarks.serving.installation import Installation, running
from benchmarks.serving.versions import BEFORE, NOW, SERVING, both_versions, last_months, make_home

_SETTLING_SECONDS: Final = 10.0
_IDLE_SECONDS: Final = 30.0
_MANY: Final = 12
_START, _REST = "start", "rest"
_TWELVE_AT_ONCE: Final = f"{_MANY} requests at once, PDF and JSON"
_MOST_OF_BEFORE: Final = {"JSON": 0.5, "PDF": 0.35, "five formats": 0.4, _TWELVE_AT_ONCE: 0.35}
"""Wall time at most, relative to the version before."""
_WHY_MISSED: Final[Mapping[str, str]] = {
    "JSON": "reading the lake and assessing is nearly all of it, and reads more than before: scan targets, statements, "
    "editions and the comparison; the start of a run takes 0.1 s of CPU",
    "PDF": "composing takes as long as before; seven designed pages are left, whose layout has no single large cost",
    "five formats": "composing and the PDF are nearly all of it; the other four formats take 0.3 s, which a second "
    "process for them would save",
    _TWELVE_AT_ONCE: "both cores are busy; composing is half of a report's CPU time and takes as long as before",
    "start_wall_seconds": "imports of Dagster, Polars and FastAPI, once; then each service opens its storage",
    "idle_cpu_percent": "Dagster evaluates one sensor a second and looks at its queue once a second; longer intervals "
    "would be longer reaction times, and a machine that is half as fast shows twice the figure",
    "idle_memory_mb": "eight processes, four of them with Dagster loaded; what they share is counted once, what "
    "each writes for each",
}
"""Reasons by request or figure."""

Figures = dict[str, float]
Steps = Iterator[tuple[str, Figures]]


def main() -> None:
    """Measure all rounds and save."""
    versions = both_versions(SERVING)
    homes = {version.name: make_home(version, SERVING) for version in versions}
    rounds: dict[tuple[str, str], list[Figures]] = defaultdict(list)
    for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else max(ROUNDS, 3)):
        for version in versions:
            with running(version, homes[version.name]) as installation:
                for step, figures in _round(installation):
                    rounds[step, version.name].append(figures)
                    shown = " ".join(f"{name}={value:.4g}" for name, value in figures.items())
                    print(f"  round {number + 1}: {version.name}: {step}: {shown}", flush=True)
    for home in homes.values():
        shutil.rmtree(home)
    save("serving", "An installation at work", list(_tables(rounds)))


def _round(installation: Installation) -> Steps:
    yield (
        _START,
        {"start_wall_seconds": installation.start_seconds, "start_cpu_seconds": installation.start_cpu_seconds},
    )
    yield from _rest(installation)
    end = last_months()[1]
    start = (end - timedelta(days=1)).replace(day=1)
    for name, formats in ORDERS.items():
        yield name, _request(installation, body(formats, start, end))
    yield _TWELVE_AT_ONCE, _request(installation, body(TWELVE, start, end), count=_MANY)


def _rest(installation: Installation) -> Steps:
    time.sleep(_SETTLING_SECONDS)
    before = installation.cpu_by_service()
    time.sleep(_IDLE_SECONDS)
    after, memory = installation.cpu_by_service(), installation.memory_by_service()
    percent = {name: 100 * (after[name] - before[name]) / _IDLE_SECONDS for name in memory}
    yield _REST, {"idle_cpu_percent": sum(percent.values()), "idle_memory_mb": sum(memory.values())}
    for name in memory:
        yield f"{_REST}: {name}", {"cpu_percent": percent[name], "memory_mb": memory[name]}


def _request(installation: Installation, given: dict[str, object], *, count: int = 1) -> Figures:
    spent, began = installation.cpu_seconds(), time.perf_counter()
    reports = [installation.wait_for(each) for each in [installation.request(given) for _ in range(count)]]
    wall = time.perf_counter() - began
    installation.wait_for_workers()
    pages = (reports[0].get("content") or {}).get("pages") or 0
    figures = {WALL: wall, CPU: installation.cpu_seconds() - spent, "pages": float(pages)}
    return figures | ({"reports_per_minute": 60 * count / wall} if count > 1 else {})


def _tables(rounds: Mapping[tuple[str, str], list[Figures]]) -> Iterator[BenchmarkTable]:
    yield _table(rounds, "From request to finished files, JSON", "JSON")
    for step in ("CSV", "PDF", "five formats"):
        yield _table(rounds, f"From request to finished files, {step}", step)
    yield _table(rounds, _TWELVE_AT_ONCE[0].upper() + _TWELVE_AT_ONCE[1:], _TWELVE_AT_ONCE)
    starting = Limit(figure="start_wall_seconds", ours=NOW, at_most=5, why_missed=_WHY_MISSED["start_wall_seconds"])
    yield BenchmarkTable(
        name="Start until ready",
        measured=_measured(rounds, _START),
        columns=("start_wall_seconds", "start_cpu_seconds"),
        limits=[starting],
    )
    yield BenchmarkTable(
        name="Rest",
        measured=_measured(rounds, _REST),
        columns=("idle_cpu_percent", "idle_memory_mb"),
        limits=[
            Limit(figure="idle_cpu_percent", ours=NOW, at_most=4, why_missed=_WHY_MISSED["idle_cpu_percent"]),
            Limit(figure="idle_memory_mb", ours=NOW, at_most=600, why_missed=_WHY_MISSED["idle_memory_mb"]),
        ],
        note=f"From {_SETTLING_SECONDS:.0f} to {_SETTLING_SECONDS + _IDLE_SECONDS:.0f} s after the start. CPU is a "
        "percentage of one core. Memory is proportional set size of all processes.",
    )
    services = sorted({step for step, _ in rounds if step.startswith(f"{_REST}: ")})
    yield BenchmarkTable(
        name="Rest, by process",
        measured=[
            Measured(name=f"{each.name}, {step.removeprefix(f'{_REST}: ')}", figures=each.figures)
            for step in services
            for each in _measured(rounds, step)
        ],
        columns=("cpu_percent", "memory_mb"),
    )


def _table(rounds: Mapping[tuple[str, str], list[Figures]], name: str, step: str) -> BenchmarkTable:
    """Wall and CPU time of one kind of request, with its limit."""
    most = _MOST_OF_BEFORE.get(step)
    why = _WHY_MISSED.get(step, "")
    extra = ("reports_per_minute",) if step == _TWELVE_AT_ONCE else ()
    return BenchmarkTable(
        name=name,
        measured=_measured(rounds, step),
        columns=(WALL, CPU, "pages", *extra),
        limits=[Limit(figure=WALL, ours=NOW, against=BEFORE, at_most=most, why_missed=why)] if most else (),
        note="SOC 2 over the last whole month of the demo, POST to completed. CPU is of all processes until the run "
        "has ended. Pages are those of the PDF by the defaults of each version.",
    )


def _measured(rounds: Mapping[tuple[str, str], list[Figures]], step: str) -> list[Measured]:
    return [
        Measured(name=name, figures={figure: [each[figure] for each in figures] for figure in figures[0]})
        for name in (NOW, BEFORE)
        if (figures := rounds.get((step, name)))
    ]


if __name__ == "__main__":
    main()
