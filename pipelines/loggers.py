"""Where runs that a terminal waits for say what they do: a person's lines to the terminal, Dagster's to a file."""

import logging
import sys
from pathlib import Path

import dagster as dg

TERMINAL = "terminal"


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
    """Shows only what our own code logged; Dagster's events carry ``dagster_event``."""

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {})
        if record.levelno >= logging.INFO and meta.get("dagster_event") is None and meta.get("orig_message"):
            self.stream.write(f"policycortex: {meta['orig_message']}\n")
            self.flush()
