"""Comparisons with their limits: stored as JSON with machine, versions and date, and printed as tables."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.harness import ROOT, Measured

RESULTS = ROOT / "benchmarks" / "results"
PARTS = (
    "serving", "documents", "ingest", "formats", "scoring", "workbook", "size", "history", "api", "pages", "analytics",
    "backfill",
)  # fmt: skip
"""In the order they run and are shown: first what people wait for."""
LONG = ("size", "history", "api", "pages", "analytics", "backfill")
"""Parts that run by name only: a report of a million findings, a million reports, years of history take long."""

_PACKAGES = (
    "duckdb", "polars", "pyarrow", "dagster", "fastapi", "sqlalchemy", "weasyprint", "typst", "xlsxwriter", "openpyxl",
    "msgspec",
)  # fmt: skip
_PEERS = ("pandas", "prowler")
"""Each has its own environment, ``.venv-<name>``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit on one figure of ``ours``: absolute, or relative to the same figure of ``against``."""

    figure: str
    ours: str
    against: str | None = None
    at_most: float | None = None
    at_least: float | None = None
    why_missed: str = ""
    """The known reason, printed only while the limit is missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkTable:
    """Contenders that did the same work in the same run, and the limits between them."""

    name: str
    measured: Sequence[Measured]
    limits: Sequence[Limit] = ()
    columns: Sequence[str] = ("cpu_seconds", "wall_seconds", "peak_mb")
    """Figures shown in tables, in this order; all are stored."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitResult:
    """The measured value of a limit."""

    text: str
    value: float
    limit: float
    is_met: bool
    why_missed: str
    pairs: list[float] = field(default_factory=list)
    """The value of each round; ``value`` is their median."""


def check_limits(comparison: BenchmarkTable) -> list[LimitResult]:
    """Check each limit on the median of the rounds; a ratio is calculated per round, from runs beside each other."""
    return [_check(limit, {each.name: each for each in comparison.measured}) for limit in comparison.limits]


def save(part: str, title: str, comparisons: Sequence[BenchmarkTable], folder: Path = RESULTS) -> Path:
    """Write ``<part>.json`` and print its tables; returns the file."""
    kept = {
        "part": part,
        "title": title,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "versions": _versions(),
        "comparisons": [_kept(comparison) for comparison in comparisons],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{part}.json"
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print("\n".join(tables(kept)), flush=True)
    return path


def tables(kept: dict[str, Any]) -> list[str]:
    """Return one result file as lines of Markdown."""
    lines = [f"# {kept['title']}", ""]
    for comparison in kept["comparisons"]:
        lines += [*table(comparison), *limit_lines(comparison)]
    return lines


def table(comparison: dict[str, Any]) -> list[str]:
    """Return one stored comparison as lines of Markdown: its table and its note."""
    columns = comparison["columns"]
    lines = [f"## {comparison['name']}", ""]
    lines += [f"| contender | {' | '.join(heading(name) for name in columns)} |"]
    lines += [f"| --- |{' ---: |' * len(columns)}"]
    for contender in comparison["contenders"]:
        cells = [_cell(contender["figures"].get(name)) for name in columns]
        lines += [f"| {contender['name']} | {' | '.join(cells)} |"]
    return [*lines, "", *([comparison["note"], ""] if comparison["note"] else [])]


def limit_lines(comparison: dict[str, Any]) -> list[str]:
    """Return a list item per limit, and an empty line after them; nothing where there is no limit."""
    lines = [f"- {limit_line(limit)}" for limit in comparison["limits"]]
    return [*lines, *([""] if lines else [])]


def load_results(folder: Path = RESULTS) -> list[dict[str, Any]]:
    """Load the latest result of each part, in the order of PARTS."""
    paths = [folder / f"{part}.json" for part in PARTS]
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]


def summary(results: Sequence[dict[str, Any]]) -> list[str]:
    """Return a table of every limit of every part, and how many are met."""
    limits = [
        (each, comparison, limit)
        for each in results
        for comparison in each["comparisons"]
        for limit in comparison["limits"]
    ]
    met = sum(limit["is_met"] for _, _, limit in limits)
    lines = [f"{met} of {len(limits)} limits met.", "", "| part | comparison | limit | measured |"]
    lines += ["| --- | --- | --- | --- |"]
    for each, comparison, limit in limits:
        lines.append(f"| {each['part']} | {comparison['name']} | {limit_line(limit)} | {each['date'][:10]} |")
    return lines


def limit_line(limit: dict[str, Any]) -> str:
    """Return one limit and its measured value as a sentence."""
    reason = f": {limit['why_missed']}" if limit["why_missed"] and not limit["is_met"] else ""
    return f"{'met' if limit['is_met'] else '**missed**'}: {limit['text']}; measured {limit['value']:.3g}{reason}"


def describe_machine() -> dict[str, Any]:
    """Return processor, cores, memory, system, and the load average of the last minute."""
    with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load": round(os.getloadavg()[0], 1),
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    for name in _PEERS:
        folders = [str(path) for path in (ROOT / f".venv-{name}").glob("lib/*/site-packages")]
        found.update((name, installed.version) for installed in distributions(name=name, path=folders))
    return found


def _kept(comparison: BenchmarkTable) -> dict[str, Any]:
    contenders = [
        {"name": each.name, "figures": {name: _summary(values) for name, values in each.figures.items()}}
        for each in comparison.measured
    ]
    return {
        "name": comparison.name,
        "note": comparison.note,
        "columns": list(comparison.columns),
        "contenders": contenders,
        "limits": [asdict(result) for result in check_limits(comparison)],
    }


def _check(limit: Limit, measured: dict[str, Measured]) -> LimitResult:
    ours = measured[limit.ours].figures[limit.figure]
    if limit.against is None:
        pairs = list(ours)
    else:
        pairs = [
            one / max(other, 1e-9)
            for one, other in zip(ours, measured[limit.against].figures[limit.figure], strict=True)
        ]
    value = median(pairs)
    bound = limit.at_most if limit.at_most is not None else limit.at_least
    if bound is None:
        raise ValueError(f"the limit on {limit.figure} of {limit.ours} has no limit: give at_most or at_least")
    is_met = value <= bound if limit.at_most is not None else value >= bound
    word = "at most" if limit.at_most is not None else "at least"
    target = f"{bound:g} x {limit.against}" if limit.against else f"{bound:g}"
    text = f"{heading(limit.figure)} of {limit.ours} {word} {target}"
    return LimitResult(text=text, value=value, limit=bound, is_met=is_met, why_missed=limit.why_missed, pairs=pairs)


def _summary(values: Sequence[float]) -> dict[str, Any]:
    return {"median": median(values), "least": min(values), "most": max(values), "values": list(values)}


def _cell(summary: dict[str, Any] | None) -> str:
    if summary is None:
        return ""
    return f"{summary['median']:.3g} ({summary['least']:.3g}-{summary['most']:.3g})"


def heading(figure: str) -> str:
    """Return a figure's name for readers."""
    return {"cpu_seconds": "CPU s", "wall_seconds": "wall s", "peak_mb": "peak MB"}.get(
        figure, figure.replace("_", " ")
    )
