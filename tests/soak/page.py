"""The measured states of a home as a table in Markdown, and the page of the documentation that has one per database."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.results import describe_machine

Sizes = Mapping[str, tuple[int, int]]
"""Number of files and bytes, by rule."""

_OPENING: Final = """# A home after a year

Written by `make soak ARGS="--page docs/year.md"`, with `--postgres` for the second part; do not edit. The rows of
files are the rules of [A year later](operations.md#a-year-later). A home is aged by rows and files, started, measured,
trimmed by three nightly jobs, and put under load. Times depend on other load of the machine.
"""


@dataclass(slots=True)
class Measured:
    """One state of the home: what is in it, and how long it takes."""

    title: str
    sizes: Sizes
    times: dict[str, str] = field(default_factory=dict)


def table_of(states: Sequence[Measured]) -> list[str]:
    """Lines of one table: a row for each rule, then a row for each time."""
    lines = [
        "| what | " + " | ".join(state.title for state in states) + " |",
        "| --- |" + " ---: |" * len(states),
    ]
    rules = dict.fromkeys(name for state in states for name in state.sizes)
    times = dict.fromkeys(name for state in states for name in state.times)
    lines += [_row(f"`{name}`", [_shown(state.sizes.get(name, (0, 0))) for state in states]) for name in rules]
    return lines + [_row(name, [state.times.get(name, "") for state in states]) for name in times]


def write_part(page: Path, title: str, how: str, states: Sequence[Measured]) -> None:
    """Replace the part of the page that has this title, or add it; other parts stay."""
    machine = describe_machine()
    hardware = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB"
    facts = f"{datetime.now(UTC):%Y-%m-%d}, {hardware}, load {machine['load']} at the end. {how}"
    text = "\n".join([f"## {title}", "", facts, "", *table_of(states), ""])
    old = page.read_text(encoding="utf-8") if page.exists() else _OPENING
    parts = {part.splitlines()[0]: part for part in re.split(r"^(?=## )", old, flags=re.MULTILINE)[1:]}
    parts[f"## {title}"] = text
    whole = "\n".join([_OPENING, *(part.rstrip() + "\n" for _, part in sorted(parts.items()))])
    page.write_text(whole, encoding="utf-8")


def _row(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | " + " | ".join(cells) + " |"


def _shown(size: tuple[int, int]) -> str:
    files, total = size
    return f"{total / 1e6:,.1f} MB in {files:,} files" if files > 1 else f"{total / 1e6:,.1f} MB"
