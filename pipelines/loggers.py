"""Where runs that a terminal waits for say what they do: a person's lines to the terminal, Dagster's to a file."""

import logging
import sys
import time
from pathlib import Path
from typing import Final

import dagster as dg

TERMINAL: Final = "terminal"

_SECONDS_BETWEEN: Final = 1.0


def terminal_logger(log_file: Path) -> dg.LoggerDefinition:
    """Messages of our assets on stderr, everything in ``log_file``."""

    def make(_context: dg.InitLoggerContext) -> logging.Logger:
        chosen = logging.getLogger("policycortex.run")
        chosen.setLevel(logging.DEBUG)
        chosen.propagate = False
        chosen.handlers[:] = [_Progress(sys.stderr)]
        file = logging.FileHandler(log_file, delay=True)
        file.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        chosen.addHandler(file)
        return chosen

    return dg.LoggerDefinition(make, description="Progress to the terminal, events to a file.")


class _Progress(logging.StreamHandler):  # type: ignore[type-arg]
    """Shows what our own code logged, a line a second at most; Dagster's events carry ``dagster_event``.

    The first second is silent: what fails at once leaves one line, the reason.
    """

    _shown_at: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {})
        if record.levelno < logging.INFO or meta.get("dagster_event") is not None or not meta.get("orig_message"):
            return
        now = time.monotonic()
        self._shown_at = self._shown_at or now
        if now - self._shown_at >= _SECONDS_BETWEEN:
            self._shown_at = now
            self.stream.write(f"{meta['orig_message']}\n")
            self.flush()
