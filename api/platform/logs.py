"""One JSON object per line on stderr: what happened, when, under which request. No bodies, headers or tokens."""

import logging
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

_PLAIN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)  # a third of json's time; a line is written for each request


class JsonLines(logging.Formatter):
    """The message, and what the call gave as ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= {name: value for name, value in vars(record).items() if name not in _PLAIN}
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return _ENCODER.encode(told).decode()


def log_config() -> dict[str, Any]:
    """For ``uvicorn.run(log_config=...)``. Its access log stays off: paths of links hold their tokens."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "api.platform.logs.JsonLines"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "policycortex": {"level": "INFO"},
            "uvicorn": {"level": "INFO"},
            "uvicorn.access": {"level": "WARNING"},
        },
    }
