"""Log lines of all services: one JSON object per line, its time in UTC. They contain no bodies, headers or tokens."""

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
    """Formats the message and, unless ``has_extra`` is false, the ``extra`` fields."""

    def __init__(self, *, has_extra: bool = True) -> None:
        super().__init__()
        self._has_extra = has_extra

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fields: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if self._has_extra:
            fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD_FIELDS}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return _ENCODER.encode(fields).decode()


def log_config(**levels: str) -> dict[str, Any]:
    """For ``logging.config`` and uvicorn: JSON lines on stderr, warnings of all loggers and ``levels`` of some."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": f"{__name__}.{JsonLines.__name__}"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {name.replace("_", "."): {"level": level} for name, level in levels.items()},
    }
