"""A chart for the UI: each framework's default score over the run's days, on a scale of 0 to 100 %."""

import base64
from collections import defaultdict
from collections.abc import Sequence
from html import escape
from typing import Final

import dagster as dg

from policycortex.workflow.posture import DayScore

_LEFT: Final = 150.0
_WIDTH: Final = 420.0
_ROW: Final = 46.0
_LINE: Final = 30.0
_MOST_ROWS: Final = 20


def score_chart(scores: Sequence[DayScore]) -> dg.MarkdownMetadataValue:
    """One row per organisation and framework with the last score. Days without a score interrupt the line."""
    by_row: dict[str, list[DayScore]] = defaultdict(list)
    for score in sorted(scores, key=lambda s: (s.organization, s.framework_id, s.day)):
        by_row[f"{score.organization} · {score.framework_id}"].append(score)
    rows = list(by_row.items())[:_MOST_ROWS]
    drawn = "".join(_row(name, points, n * _ROW) for n, (name, points) in enumerate(rows))
    size = f'width="{_LEFT + _WIDTH + 80:g}" height="{max(len(rows), 1) * _ROW:g}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">{drawn}</svg>'
    note = f"\n\n{_MOST_ROWS} of {len(by_row)} shown." if len(by_row) > _MOST_ROWS else ""
    return dg.MetadataValue.md(
        f"![Scores by day](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}){note}"
    )


def _row(name: str, points: Sequence[DayScore], top: float) -> str:
    first, span = points[0].day, max((points[-1].day - points[0].day).days, 1)
    base = top + 8 + _LINE
    runs: list[list[str]] = [[]]
    for point in points:
        if point.value_pct is None:
            runs.append([])
            continue
        x = _LEFT + _WIDTH * (point.day - first).days / span
        runs[-1].append(f"{x:.1f},{base - _LINE * point.value_pct / 100:.1f}")
    lines = "".join(_run(run) for run in runs if run)
    last = next((p.value_pct for p in reversed(points) if p.value_pct is not None), None)
    label = "not assessed" if last is None else f"{last:.1f} %"
    return (
        f'<text x="0" y="{base - 10:g}" fill="#566779">{escape(name)}</text>'
        f'<path d="M{_LEFT:g} {base:g}h{_WIDTH:g}M{_LEFT:g} {base - _LINE:g}h{_WIDTH:g}" stroke="#c9d2db" fill="none"/>'
        f'{lines}<text x="{_LEFT + _WIDTH + 8:g}" y="{base - 10:g}" fill="#14526b">{label}</text>'
    )


def _run(run: Sequence[str]) -> str:
    if len(run) == 1:
        x, y = run[0].split(",")
        return f'<circle cx="{x}" cy="{y}" r="2.5" fill="#14526b"/>'
    return f'<polyline points="{" ".join(run)}" fill="none" stroke="#14526b" stroke-width="1.8"/>'
