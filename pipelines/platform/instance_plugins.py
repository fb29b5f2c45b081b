"""Classes and programs that Dagster's instance configuration names by text, private ones of Dagster among them.

Imports nothing of Dagster: the command line reads the names before it starts Dagster.
"""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePlugin:
    """A class that Dagster loads by its module and name."""

    module: str
    class_name: str

    def config(self, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - what YAML can hold
        """The entry in ``dagster.yaml``."""
        return {"module": self.module, "class": self.class_name, "config": values}


EVENT_LOG_STORAGE: Final = InstancePlugin(module="pipelines.platform.event_log", class_name="HomeEventLogStorage")
RUN_STORAGE: Final = InstancePlugin(module="pipelines.platform.home_storage", class_name="HomeRunStorage")
SCHEDULE_STORAGE: Final = InstancePlugin(module="pipelines.platform.home_storage", class_name="HomeScheduleStorage")
FORKING_LAUNCHER: Final = InstancePlugin(module="pipelines.platform.launcher", class_name="ForkingRunLauncher")
CELERY_LAUNCHER: Final = InstancePlugin(module="pipelines.platform.celery_launcher", class_name="FleetRunLauncher")

RUN_HOST_MODULE: Final = "pipelines.platform.run_host"
CODE_SERVER_MODULE: Final = "pipelines.platform.code_server"
UI_MODULE: Final = "pipelines.ui.server"
DAEMON_MODULE: Final = "pipelines.platform.daemon"
DAGSTER_DAEMON: Final = "dagster._daemon"
"""Run as a module: the console script ``dagster-daemon`` need not be on the path of a service."""

DEFINITIONS_MODULE: Final = "pipelines.definitions"
"""The module whose ``defs`` the code server and the run host load. Stored runs name it."""

CODE_SOCKET: Final = "code.sock"
"""Name of the socket that takes requests to load the code again, beside the workspace file."""
