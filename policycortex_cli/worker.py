"""``policycortex worker``: executes runs from the broker. Needs the database, the bucket and the broker."""

import os
import socket
from contextlib import closing

from policycortex.settings import Settings
from policycortex_cli.home import open_instance, private_home, require_fleet


def work_until_stopped(settings: Settings, *, slots: int, name: str) -> None:
    """Execute ``slots`` runs at a time, one process each, until SIGTERM; current runs are completed first."""
    require_fleet(settings)
    with private_home(settings, is_thorough=True):
        _work(settings, slots=slots, name=name)


def _work(settings: Settings, *, slots: int, name: str) -> None:
    from pipelines.platform.celery_launcher import QUEUE, make_worker_app
    from pipelines.platform.instance_plugins import DEFINITIONS_MODULE
    from pipelines.platform.run_host import preload
    from policycortex.storage.registry import open_registry

    with open_instance(settings), closing(open_registry(settings)):
        pass
    os.environ["POLICYCORTEX_HOME"] = str(settings.home)  # open_instance has set Dagster's own variables
    preload(DEFINITIONS_MODULE)
    app = make_worker_app(settings.broker_url or "")
    app.worker_main(
        [
            "worker",
            f"--concurrency={slots}",
            f"--queues={QUEUE}",
            f"--hostname={name}@{socket.gethostname()}",
            "--loglevel=INFO",
            "--without-gossip",
            "--without-mingle",
        ]
    )
