"""Two reports of one schedule on one day: their files have names of their own."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policycortex.channels.connections import load_connections
from policycortex.channels.model import Destination
from policycortex.channels.object_storage import object_names
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.workflow.delivery_content import build_content
from policycortex.workflow.scheduling import claim_due_ticks, create_schedule, run_schedule_now
from tests.support.ledger import MONTHLY, complete_report, settings_of

_START = datetime(2026, 3, 31, 12, 30, tzinfo=UTC)
_ANYWHERE = Destination(channel="s3", connection="s3", target="")


def _names(settings: Settings, registry: Registry, report_id: str) -> list[str]:
    complete_report(settings, registry, report_id)
    (row, *_), _ = registry.deliveries.list_deliveries("default", report_id=report_id)
    with build_content(settings, registry, load_connections(settings), row, now=_START) as content:
        return list(object_names(_ANYWHERE, content))


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 9 * * *", "{0}/2026-04-01/{0} 2026-03-01 to 2026-03-31.pdf"),
        ("0 9,15 * * *", "{0}/2026-04-01/{0} 2026-03-01 to 2026-03-31 09-00.pdf"),
    ],
)
def test_the_time_is_in_default_names_where_it_is_needed(tmp_path: Path, cron: str, expected: str) -> None:
    """Not for a daily schedule; for one that runs twice a day, and for a run by hand, to the second."""
    settings = settings_of(tmp_path)
    body = MONTHLY | {"schedule": {"cron": cron, "timezone": "America/New_York"}}
    with closing(open_registry(settings)) as registry:
        schedule = create_schedule(settings, registry, body, organization="default", created_by=None, now=_START)
        ticks = claim_due_ticks(settings, now=_START + timedelta(days=1, hours=1))
        assert _names(settings, registry, ticks[-1]) == [expected.format(body["name"])]
        by_hand = datetime(2026, 4, 1, 15, 7, 42, tzinfo=UTC)
        schedule = registry.schedules.find_schedule(schedule.id)
        (manual,) = run_schedule_now(settings, registry, schedule, now=by_hand)
        assert _names(settings, registry, manual)[0].endswith(" 11-07-42.pdf")
