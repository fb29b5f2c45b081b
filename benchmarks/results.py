"""Comparisons with their bars: kept as JSON with machine, versions and date, and printed as a table."""

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
    "ingest", "scoring", "history", "analytics", "documents", "workbook", "api", "serving", "backfill",
)  # fmt: skip
"""In the order they run; the longest are not last, so that a failure shows early."""

_PACKAGES = (
    "duckdb", "polars", "pyarrow", "dagster", "fastapi", "sqlalchemy", "weasyprint", "typst", "xlsxwriter", "openpyxl",
    "django", "djangorestframework", "msgspec",
)  # fmt: skip
_PEERS = ("pandas", "prowler")
"""Each in an environment of its own, ``.venv-<name>``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A limit that one figure of ``ours`` has to hold: absolute, or relative to the same figure of ``against``."""

    figure: str
    ours: str
    against: str | None = None
    at_most: float | None = None
    at_least: float | None = None
    why_missed: str = ""
    """The known reason, printed only while the bar is missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Contenders that did the same work in the same run, and the bars that hold between them."""

    name: str
    measured: Sequence[Measured]
    bars: Sequence[Bar] = ()
    columns: Sequence[str] = ("cpu_seconds", "wall_seconds", "peak_mb")
    """Figures shown in tables, in this order; all are kept."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a bar's figure came to."""

    text: str
    value: float
    limit: float
    is_met: bool
    why_missed: str
    pairs: list[float] = field(default_factory=list)
    """The value of each round; ``value`` is their median."""


def judge(comparison: Comparison) -> list[Verdict]:
    """Each bar on the median over the rounds; a ratio is taken round by round, of runs that stood side by side."""
    return [_verdict(bar, {each.name: each for each in comparison.measured}) for bar in comparison.bars]


def save(part: str, title: str, comparisons: Sequence[Comparison], folder: Path = RESULTS) -> Path:
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
    """The lines of one result file in Markdown."""
    return [f"## {kept['title']}", "", *(line for comparison in kept["comparisons"] for line in table(comparison))]


def table(comparison: dict[str, Any]) -> list[str]:
    """The lines of one kept comparison in Markdown: its table, its note, a verdict per bar."""
    columns = comparison["columns"]
    lines = [f"### {comparison['name']}", ""]
    lines += [f"| contender | {' | '.join(heading(name) for name in columns)} |"]
    lines += [f"| --- |{' ---: |' * len(columns)}"]
    for contender in comparison["contenders"]:
        cells = [_cell(contender["figures"].get(name)) for name in columns]
        lines += [f"| {contender['name']} | {' | '.join(cells)} |"]
    lines += ["", *([comparison["note"], ""] if comparison["note"] else [])]
    lines += [f"- {bar_line(bar)}" for bar in comparison["bars"]]
    return [*lines, *([""] if comparison["bars"] else [])]


def load_results(folder: Path = RESULTS) -> list[dict[str, Any]]:
    """What each part left last, in the order of PARTS."""
    paths = [folder / f"{part}.json" for part in PARTS]
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]


def summary(results: Sequence[dict[str, Any]]) -> list[str]:
    """Every bar of every part, and how many are met."""
    bars = [
        (each, comparison, bar) for each in results for comparison in each["comparisons"] for bar in comparison["bars"]
    ]
    met = sum(bar["is_met"] for _, _, bar in bars)
    lines = ["## Every bar", "", f"{met} of {len(bars)} met.", "", "| part | comparison | bar | measured |"]
    lines += ["| --- | --- | --- | --- |"]
    for each, comparison, bar in bars:
        lines.append(f"| {each['part']} | {comparison['name']} | {bar_line(bar)} | {each['date'][:10]} |")
    return lines


def bar_line(bar: dict[str, Any]) -> str:
    """One verdict as a sentence."""
    reason = f": {bar['why_missed']}" if bar["why_missed"] and not bar["is_met"] else ""
    return f"{'met' if bar['is_met'] else '**missed**'}: {bar['text']}; reached {bar['value']:.3g}{reason}"


def describe_machine() -> dict[str, Any]:
    """Processor, cores, memory, system, and how many processes wanted a core during the last minute."""
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


def _kept(comparison: Comparison) -> dict[str, Any]:
    contenders = [
        {"name": each.name, "figures": {name: _summary(values) for name, values in each.figures.items()}}
        for each in comparison.measured
    ]
    return {
        "name": comparison.name,
        "note": comparison.note,
        "columns": list(comparison.columns),
        "contenders": contenders,
        "bars": [asdict(verdict) for verdict in judge(comparison)],
    }


def _verdict(bar: Bar, measured: dict[str, Measured]) -> Verdict:
    ours = measured[bar.ours].figures[bar.figure]
    if bar.against is None:
        pairs = list(ours)
    else:
        pairs = [
            one / max(other, 1e-9) for one, other in zip(ours, measured[bar.against].figures[bar.figure], strict=True)
        ]
    value = median(pairs)
    limit = bar.at_most if bar.at_most is not None else bar.at_least
    if limit is None:
        raise ValueError(f"the bar on {bar.figure} of {bar.ours} has no limit: give at_most or at_least")
    is_met = value <= limit if bar.at_most is not None else value >= limit
    word = "at most" if bar.at_most is not None else "at least"
    target = f"{limit:g} x {bar.against}" if bar.against else f"{limit:g}"
    text = f"{heading(bar.figure)} of {bar.ours} {word} {target}"
    return Verdict(text=text, value=value, limit=limit, is_met=is_met, why_missed=bar.why_missed, pairs=pairs)


def _summary(values: Sequence[float]) -> dict[str, Any]:
    return {"median": median(values), "least": min(values), "most": max(values), "values": list(values)}


def _cell(summary: dict[str, Any] | None) -> str:
    if summary is None:
        return ""
    return f"{summary['median']:.3g} ({summary['least']:.3g}-{summary['most']:.3g})"


def heading(figure: str) -> str:
    """A figure's name as people read it."""
    return {"cpu_seconds": "CPU s", "wall_seconds": "wall s", "peak_mb": "peak MB"}.get(
        figure, figure.replace("_", " ")
    )
