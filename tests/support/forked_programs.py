"""The console script without its start: a process that has imported the product forks itself for each call.

A start of the interpreter with all imports takes three seconds of CPU; most tests of the command line last less.
A forked program has its own environment, streams, working folder and exit code, and ends as the console script ends.
Run as a script, this module is that process.
"""

import atexit
import gc
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

_IMPORTED: Final = (
    "policycortex_cli.app",
    "policycortex_cli.backfill",
    "policycortex_cli.backup",
    "policycortex_cli.garbage_collection",
    "policycortex_cli.ingest",
    "policycortex_cli.report",
    "policycortex.rendering.artifacts",
    "pandas",
    "pyarrow.dataset",
)
"""What the commands, DuckDB and polars import only when they run."""

_WRITES: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND


def run_forked(
    program: Path, arguments: Sequence[str], environment: Mapping[str, str], *, timeout: float
) -> "subprocess.CompletedProcess[str]":
    """One call of the console script, with what it wrote. Raises TimeoutExpired when it takes too long."""
    call = [str(program), *arguments]
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        order = {"argv": call, "env": dict(environment), "cwd": str(Path.cwd()), "out": str(out), "err": str(err)}
        returncode = _ask(_host(), order | {"timeout": timeout})
        if returncode is None:
            raise subprocess.TimeoutExpired(call, timeout)
        return subprocess.CompletedProcess(call, returncode, out.read_text(), err.read_text())


def _ask(host: "subprocess.Popen[str]", order: Mapping[str, Any]) -> int | None:
    assert host.stdin is not None
    assert host.stdout is not None
    host.stdin.write(f"{json.dumps(order)}\n")
    host.stdin.flush()
    answer: dict[str, int | None] = json.loads(host.stdout.readline())
    return answer["returncode"]


@cache
def _host() -> "subprocess.Popen[str]":
    """The process that forks, one for each process of the test session; it ends with its input."""
    host = subprocess.Popen([sys.executable, "-P", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(host.communicate)
    return host


def _serve() -> None:
    """Run a program for each line of the input, until its end."""
    for name in _IMPORTED:
        import_module(name)
    gc.freeze()  # else each program looks through what is imported, which copies its memory
    forks = get_context("fork")
    for line in sys.stdin:
        order = json.loads(line)
        process = forks.Process(target=_become, args=(order,))
        process.start()
        process.join(order["timeout"])
        answer = process.exitcode
        process.kill()
        process.join()
        print(json.dumps({"returncode": answer}), flush=True)


def _become(order: Mapping[str, Any]) -> None:
    """The program of this order, with no input."""
    for number, path, flags in ((0, os.devnull, os.O_RDONLY), (1, order["out"], _WRITES), (2, order["err"], _WRITES)):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = order["argv"]
    try:
        main()
    finally:
        atexit._run_exitfuncs()


if __name__ == "__main__":
    from policycortex_cli import main

    _serve()
