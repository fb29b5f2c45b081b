"""The small report that is requested repeatedly."""

from typing import Any, Final

FORMATS: Final = ("pdf", "json")


def body() -> dict[str, Any]:
    """Body of ``POST /v1/reports``: SOC 2 over the 30 days that end with the sample scan."""
    return {
        "name": "Small",
        "type": "compliance",
        "framework": "soc2",
        "scope": {"date_range": {"start": "2026-08-17T00:00:00+00:00", "end": "2026-09-16T00:00:00+00:00"}},
        "format_options": {"formats": list(FORMATS)},
    }
