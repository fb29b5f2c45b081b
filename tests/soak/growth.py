"""What is in a home, by the rules of ``docs/operations.md``, section "A year later"."""

import os
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from policycortex.settings import Settings
from tests.soak.page import Measured

_PAGE: Final = Path(__file__).parents[2] / "docs" / "operations.md"
RULES: Final[Mapping[str, tuple[str, ...]]] = {
    "logs": ("logs/*.log", "logs/*.log.[123]"),
    "dagster/history: events": ("dagster/history/event_log.db*",),
    "dagster/history: runs": ("dagster/history/*",),
    "dagster/schedules": ("dagster/schedules/*",),
    "dagster/storage: output of runs": ("dagster/storage/*", "dagster/.logs_queue/*"),
    "landing/done, landing/parked": ("landing/done/*", "landing/parked/*"),
    "landing: files that wait": ("landing/*",),
    "registry.sqlite": ("registry.sqlite*", "registry.migrate.lock"),
    "lake: catalog": ("lake/catalog.sqlite*",),
    "lake: files": ("lake/data/*", "lake/scratch/*", "lake/writer.lock"),
    "artifacts": ("artifacts/*",),
    "trail: audit records on their way": ("trail/*",),
    "tmp": ("tmp/*",),
    "configuration and locks": (
        "keys/*",
        "*.yaml",
        "serve.lock",
        "serve.pid",
        "dagster/*.yaml",
        "dagster/*.lock",
        "dagster/*.sock",
    ),
}
"""Patterns of paths in a home, the first that matches; ``*`` also stands for folders."""
UNRULED: Final = "without a rule: "
MOST_LEFT: Final[Mapping[str, float]] = {
    "dagster/history: events": 0.7,
    "dagster/schedules": 0.5,
    "dagster/storage: output of runs": 0.1,
}
"""Share of the bytes of a year that upkeep may leave. Imported files are not among them: their age cannot be set."""
_SMALL_BYTES: Final = 20_000_000
"""Less than this is not trimmed: a file that holds little is not written again."""


def measure_home(settings: Settings) -> dict[str, tuple[int, int]]:
    """Number of files and bytes by rule; those of files without a rule are under ``UNRULED`` and the file's path."""
    found = dict.fromkeys(RULES, (0, 0))
    for path in _files(settings.home):
        try:
            size = path.stat().st_size
        except FileNotFoundError:  # it is a running installation
            continue
        name = path.relative_to(settings.home).as_posix()
        rule = rule_of(name) or f"{UNRULED}{name}"
        files, total = found.get(rule, (0, 0))
        found[rule] = files + 1, total + size
    return found


def problems_of(states: tuple[Measured, Measured, Measured, Measured]) -> list[str]:
    """Files without a rule in any state, and what upkeep did not trim as its rule says. States as the soak has them."""
    unruled = dict.fromkeys(name for state in states for name in state.sizes if name.startswith(UNRULED))
    problems = [f"a file grows {name}" for name in unruled]
    _, aged, kept, _ = states
    for name, share in MOST_LEFT.items():
        before, after = aged.sizes[name][1], kept.sizes[name][1]
        if before > _SMALL_BYTES and after > before * share:
            problems.append(f"{name}: upkeep left {after:,} of {before:,} bytes, at most {share:.0%} are expected")
    return problems


def _files(home: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(home):
        yield from (Path(folder) / name for name in names)


def rule_of(path: str) -> str | None:
    """The rule of a path below the home; None if there is none."""
    return next((rule for rule, names in RULES.items() if any(fnmatchcase(path, name) for name in names)), None)


def documented_paths() -> tuple[str, ...]:
    """The paths that the page for operators names in its table of what grows, in order; ``<name>`` stands for any."""
    table = _PAGE.read_text(encoding="utf-8").split("\n## A year later\n")[1].split("\n\n")[1]
    firsts = [line.split("|")[1] for line in table.splitlines()[2:]]
    return tuple(path for first in firsts for path in re.findall(r"`([^`]+)`", first))


def is_documented(path: str) -> bool:
    """Whether that table has a rule for a path below the home; a folder stands for all in it."""
    return any(_covers(named, path) for named in documented_paths())


def _covers(named: str, path: str) -> bool:
    pattern = re.sub(r"<\w+>", "*", named).rstrip("/")
    beside = f"{pattern}-*"  # SQLite's write-ahead log and its index
    return any(fnmatchcase(path, each) for each in (pattern, f"{pattern}/*", beside))
