"""Dagster's daemon as a program, started by ``serve``: warnings of loggers that are not Dagster's are JSON, too."""

import runpy

from pipelines.platform.instance_plugins import DAGSTER_DAEMON
from pipelines.platform.service_logs import log_as_json

if __name__ == "__main__":
    log_as_json()
    runpy.run_module(DAGSTER_DAEMON, run_name="__main__")
