"""Which tests run together on one xdist worker, and which files start first."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
from xdist.scheduler import LoadScopeScheduling

SHARED_FOLDERS: Final = ("tests/e2e/served",)
"""Folders whose tests share what takes longest to start; each is one unit. Elsewhere a file is one unit."""

SLOWEST_FIRST: Final = (
    "tests/e2e/served",
    "tests/conformance",
    "tests/e2e",
    "tests/pipelines",
    "tests/delivery",
    "tests/workflow",
    "tests/storage",
    "tests/golden",
    "tests/migration",
    "tests/security",
    "tests/verify",
    "tests/audit",
    "tests/api",
)
"""Folders with slow files, in the order they start. The many quick files come last and even out the workers' ends."""


class FilesByFolder(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no types
    """xdist's ``--dist loadfile``, but folders that share an installation stay whole, and the given order is kept."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


def unit_of(nodeid: str) -> str:
    """The folder or file whose tests run one after another on one worker."""
    path = nodeid.split("::", 1)[0]
    return next((folder for folder in SHARED_FOLDERS if path.startswith(f"{folder}/")), path)


def start_slowest_first(items: list[pytest.Item], root: Path) -> None:
    """Sort in place by folder; the order within a folder stays as it was, and units stay together."""
    paths = {item: item.path.relative_to(root).as_posix() for item in items}
    items.sort(key=lambda item: (_rank(paths[item], SLOWEST_FIRST),))


def _rank(path: str, folders: Sequence[str]) -> int:
    return next((n for n, folder in enumerate(folders) if path.startswith(f"{folder}/")), len(folders))
