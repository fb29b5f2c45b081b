"""The reports that are requested."""

from datetime import datetime
from typing import Any, Final

ORDERS: Final = {
    "JSON": ("json",),
    "CSV": ("csv",),
    "PDF": ("pdf",),
    "five formats": ("pdf", "excel", "csv", "json", "html"),
}
"""Formats of each single request."""
TWELVE: Final = ("pdf", "json")


def body(formats: tuple[str, ...], start: datetime, end: datetime) -> dict[str, Any]:
    """Body of ``POST /v1/reports``: SOC 2, all else as it is by default."""
    return {
        "name": "SOC 2",
        "type": "compliance",
        "framework": "soc2",
        "scope": {"date_range": {"start": start.isoformat(), "end": end.isoformat()}},
        "format_options": {"formats": list(formats)},
    }
