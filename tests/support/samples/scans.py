"""Scans of several targets, written to files: whole, or one file per target. ``scan_formats`` has the formats."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

TARGETS: Final = ("alpha", "beta", "gamma")
CHECKS: Final = ("ca_one", "cb_two", "cc_three")


@dataclass(frozen=True, slots=True)
class Result:
    """One check on one resource of a target. ``age_hours``: how long before its scan a service observed it."""

    target: str
    check: str
    resource: str
    fails: bool
    age_hours: int = 0


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan on a day of November 2026, of some targets."""

    day: int
    targets: tuple[str, ...]
    results: tuple[Result, ...]

    @property
    def time(self) -> datetime:
        """20:00 UTC."""
        return datetime(2026, 11, self.day, 20, tzinfo=UTC)

    def only(self, target: str) -> "Scan":
        """The part about one target."""
        return Scan(self.day, (target,), tuple(each for each in self.results if each.target == target))


@dataclass(frozen=True, slots=True)
class ScanFormat:
    """How a scan is written as a file."""

    name: str
    suffix: str
    write: Callable[[Scan], str | bytes]
    lists_passed: bool = True
    is_one_target: bool = False
    """A file is about one target, which only its name tells."""
    targets: str = "regions"
    """What the targets are."""


def write_scan(scan: Scan, kind: ScanFormat, folder: Path, *, is_split: bool) -> list[Path]:
    """The files of a scan: one, or one per target. Empty lists of findings are not written, but clean runs are."""
    parts = [scan.only(target) for target in scan.targets] if is_split or kind.is_one_target else [scan]
    paths = []
    for part in parts:
        if not part.results and kind.lists_passed:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{'-'.join(part.targets)}-2026-11-{part.day:02}{kind.suffix}"
        content = kind.write(part)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.utime(path, (part.time.timestamp(),) * 2)
        paths.append(path)
    return paths
