"""``python -m benchmarks.performance``: write the performance pages from ``benchmarks/results/*.json``.

``docs/performance.md`` is one screen of what users notice. ``docs/performance/<part>.md`` holds every table, with a
chart of its first column, and the limits.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.charts import ChartBar, draw_bars
from benchmarks.harness import ROOT
from benchmarks.results import PARTS, heading, limit_lines, load_results, table

PAGE = ROOT / "docs" / "performance.md"
DETAILS = ROOT / "docs" / "performance"
CHARTS = ROOT / "docs" / "images" / "performance"

_OPENING = """# Performance

What users notice. Written by `python -m benchmarks.performance` from the results of `make bench`; do not edit.
The second table has the date of each measurement.
"""

_METHOD = """## Method

Programs that are compared run in turn (A B A B), as whole processes on one machine. CPU time and peak memory are the
kernel's figures for the process; they are reliable on a busy machine, wall times are not. A figure is the median of the
rounds. How to run the benchmarks: [benchmarks](../benchmarks/README.md).
"""


_BEFORE = " (version before: {before_wall_seconds:.1f} s)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Highlight:
    """One line of the page: figures of one measured program, filled into ``text`` by their names.

    Figures of the contender "version before" have ``before_`` before their names.
    """

    what: str
    text: str
    part: str
    comparison: str
    """Start of the comparison's name."""
    contender: str


