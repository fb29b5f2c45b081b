"""What is in a home, by the rules of ``docs/operations.md``, section "A year later"."""

import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from policycortex.settings import Settings

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
        "dagster/runs.sock",
    ),
}
"""Patterns of paths in a home, the first that matches; ``*`` also stands for folders."""


def measure_home(settings: Settings) -> dict[str, tuple[int, int]]:
    """Number of files and bytes by rule. Raises AssertionError for a file that has no rule."""
    found = dict.fromkeys(RULES, (0, 0))
    for path in _files(settings.home):
        try:
            size = path.stat().st_size
        except FileNotFoundError:  # it is a running installation
            continue
        rule = rule_of(path.relative_to(settings.home).as_posix())
        assert rule is not None, f"no rule for the growth of {path}"
        files, total = found[rule]
        found[rule] = files + 1, total + size
    return found


def _files(home: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(home):
        yield from (Path(folder) / name for name in names)


def rule_of(path: str) -> str | None:
    """The rule of a path below the home; None if there is none."""
    return next((rule for rule, names in RULES.items() if any(fnmatchcase(path, name) for name in names)), None)
