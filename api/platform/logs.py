"""Log lines: one JSON object per line on stderr. They contain no bodies, headers or tokens."""

import logging
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

_STANDARD_FIELDS: Final = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}
_ENCODER: Final = msgspec.json.Encoder(enc_hook=str)  # a third of json's time; a line is written for each request


class JsonLines(logging.Formatter):
    """Formats the message and the ``extra`` fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fields: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD_FIELDS}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return _ENCODER.encode(fields).decode()


def log_config() -> dict[str, Any]:
    """For ``uvicorn.run(log_config=...)``. The access log is off: paths of links contain their tokens."""
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
