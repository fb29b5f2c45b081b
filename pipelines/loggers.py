"""Logger of runs that the command line waits for: progress to the terminal, all Dagster events to a file."""

import logging
import sys
import time
from pathlib import Path
from typing import Final

import dagster as dg

from policycortex.log_lines import JsonLines

TERMINAL: Final = "terminal"

_SECONDS_BETWEEN_LINES: Final = 1.0


def terminal_logger(log_file: Path) -> dg.LoggerDefinition:
    """Writes messages of assets to stderr, and everything to ``log_file``."""

    def make(_context: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.getLogger("policycortex.run")
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        for handler in tuple(logger.handlers):  # of an earlier run in this process
            logger.removeHandler(handler)
            handler.close()
        logger.addHandler(_Progress(sys.stderr))
        file = logging.FileHandler(log_file, delay=True)
        file.setFormatter(JsonLines(has_extra=False))
        logger.addHandler(file)
        return logger

    return dg.LoggerDefinition(make, description="Progress to the terminal, events to a file.")


class _Progress(logging.StreamHandler):  # type: ignore[type-arg]
    """Shows messages of our own code, at most one line per second; Dagster's events have ``dagster_event``.

    Shows nothing in the first second: a run that fails at once prints only the reason.
    """

    _shown_at: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {})
        if record.levelno < logging.INFO or meta.get("dagster_event") is not None or not meta.get("orig_message"):
            return
        now = time.monotonic()
        self._shown_at = self._shown_at or now
        if now - self._shown_at >= _SECONDS_BETWEEN_LINES:
            self._shown_at = now
            self.stream.write(f"{meta['orig_message']}\n")
            self.flush()
