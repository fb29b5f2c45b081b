"""Log lines of Dagster's services. Dagster formats its own loggers (``--log-format json``), and no others."""

import logging
import logging.config
import sys
from typing import Final

from policycortex.log_lines import JsonLines, log_config
from policycortex.settings import environment_value

CODE_FORMAT_VARIABLE: Final = "DAGSTER_CLI_API_GRPC_LOG_FORMAT"
"""Option ``--log-format`` of a code server, whose definitions read it, too."""

JSON: Final = "json"


def log_as_json(**levels: str) -> None:
    """Write JSON lines to stderr: warnings of all loggers, and ``levels`` of some.

    Lines of loggers to which Dagster gives a handler of its own are left to that one, which writes JSON, too.
    """
    logging.config.dictConfig(log_config(**levels))
    for handler in logging.root.handlers:
        handler.addFilter(_has_no_handler)


def _has_no_handler(record: logging.LogRecord) -> bool:
    """Whether no logger below the root has written the record."""
    logger: logging.Logger | None = logging.getLogger(record.name)
    while logger is not None and logger is not logging.root:
        if logger.handlers:
            return False
        logger = logger.parent
    return True


class _RunLogger(logging.Logger):
    """Its handlers write JSON lines to the output, nothing below INFO: all events of a run are in the UI."""

    def addHandler(self, hdlr: logging.Handler) -> None:  # noqa: N802 - name of the standard library
        """Add the handler, with our format if it writes to the output of this process."""
        if isinstance(hdlr, logging.StreamHandler) and hdlr.stream in (sys.stderr, sys.stdout):
            hdlr.setFormatter(JsonLines(has_extra=False))
            hdlr.setLevel(max(hdlr.level, logging.INFO))
        super().addHandler(hdlr)


def log_runs_as_json() -> None:
    """The same for lines about runs that this process executes.

    A run without ``loggers`` in its configuration, which is every run that people start in the UI, gets Dagster's own
    logger. Dagster makes it of the class that is set in ``logging``, and gives it a handler to stderr with colours. The
    event log, which the UI shows, has a handler of its own that this does not touch.
    """
    log_as_json()
    logging.setLoggerClass(_RunLogger)


def log_like_the_service() -> None:
    """The same for definitions that a service loads; not for commands of a terminal."""
    if environment_value(CODE_FORMAT_VARIABLE) == JSON:
        log_as_json()
