"""Log lines of Dagster's services. Dagster formats its own loggers (``--log-format json``), and no others."""

import logging.config
from typing import Final

from policycortex.log_lines import log_config
from policycortex.settings import environment_value

CODE_FORMAT_VARIABLE: Final = "DAGSTER_CLI_API_GRPC_LOG_FORMAT"
"""Option ``--log-format`` of the process that loads the definitions. The code server starts it and passes no format."""

JSON: Final = "json"


def log_as_json(**levels: str) -> None:
    """Write JSON lines to stderr: warnings of all loggers, and ``levels`` of some."""
    logging.config.dictConfig(log_config(**levels))


def log_like_the_service() -> None:
    """The same for definitions that a service loads; not for commands of a terminal."""
    if environment_value(CODE_FORMAT_VARIABLE) == JSON:
        log_as_json()
