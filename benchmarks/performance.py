"""``python -m benchmarks.performance``: write docs/performance.md and its charts from benchmarks/results/*.json.

Each comparison gets its table, its bars' verdicts, and a chart of its first column.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.charts import Bar, draw_bars
from benchmarks.harness import ROOT
from benchmarks.results import PARTS, heading, load_results, summary, table

PAGE = ROOT / "docs" / "performance.md"
CHARTS = ROOT / "docs" / "images" / "performance"

_OPENING = """# Performance

Made by `python -m benchmarks.performance` from what `make bench` measured; do not edit. Every comparison ran its
contenders in turn, A B A B, as whole processes on one machine. CPU seconds and peak memory are the kernel's count for
the process; they hold on a busy machine, wall times do not. Cells tell the median, and in brackets least and most of
the rounds. A bar is judged on the median of the rounds' own ratios. To run it: [benchmarks](../benchmarks/README.md).
"""


def write_performance(page: Path = PAGE, charts: Path = CHARTS) -> None:
    """Replace page and charts."""
    results = load_results()
    charts.mkdir(parents=True, exist_ok=True)
    for old in charts.glob("*.svg"):
        old.unlink()
    parts = [line for kept in results for line in _part(kept, charts)]
    page.write_text(
        "\n".join([_OPENING, *_missing(results), *summary(results), "", *parts]).rstrip() + "\n", encoding="utf-8"
    )


def _missing(results: list[dict[str, Any]]) -> Iterator[str]:
    """What nobody has measured must not look like what was left out."""
    lacking = [part for part in PARTS if part not in {kept["part"] for kept in results}]
    if lacking:
        yield from (f"No results are kept of: {', '.join(lacking)}. `make bench` makes them.", "")


def _part(kept: dict[str, Any], charts: Path) -> Iterator[str]:
    machine, versions = kept["machine"], kept["versions"]
    yield from (f"## {kept['title']}", "")
    yield (
        f"{kept['date'][:10]}, {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"{machine['system']}, {_load(machine)}."
    )
    yield from ("", f"{', '.join(f'{name} {version}' for name, version in versions.items())}.", "")
    for number, comparison in enumerate(kept["comparisons"]):
        figure = comparison["columns"][0]
        chart = charts / f"{kept['part']}-{number + 1}.svg"
        title = f"{comparison['name']}: {heading(figure)}"
        chart.write_text(draw_bars(title, list(_bars(comparison, figure))), encoding="utf-8")
        yield from table(comparison)
        yield from (f"![{_plain(title)}](images/performance/{chart.name})", "")


def _bars(comparison: dict[str, Any], figure: str) -> Iterator[Bar]:
    told = [bar["text"] for bar in comparison["bars"]]
    for contender in comparison["contenders"]:
        found = contender["figures"].get(figure)
        if found is not None:
            is_ours = not told or any(f" of {contender['name']} at " in text for text in told)
            yield Bar(
                name=contender["name"], value=found["median"], low=found["least"], high=found["most"], is_ours=is_ours
            )


def _load(machine: dict[str, Any]) -> str:
    load = machine.get("load")
    return "load not noted" if load is None else f"load {load:g} when it ended"


def _plain(title: str) -> str:
    return re.sub(r"[\[\]]", "", title)


if __name__ == "__main__":
    write_performance()
