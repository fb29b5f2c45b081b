"""The lake that a report is made from: brought up to date first, then read at one snapshot."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from policycortex.names import ReportType
from policycortex.requests.model import ReportRequest
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake, open_newest_lake
from policycortex.workflow.poam_numbers import number_organization
from policycortex.workflow.posture import refresh_stale_days
from policycortex.workflow.report_days import days_of_request


@contextmanager
def open_report_lake(
    settings: Settings, request: ReportRequest, now: datetime, progress: Callable[[str], None]
) -> Iterator[Lake]:
    """The lake at the snapshot of the request's basis, else at the newest, in which its days are up to date."""
    basis = request.basis
    if basis is not None:
        with open_lake(settings, snapshot=basis.snapshot) as lake:
            if basis.carry_days is not None:
                lake.session.carry_days = basis.carry_days
            yield lake
        return
    with open_newest_lake(settings) as lake:
        is_rebuilt = refresh_stale_days(settings, lake, days_of_request(settings, request), progress, now=now)
        if not is_rebuilt and request.type is not ReportType.POAM:
            yield lake
            return
    if request.type is ReportType.POAM:
        with open_lake(settings) as written:
            number_organization(written, request.scope.organization, now=now)
    with open_newest_lake(settings) as lake:
        yield lake
