"""Bar charts as SVG, legible on a light and on a dark background. No external styles and no fonts."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_WIDTH: Final = 760
_NAME_WIDTH: Final = 270
_VALUE_WIDTH: Final = 90
_ROW: Final = 26
_OURS, _THEIRS, _TEXT = "#2f6f9f", "#a8a29a", "#737373"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartBar:
    """One row of a chart. ``low`` and ``high`` are the lowest and highest value of the rounds."""

    name: str
    value: float
    low: float
    high: float
    is_ours: bool


def draw_bars(title: str, bars: Sequence[ChartBar]) -> str:
    """Return an SVG document. The longest bar fills the width; a thin line shows the range of the rounds."""
    longest = max((bar.high for bar in bars), default=0.0) or 1.0
    scale = (_WIDTH - _NAME_WIDTH - _VALUE_WIDTH) / longest
    height = 34 + _ROW * len(bars)
    rows = "".join(_row(bar, 34 + _ROW * number, scale) for number, bar in enumerate(bars))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" font-family="sans-serif" font-size="13" fill="{_TEXT}"><title>{escape(title)}</title>'
        f'<text x="0" y="16" font-weight="bold">{escape(title)}</text>{rows}</svg>\n'
    )


def _row(bar: ChartBar, top: int, scale: float) -> str:
    left, middle = _NAME_WIDTH, top + _ROW / 2 - 2
    end = left + bar.value * scale
    return (
        f'<text x="{left - 8}" y="{middle + 4:g}" text-anchor="end">{escape(bar.name)}</text>'
        f'<rect x="{left}" y="{top}" width="{max(bar.value * scale, 1):.1f}" height="{_ROW - 8}" rx="2" '
        f'fill="{_OURS if bar.is_ours else _THEIRS}"/>'
        f'<path d="M{left + bar.low * scale:.1f} {middle:g}H{left + bar.high * scale:.1f}" stroke="{_TEXT}"/>'
        f'<text x="{max(end, left + bar.high * scale) + 8:.1f}" y="{middle + 4:g}">{bar.value:.3g}</text>'
    )
