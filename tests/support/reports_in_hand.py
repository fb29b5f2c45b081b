"""Reports of a test's organisation that end by themselves, for clients that run as programs of their own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from policycortex.names import ReportStatus
from policycortex.storage.registry.rows import ReportFilter
from tests.support.api_server import ApiServer


@contextmanager
def completing(server: ApiServer) -> Iterator[None]:
    """Complete each report of the organisation soon after it is requested, until the end of the block."""
    is_over = threading.Event()

    def work() -> None:
        while not is_over.wait(0.1):
            pending = ReportFilter(status=ReportStatus.PENDING)
            for row in server.registry.reports.list_reports(server.organization, pending).reports:
                server.complete(row.id)

    worker = threading.Thread(target=work, name="completing")
    worker.start()
    try:
        yield
    finally:
        is_over.set()
        worker.join()
