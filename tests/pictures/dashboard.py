"""A picture of the Grafana dashboard's panels, from a real Prometheus that reads a served installation.

    python -m tests.pictures.dashboard PROMETHEUS_URL MINUTES PICTURE.png

Titles, places, units and queries are those of ``deploy/monitoring/dashboard.json``; Prometheus evaluates them. Grafana
itself does not run here: lines and colours are drawn by this module.
"""

import base64
import json
import math
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import httpx

from tests.support.browser import open_browser
from tests.support.installation import free_port, wait_until

DASHBOARD: Final = Path(__file__).parents[2] / "deploy" / "monitoring" / "dashboard.json"
_SCRAPE_SECONDS: Final = 5
_POINTS: Final = 240
_RATE_INTERVAL: Final = "2m"
_COLORS: Final = ("#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#c8f2c2", "#ffcb7d")
_CELL: Final = (60, 34)
"""Width and height of one unit of the dashboard's grid, in pixels."""
_STYLE: Final = """body{margin:0;background:#111217;color:#ccccdc;font:12px sans-serif}
.panel{position:absolute;background:#181b1f;border:1px solid #2a2d33;box-sizing:border-box;padding:8px;overflow:hidden}
h2{font-size:13px;font-weight:500;margin:0 0 6px}p{margin:0;display:inline-block;padding-right:12px;white-space:nowrap}
.stat{font-size:20px;padding:8px 16px 0 0}.stat small{display:block;font-size:11px;color:#9a9aab}
i{display:inline-block;width:10px;height:3px;margin-right:4px;vertical-align:middle}text{fill:#9a9aab;font-size:10px}"""

Points = Sequence[tuple[float, float]]
"""Seconds since 1970 and value, in the order of time; without values that are no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One series that a query answered with."""

    label: str
    points: Points


@contextmanager
def prometheus(target: str) -> Iterator[str]:
    """Address of a Prometheus that reads ``/metrics`` of ``target``, a host with its port, as the docs configure it."""
    program = shutil.which("prometheus")
    assert program is not None, "the program prometheus is missing; apt-get install prometheus"
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="prometheus-") as folder:
        config = Path(folder) / "prometheus.yaml"
        job = f"  - job_name: policycortex\n    static_configs: [{{targets: ['{target}']}}]\n"
        config.write_text(f"global: {{scrape_interval: {_SCRAPE_SECONDS}s}}\nscrape_configs:\n{job}")
        options = (f"--config.file={config}", f"--storage.tsdb.path={folder}/data", "--log.level=error")
        with subprocess.Popen([program, *options, f"--web.listen-address=127.0.0.1:{port}"]) as process:
            try:
                url = f"http://127.0.0.1:{port}"
                wait_until(lambda: _is_ready(url), what="Prometheus is ready")
                yield url
            finally:
                process.terminate()


