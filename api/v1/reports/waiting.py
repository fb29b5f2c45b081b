"""``Prefer: wait=N``: respond when the report has ended, or after N seconds. No thread is held meanwhile."""

import asyncio
import re
from typing import Annotated, Final

from fastapi import Header
from starlette.concurrency import run_in_threadpool

from api.platform.services import Services
from api.v1.reports.lifecycle import OPEN
from policycortex.storage.registry import ReportRow

_LONGEST_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.25
_WAIT: Final = re.compile(r'(?:^|[,;\s])wait="?(\d{1,6})"?(?:$|[,;\s])')


Preference = Annotated[str | None, Header(max_length=200, description="`wait=N`: wait up to N seconds, 60 at most")]


def preferred_seconds(prefer: str | None) -> int:
    """Seconds to wait; 0 without a preference. Unknown preferences are ignored, as RFC 7240 says."""
    found = _WAIT.search(prefer) if prefer else None
    return min(int(found.group(1)), _LONGEST_SECONDS) if found else 0


async def wait_for_end(services: Services, report_id: str, seconds: int) -> ReportRow:
    """The report as soon as it has ended, or as it is after ``seconds``. Raises NotFoundError when it is deleted."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        report = await run_in_threadpool(services.registry.reports.find_report, report_id)
        remaining = until - loop.time()
        if report.status not in OPEN or remaining <= 0:
            return report
        await asyncio.sleep(min(_POLL_SECONDS, remaining))
