"""``policycortex worker``: executes runs that the broker hands out; the machine needs database, bucket and broker."""

import os
import socket
from contextlib import closing

from policycortex.settings import Settings
from policycortex_cli.home import make_folder, open_instance, require_fleet


def work_until_stopped(settings: Settings, *, slots: int, name: str) -> None:
    """Take runs until SIGTERM, which lets those at work end first; ``slots`` at once, a forked process each."""
    require_fleet(settings)
    from pipelines.platform.celery_launcher import QUEUE, make_worker_app
    from pipelines.platform.run_host import warm_up
    from policycortex.storage.registry import open_registry

    make_folder(settings.home)
    open_instance(settings).dispose()
    with closing(open_registry(settings)):
        pass
    os.environ["POLICYCORTEX_HOME"] = str(settings.home)  # Dagster's own variables the instance has set
    warm_up("pipelines.definitions")
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