def draw_dashboard(url: str, *, seconds: float, picture: Path) -> list[str]:
    """Write the picture of the last ``seconds``; the titles of panels for which Prometheus has no value."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    end = time.time()
    parts, empty = [], []
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        for panel in panels:
            lines = [line for target in panel["targets"] for line in _lines(client, target, end - seconds, end)]
            parts.append(_panel(panel, lines, end - seconds, end))
            if not lines:
                empty.append(panel["title"])
    width = max(panel["gridPos"]["x"] + panel["gridPos"]["w"] for panel in panels) * _CELL[0]
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels) * _CELL[1]
    page = f"<!doctype html><meta charset=utf-8><style>{_STYLE}</style><body>{''.join(parts)}"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "dashboard.html"
        path.write_text(page, encoding="utf-8")
        with open_browser(Path(folder) / "profile") as browser:
            browser.open_page(path, width=width, height=height)
            shot = browser.call("Page.captureScreenshot", format="png")["data"]
    picture.write_bytes(base64.b64decode(shot))
    return empty


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _lines(client: httpx.Client, target: Mapping[str, Any], start: float, end: float) -> list[Line]:
    query = target["expr"].replace("$__rate_interval", _RATE_INTERVAL)
    step = max(float(_SCRAPE_SECONDS), (end - start) / _POINTS)
    parameters = {"query": query, "start": str(start), "end": str(end), "step": str(step)}
    answer = client.get("/api/v1/query_range", params=parameters)
    assert answer.status_code == 200, answer.text
    found = []
    for series in answer.json()["data"]["result"]:
        points = [(float(at), float(value)) for at, value in series["values"] if math.isfinite(float(value))]
        label = target["legendFormat"]
        for name in re.findall(r"{{(\w+)}}", label):
            label = label.replace(f"{{{{{name}}}}}", series["metric"].get(name, ""))
        if points:
            found.append(Line(label=label, points=points))
    return found


def _panel(panel: Mapping[str, Any], lines: Sequence[Line], start: float, end: float) -> str:
    place, unit = panel["gridPos"], panel["fieldConfig"]["defaults"]["unit"]
    left, top, width, height = (place[name] * _CELL[number % 2] for number, name in enumerate(("x", "y", "w", "h")))
    draw = _stats(lines, unit) if panel["type"] == "stat" else _graph(lines, unit, (start, end), (width, height))
    box = f"left:{left}px;top:{top}px;width:{width}px;height:{height}px"
    return f'<div class=panel style="{box}"><h2>{escape(panel["title"])}</h2>{draw if lines else "no data"}</div>'


def _stats(lines: Sequence[Line], unit: str) -> str:
    return "".join(
        f"<p class=stat>{_value(line.points[-1][1], unit)}<small>{escape(line.label)}</small></p>" for line in lines
    )


def _graph(lines: Sequence[Line], unit: str, times: tuple[float, float], size: tuple[int, int]) -> str:
    """Lines over a grid of four; the axis begins at 0, as the dashboard says. Where values are missing, a line ends."""
    width, height = size[0] - 90, size[1] - 90
    top = max((value for line in lines for _, value in line.points), default=0.0) or 1.0
    gap = max(4 * _SCRAPE_SECONDS, 3 * (times[1] - times[0]) / _POINTS)

    def place(at: float, value: float) -> str:
        return f"{60 + width * (at - times[0]) / (times[1] - times[0]):.1f} {5 + height * (1 - value / top):.1f}"

    grid = "".join(
        f'<path d="M{place(times[0], top * n / 4)}H{60 + width}" stroke="#2a2d33"/>'
        f"<text x=55 y={9 + height * (1 - n / 4):.0f} text-anchor=end>{_value(top * n / 4, unit)}</text>"
        for n in range(5)
    )
    hours = "".join(
        f"<text x={60 + width * n / 4:.0f} y={height + 20} text-anchor=middle>{_clock(times, n / 4)}</text>"
        for n in range(5)
    )
    drawn = "".join(
        f'<path d="{_path(line.points, gap, place)}" fill=none stroke-width=1.5 stroke="{color}"/>'
        for line, color in zip(lines, _cycle(len(lines)), strict=True)
    )
    named = "".join(
        f'<p><i style="background:{color}"></i>{escape(line.label)}</p>'
        for line, color in zip(lines, _cycle(len(lines)), strict=True)
    )
    return f"<svg width={size[0] - 18} height={height + 24}>{grid}{hours}{drawn}</svg>{named}"


def _path(points: Points, gap: float, place: Any) -> str:  # noqa: ANN401 - a function of two numbers
    moves = [f"M{place(*points[0])}h1"]
    for before, point in pairwise(points):
        moves.append(("M" if point[0] - before[0] > gap else "L") + place(*point))
    return "".join(moves)


def _cycle(count: int) -> list[str]:
    return [_COLORS[number % len(_COLORS)] for number in range(count)]


def _clock(times: tuple[float, float], part: float) -> str:
    return time.strftime("%H:%M", time.gmtime(times[0] + (times[1] - times[0]) * part))


def _value(value: float, unit: str) -> str:
    if unit == "percentunit":
        return f"{value:.1%}"
    if unit == "bytes":
        return f"{value / 1e6:,.1f} MB"
    if unit == "s" and value >= 120:
        return f"{value / 60:,.1f} min" if value < 7200 else f"{value / 3600:,.1f} h"
    suffix = {"s": " s", "reqps": "/s", "ops": "/s"}.get(unit, "")
    return f"{value:,.3g}{suffix}"


if __name__ == "__main__":
    address, minutes, out = sys.argv[1:]
    without = draw_dashboard(address, seconds=60 * float(minutes), picture=Path(out))
    sys.exit(f"no values for: {', '.join(without)}" if without else 0)
