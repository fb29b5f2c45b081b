"""What the API's process logs."""

from typing import Any

from policycortex.log_lines import log_config


def api_log_config() -> dict[str, Any]:
    """For ``uvicorn.run(log_config=...)``. The access log is off: paths of links contain their tokens."""
    return log_config(policycortex="INFO", uvicorn="INFO", uvicorn_access="WARNING")
