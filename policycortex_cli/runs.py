"""Executes Dagster jobs in this process, on the home's instance, so that the UI shows the runs."""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg

from pipelines.definitions import build_defs
from pipelines.loggers import TERMINAL, terminal_logger
from pipelines.platform.event_log import BATCH_SIZE, BATCH_SIZE_VARIABLE
from pipelines.platform.worker_identity import TAG_WORKER, current_worker
from pipelines.resources import CoreResource
from pipelines.stored_days import adopt_earlier_version
from policycortex.errors import PolicyCortexError
from policycortex.settings import Settings
from policycortex_cli.home import make_folder, open_instance, private_home
from policycortex_cli.log_rotation import rotate_log


class HomeRuns:
    """The definitions and the instance of one home."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance) -> None:
        log_file = settings.home / "logs" / "runs.log"
        rotate_log(log_file)
        self.instance = instance
        self._defs = build_defs(
            core=CoreResource(home=str(settings.home), is_retrying=False, imports_any_path=True),
            loggers={TERMINAL: terminal_logger(log_file)},
        )

    def execute(
        self,
        job: str,
        *,
        config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str],
        partition: str | None = None,
    ) -> dg.ExecuteInProcessResult:
        """Execute a job. Raises the core's error that made it fail, PolicyCortexError for any other failure."""
        own_tags = {TAG_WORKER: current_worker().to_tag(), "dagster/max_retries": "0"}
        try:
            return self._defs.resolve_job_def(job).execute_in_process(
                instance=self.instance,
                run_config={"ops": dict(config or {}), "loggers": {TERMINAL: {}}},
                tags={**tags, **own_tags},
                partition_key=partition,
            )
        except dg.Failure as failure:
            cause = failure.__cause__
            if isinstance(cause, PolicyCortexError):
                raise cause from None
            if isinstance(cause, BaseException) and not isinstance(cause, Exception):
                raise KeyboardInterrupt from None
            raise PolicyCortexError(failure.description or "the run failed") from failure


@contextmanager
def home_runs(settings: Settings) -> Iterator[HomeRuns]:
    """Open a home for runs in this process."""
    os.environ.setdefault(BATCH_SIZE_VARIABLE, str(BATCH_SIZE))
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")  # users cannot act on them; the tests turn them into errors
    with private_home(settings):
        make_folder(settings.home / "logs")
        with open_instance(settings) as instance:
            adopt_earlier_version(instance, settings)
            yield HomeRuns(settings, instance)
