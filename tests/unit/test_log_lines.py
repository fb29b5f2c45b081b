"""Every service writes JSON lines with times in UTC and no colours, whichever library logs."""

import json
import logging
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from dagster._cli import ENV_PREFIX
from dagster._cli.api import grpc_command

from api.platform.logs import api_log_config
from pipelines.loggers import terminal_logger
from pipelines.platform.service_logs import CODE_FORMAT_VARIABLE, JSON
from policycortex.log_lines import log_config

_LINES = """
import logging, logging.config, sys
from pipelines.platform.service_logs import log_like_the_service
log_like_the_service()
logging.getLogger("some.library").warning("a %s\\x1b[0m", "value", extra={"file": "x"})
logging.getLogger("some.library").info("not this")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("other").exception("failed")
"""


def _lines(**environment: str) -> str:
    """What the program writes to stderr."""
    command = [sys.executable, "-W", "ignore", "-c", _LINES]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    return done.stderr


def test_definitions_of_a_service_log_json() -> None:
    """Warnings of any logger, with its fields and a traceback in one line; the time is in UTC."""
    lines = _lines(**{CODE_FORMAT_VARIABLE: JSON}, TZ="America/New_York").splitlines()
    first, second = (json.loads(line) for line in lines)
    assert (first["level"], first["logger"], first["message"], first["file"]) == (
        "warning",
        "some.library",
        "a value\x1b[0m",
        "x",
    )
    assert datetime.fromisoformat(first["at"]).utcoffset() == timedelta(0)
    assert "ZeroDivisionError" in second["traceback"]


def test_lines_of_loggers_with_their_own_handler_are_written_once() -> None:
    """Dagster's daemon gives its loggers a handler after the service's was set."""
    program = (
        "import logging, sys; from pipelines.platform.service_logs import log_as_json; log_as_json(); "
        "logging.getLogger('own').addHandler(logging.StreamHandler(sys.stdout)); "
        "logging.getLogger('own.part').warning('once'); logging.getLogger('other').warning('root')"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "once\n"
    assert [json.loads(line)["message"] for line in done.stderr.splitlines()] == ["root"]


def test_definitions_of_a_command_leave_the_terminal_alone() -> None:
    """Without the service's variable nothing changes."""
    assert _lines(**{CODE_FORMAT_VARIABLE: ""}).startswith("a value")


def test_dagster_reads_the_variable() -> None:
    """The name is that of an option of the process that loads the definitions."""
    assert "log_format" in {parameter.name for parameter in grpc_command.params}
    assert f"{ENV_PREFIX}_API_GRPC_LOG_FORMAT" == CODE_FORMAT_VARIABLE


def test_levels_are_set_by_name() -> None:
    """Underscores stand for dots: the access log of uvicorn has its own level."""
    assert api_log_config()["loggers"]["uvicorn.access"] == {"level": "WARNING"}
    assert log_config()["root"]["level"] == "WARNING"


def test_runs_of_commands_log_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To the file; the terminal has the message alone. Fields of Dagster, which are long, are left out."""
    logger = terminal_logger(tmp_path / "runs.log").logger_fn(None)  # type: ignore[arg-type]
    try:
        logger.info("file 1", extra={"dagster_meta": {"orig_message": "file 1", "dagster_event": None}})
    finally:
        for handler in logger.handlers:
            handler.close()
        logger.handlers.clear()
    assert capsys.readouterr().out == ""
    line = json.loads((tmp_path / "runs.log").read_text())
    assert sorted(line) == ["at", "level", "logger", "message"]
    assert logging.getLogger("policycortex.run") is logger
