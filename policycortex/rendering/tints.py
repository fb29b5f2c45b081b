"""Colours of cells and marks in office files. A word beside each says the same: colour is never the only sign."""

from collections.abc import Mapping
from typing import Final

INK: Final = "#12263A"
HEAD_FILL: Final = "#10273A"
TINTS: Final[Mapping[str, tuple[str, str]]] = {
    "bad": ("#F8DCD5", "#7D2415"),
    "good": ("#D6ECE7", "#17534B"),
    "support": ("#EEF7F4", "#17534B"),
    "person": ("#E4E0F1", "#463A78"),
    "none": ("#ECEFF3", "#4C5D6F"),
    "critical": ("#6D0F22", "#FFFFFF"),
    "high": ("#F2C1B2", "#5E1A0E"),
    "medium": ("#F9DFBF", "#5C3608"),
    "low": ("#FBF0D6", "#5C4708"),
}
"""Fill and ink of coloured cells."""
