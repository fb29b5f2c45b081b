"""Dagster's daemon as a program, started by ``serve``: warnings of loggers that are not Dagster's are JSON, too."""

from dagster._daemon.cli import main

from pipelines.platform.service_logs import log_as_json

if __name__ == "__main__":
    log_as_json()
    main()
