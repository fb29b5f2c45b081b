"""Processes for tests that kill a worker or let several race: forked from one that has imported the product.

A start of the interpreter with all imports takes three seconds of CPU; such work lasts less.
"""

import os
from collections.abc import Callable, Mapping
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from typing import Final

CONTEXT: Final = get_context("forkserver")
"""For events and locks that these processes share."""

CONTEXT.set_forkserver_preload(
    [
        "pytest",
        "policycortex.workflow.event_sending",
        "policycortex.workflow.outbox",
        "policycortex.workflow.posture",
        "policycortex.workflow.scheduling",
        "policycortex.workflow.ticket_sending",
        "policycortex.workflow.fresh_scans",
        "tests.support.ledger",
        "tests.support.receivers",
        "tests.support.samples.lake",
    ]
)


def process_of(work: Callable[..., None], *args: object) -> ForkServerProcess:
    """A process for this call, not started yet, with the environment of now."""
    return CONTEXT.Process(target=_work, args=(dict(os.environ), work, args))


def _work(environment: Mapping[str, str], work: Callable[..., None], args: tuple[object, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    work(*args)