HIGHLIGHTS = (
    *(
        Highlight(
            what=f"From request to finished files: SOC 2 over a month, demo data, {what}",
            text="{wall_seconds:.1f} s, {cpu_seconds:.1f} CPU s" + more + _BEFORE,
            part="serving",
            comparison=f"From request to finished files, {what}",
            contender="this version",
        )
        for what, more in (
            ("JSON", ""),
            ("CSV", ""),
            ("PDF", ", {pages:.0f} pages"),
            ("five formats", ", {pages:.0f} pages"),
        )
    ),
    Highlight(
        what="12 such reports requested at once, PDF and JSON, 4 runs at a time",
        text="{wall_seconds:.0f} s, {reports_per_hour:.0f} reports an hour" + _BEFORE,
        part="serving",
        comparison="12 requests at once",
        contender="this version",
    ),
    Highlight(
        what="Start of `policycortex serve` until a report can be requested",
        text="{start_wall_seconds:.1f} s, {start_cpu_seconds:.0f} CPU s"
        " (version before: {before_start_wall_seconds:.1f} s)",
        part="serving",
        comparison="Start until ready",
        contender="this version",
    ),
    Highlight(
        what="Idle: all services together",
        text="{idle_cpu_percent:.1f} % of one core, {idle_memory_mb:.0f} MB"
        " (version before: {before_idle_cpu_percent:.0f} %, {before_idle_memory_mb:.0f} MB)",
        part="serving",
        comparison="Rest",
        contender="this version",
    ),
    Highlight(
        what="Import of 100,000 findings (339 MB)",
        text="{cpu_seconds:.1f} CPU s, {peak_mb:.0f} MB of memory",
        part="ingest",
        comparison="100,000",
        contender="policycortex",
    ),
    Highlight(
        what="Import of 1,000,000 findings (3.4 GB)",
        text="{cpu_seconds:.0f} CPU s, {peak_mb:.0f} MB of memory",
        part="ingest",
        comparison="1,000,000",
        contender="policycortex",
    ),
    Highlight(
        what="A report of 30 days, with one month of history in the lake",
        text="{report_cpu_ms:.0f} CPU ms (CSV and JSON)",
        part="history",
        comparison="With 1, 12",
        contender="1 months",
    ),
    Highlight(
        what="The same report, with five years of history",
        text="{report_cpu_ms:.0f} CPU ms",
        part="history",
        comparison="With 1, 12",
        contender="60 months",
    ),
    Highlight(
        what="A PDF that lists 50,000 findings",
        text="{pages:,.0f} pages, {cpu_seconds:.0f} CPU s, {peak_mb:.0f} MB of memory",
        part="documents",
        comparison="50,000",
        contender="ours",
    ),
    Highlight(
        what="An Excel workbook of 100,000 findings",
        text="{wall_seconds:.1f} s, {peak_mb:.0f} MB of memory",
        part="workbook",
        comparison="100,000",
        contender="ours",
    ),
    Highlight(
        what="Trends of 30 days, from a year of 100,000 findings a day",
        text="{answer_cpu_ms:.0f} CPU ms",
        part="analytics",
        comparison="Trends of all",
        contender="365 days",
    ),
    Highlight(
        what="A page of the report list, with a million reports on Postgres, 16 connections",
        text="{median_ms:.0f} ms",
        part="api",
        comparison="List of 1,000,000 reports on Postgres",
        contender="policycortex",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of the program that moves a part's figures; shown until the part is measured again."""

    part: str
    day: str
    text: str


CHANGES = (
    Change(
        part="ingest",
        day="2026-11-29",
        text="an import takes about 3 CPU seconds more per 100,000 findings"
        " ([0049](decisions/0049-ocsf-one-by-one.md))",
    ),
    Change(
        part="api",
        day="2026-11-29",
        text="reads and requests take more CPU, because each write is a transaction of its own and reads run in threads"
        " ([0038](decisions/0038-registry-of-repositories.md), [0048](decisions/0048-what-was-deleted.md))",
    ),
)


def write_performance(page: Path = PAGE, details: Path = DETAILS, charts: Path = CHARTS) -> None:
    """Replace the page, the detail pages and the charts."""
    results = load_results()
    for folder, pattern in ((charts, "*.svg"), (details, "*.md")):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(pattern):
            old.unlink()
    for kept in results:
        _write(details / f"{kept['part']}.md", _details(kept, charts))
    _write(page, [_OPENING, *_highlights(results), "", *_changes(results), *_parts(results), "", _METHOD])


def _write(path: Path, lines: Sequence[str] | Iterator[str]) -> None:
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _highlights(results: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield from ("| what | measured | details |", "| --- | --- | --- |")
    for highlight in HIGHLIGHTS:
        figures = _figures_of(results, highlight)
        if figures is not None:
            text = highlight.text.format_map(figures)
            yield f"| {highlight.what} | {text} | [{highlight.part}](performance/{highlight.part}.md) |"


def _changes(results: Sequence[dict[str, Any]]) -> list[str]:
    """Changes that are not in the figures yet."""
    dates = {kept["part"]: kept["date"][:10] for kept in results}
    lines = [f"- {change.part}: {change.text}" for change in CHANGES if dates.get(change.part, "") < change.day]
    return ["Changes since these measurements:", "", *lines, ""] if lines else []


def _figures_of(results: Sequence[dict[str, Any]], highlight: Highlight) -> dict[str, float] | None:
    """Medians by figure; None where the part was not measured."""
    for kept in results:
        for comparison in kept["comparisons"]:
            if kept["part"] != highlight.part or not comparison["name"].startswith(highlight.comparison):
                continue
            medians = {
                contender["name"]: {name: summary["median"] for name, summary in contender["figures"].items()}
                for contender in comparison["contenders"]
            }
            before = {f"before_{name}": value for name, value in medians.get("version before", {}).items()}
            for name, figures in medians.items():
                if name.startswith(highlight.contender):
                    return figures | before | {"reports_per_hour": 60 * figures.get("reports_per_minute", 0.0)}
    return None


def _parts(results: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A line per part: when and where it was measured, and how many limits hold."""
    yield from ("## Limits and details", "")
    yield "Each part has limits. A missed limit is listed with its reason on the part's page."
    yield from ("", "| part | limits met | measured | machine |", "| --- | --- | --- | --- |")
    for kept in results:
        limits = [limit for comparison in kept["comparisons"] for limit in comparison["limits"]]
        met = f"{sum(limit['is_met'] for limit in limits)} of {len(limits)}" if limits else "no limits"
        machine = kept["machine"]
        where = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB"
        yield f"| [{kept['title']}](performance/{kept['part']}.md) | {met} | {kept['date'][:10]} | {where} |"
    missing = [part for part in PARTS if part not in {kept["part"] for kept in results}]
    if missing:
        yield from ("", f"Not measured: {', '.join(missing)}. `make bench` measures them.")


def _details(kept: dict[str, Any], charts: Path) -> Iterator[str]:
    machine, versions = kept["machine"], kept["versions"]
    yield from (f"# {kept['title']}", "")
    yield "Written by `python -m benchmarks.performance`; do not edit. Cells: the median and the range of the rounds."
    yield from (
        "",
        f"{kept['date'][:10]}, {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB,",
    )
    yield f"{machine['system']}, {_load(machine)}."
    yield from ("", f"{', '.join(f'{name} {version}' for name, version in versions.items())}.", "")
    for number, comparison in enumerate(kept["comparisons"], start=1):
        figure = comparison["columns"][0]
        chart = charts / f"{kept['part']}-{number}.svg"
        title = f"{comparison['name']}: {heading(figure)}"
        chart.write_text(draw_bars(title, list(_bars(comparison, figure))), encoding="utf-8")
        yield from table(comparison)
        yield from limit_lines(comparison)
        yield from (f"![{_plain(title)}](../images/performance/{chart.name})", "")


def _bars(comparison: dict[str, Any], figure: str) -> Iterator[ChartBar]:
    texts = [limit["text"] for limit in comparison["limits"]]
    for contender in comparison["contenders"]:
        found = contender["figures"].get(figure)
        if found is not None:
            is_ours = not texts or any(f" of {contender['name']} at " in text for text in texts)
            yield ChartBar(
                name=contender["name"], value=found["median"], low=found["least"], high=found["most"], is_ours=is_ours
            )


def _load(machine: dict[str, Any]) -> str:
    load = machine.get("load")
    return "load not recorded" if load is None else f"load {load:g} at the end"


def _plain(title: str) -> str:
    return re.sub(r"[\[\]]", "", title)


if __name__ == "__main__":
    write_performance()
