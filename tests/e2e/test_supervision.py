"""When the supervisor ends a service that lives but does not work; with a process of its own, and time as a number."""

import os
import sys
import time
from pathlib import Path

from policycortex_cli.supervisor import Service, Supervisor


def test_a_service_that_still_loads_is_not_ended_for_not_working(tmp_path: Path) -> None:
    """A busy machine takes a minute to load it: only when it is ready, and others had time to see so, it is judged."""
    is_ready = False
    sleeper = Service(
        name="sleeper",
        command=(sys.executable, "-c", "import time; time.sleep(600)"),
        is_ready=lambda: is_ready,
        is_alive=lambda: False,
    )
    supervisor = Supervisor(
        folder=tmp_path, logs=tmp_path, environment=os.environ, say=lambda _: None, is_stopping=lambda: False
    )
    child = supervisor._children["sleeper"] = supervisor._spawn(sleeper)
    try:
        begun = time.monotonic()
        for seconds in range(5, 115, 5):
            supervisor._check(child, begun + seconds)
        assert child.process.poll() is None
        is_ready = True
        for seconds in range(115, 165, 5):
            supervisor._check(child, begun + seconds)
        assert child.process.wait(60) != 0
    finally:
        supervisor.stop()
