"""Schedules split by owner, as resources' tags name them, or by groups of the account table; and tests of one part."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import pytest

from policycortex.errors import RequestError
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import Registry, open_registry, tick_claims
from policycortex.storage.registry.schedule_rows import ScheduleRow
from policycortex.storage.registry.schedule_tables import insert_deliveries
from policycortex.workflow.posture import rebuild_days
from policycortex.workflow.scheduling import (
    claim_due_ticks,
    create_schedule,
    preview_schedule_parts,
    request_test_report,
    run_schedule_now,
)
from tests.support.ledger import MONTHLY, mail_connection, settings_of
from tests.support.own_processes import process_of
from tests.support.samples.lake import finding, import_findings

START = datetime(2026, 3, 15, tzinfo=UTC)
FIRST = datetime(2026, 4, 1, 13, 0, tzinfo=UTC)
NAME = "Monthly Executive Compliance Report"
TEAMS = ('{"team":"Red"}', '{"team":"Red"}', '{"owner":"blue@x.com","team":"Red"}', "{}", '{"env":"prod"}')


def _mail(*recipients: str) -> dict[str, Any]:
    return {"email": {"recipients": list(recipients)}}


OWNERS: dict[str, Any] = {"by": "owner", "parts": {"red": {"delivery": _mail("red@company.com")}}}
ALL = {
    f"{NAME} - red": (["red"], ["red@company.com"]),
    f"{NAME} - no owner": (["no owner"], ["all@company.com"]),
    f"{NAME} - blue@x.com": (["blue@x.com"], ["all@company.com"]),
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A new installation."""
    return settings_of(tmp_path, {"mail": mail_connection(1)})


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    """Its database."""
    with closing(open_registry(settings)) as opened:
        yield opened


def _create(settings: Settings, registry: Registry, split: dict[str, Any]) -> ScheduleRow:
    template = {**MONTHLY["report_template"], "scope": {"date_range_type": "last_month"}}
    body = {**MONTHLY, "report_template": template, "delivery": _mail("all@company.com"), "split": split}
    return create_schedule(settings, registry, body, organization="default", created_by=None, now=START)


def _import(settings: Settings, *tags: str) -> None:
    day = date(2026, 3, 20)
    rows = [
        msgspec.structs.replace(finding(day, resource=f"r{n}-{len(tags)}"), tags=each) for n, each in enumerate(tags)
    ]
    with open_lake(settings) as lake:
        import_findings(lake, rows)
    rebuild_days(settings, [day])


def _made(registry: Registry) -> dict[str, tuple[list[str], list[str]]]:
    """Owners and receivers of each report by its name; fails for a name that occurs twice."""
    found = {}
    for report in registry.reports.list_reports("default").reports:
        order = registry.reports.find_report(report.id).order
        rows, _ = registry.deliveries.list_deliveries("default", report_id=report.id)
        assert report.name not in found
        found[report.name] = (order.get("owners") or order["accounts"], sorted(row.target for row in rows))
    return found


def _claim_and_die(settings: Settings, after: int) -> None:
    """Claim, and be killed at that many parts; 0: not at all."""
    parts = []

    def insert_until_killed(*args: Any, **values: Any) -> None:  # noqa: ANN401
        parts.append(1)
        insert_deliveries(*args, **values)
        if len(parts) == after:
            os.kill(os.getpid(), signal.SIGKILL)

    with patch.object(tick_claims, "insert_deliveries", insert_until_killed):
        claim_due_ticks(settings, now=FIRST)


def test_each_owner_of_the_data_has_one_report_through_kills(settings: Settings, registry: Registry) -> None:
    """The named owner in any case, one that no part names, and findings without an owner; each once after two kills."""
    schedule = _create(settings, registry, OWNERS)
    _import(settings, *TEAMS)
    for after in (1, 3):
        killed = process_of(_claim_and_die, settings, after)
        killed.start()
        killed.join(240)
        assert killed.exitcode == -signal.SIGKILL
        assert _made(registry) == {}
    assert len(claim_due_ticks(settings, now=FIRST)) == 3
    assert claim_due_ticks(settings, now=FIRST) == ()
    assert _made(registry) == ALL
    preview = preview_schedule_parts(settings, registry, schedule, now=FIRST)
    assert preview is not None
    assert [(part.name, part.findings) for part in preview.parts] == [("red", 2), ("no owner", 2), ("blue@x.com", 1)]
    assert preview.uncovered == {}


def test_owners_that_are_new_at_a_tick_have_a_part(settings: Settings, registry: Registry) -> None:
    """They go to the delivery of others; long names are cut; past 100 parts they share one report."""
    others = {"name": "Everyone else", "delivery": _mail("rest@company.com")}
    schedule = _create(settings, registry, {"by": "owner", "others": others})
    long = "x" * 90
    _import(settings, f'{{"owner":"{long}"}}', *(f'{{"owner":"o{n:03}"}}' for n in range(101)))
    preview = preview_schedule_parts(settings, registry, schedule, now=FIRST)
    assert preview is not None
    assert len(preview.parts) == 101
    assert preview.parts[-1].name == "Everyone else"
    assert preview.parts[-1].values == ("o100", long)
    assert {row.target for part in preview.parts for row in part.deliveries} == {"rest@company.com"}


def test_a_tick_without_owners_is_recorded_with_its_reason(settings: Settings, registry: Registry) -> None:
    """No part is named and the period has no findings: no report, and a run now says so."""
    schedule = _create(settings, registry, {"by": "owner"})
    assert claim_due_ticks(settings, now=FIRST) == ()
    (tick,), _ = registry.schedules.list_ticks(schedule.id)
    assert (tick.tick, tick.reason) == (FIRST, "no report: the period has no findings, so that there is no owner")
    with pytest.raises(RequestError, match="no part now"):
        run_schedule_now(settings, registry, schedule, now=FIRST + timedelta(hours=1))


def test_groups_of_the_account_table_are_those_of_the_tick(settings: Settings, registry: Registry) -> None:
    """A part without accounts has those of the group that it is named after; a group that is gone is a problem."""
    table = settings.home / "accounts.yaml"
    split = {"by": "account_group", "parts": {"Retail": {}, "Bank": {"accounts": ["a3"]}}}
    with pytest.raises(RequestError) as refused:
        _create(settings, registry, split)
    assert refused.value.details[0].message == "The part 'Retail' needs accounts: it is no group of the account table"
    table.write_text('"a1": {groups: [retail]}\n')
    schedule = _create(settings, registry, split)
    table.write_text('"a1": {groups: [retail]}\n"a2": {groups: [Retail]}\n')
    claim_due_ticks(settings, now=FIRST)
    assert {name: values for name, (values, _) in _made(registry).items()} == {
        f"{NAME} - Retail": ["a1", "a2"],
        f"{NAME} - Bank": ["a3"],
    }
    table.write_text("{}\n")
    with pytest.raises(RequestError, match="no group 'Retail'"):
        run_schedule_now(settings, registry, schedule, now=FIRST + timedelta(hours=1))


def test_a_test_sends_the_report_of_one_part(settings: Settings, registry: Registry) -> None:
    """The first part, or the named one in any case, to the tester alone; an unknown part names those that there are."""
    schedule = _create(settings, registry, OWNERS)
    _import(settings, *TEAMS)
    me = {"delivery": _mail("me@company.com")}

    def requested(body: dict[str, Any]) -> None:
        request_test_report(settings, registry, schedule, body, created_by=None, now=FIRST)

    requested(me)
    requested(me | {"part": "No Owner"})
    assert _made(registry) == {
        f"{NAME} - red (test)": (["red"], ["me@company.com"]),
        f"{NAME} - no owner (test)": (["no owner"], ["me@company.com"]),
    }
    with pytest.raises(RequestError) as refused:
        requested(me | {"part": "green"})
    assert refused.value.details[0].message == "No part 'green'; parts now are red, no owner, blue@x.com"


@pytest.mark.parametrize(
    ("split", "field", "reason"),
    [
        ({"by": "owner", "parts": {"a": {"accounts": ["1"]}}}, "split.parts", "it is the owner of its name"),
        ({"by": "environment"}, "split.parts", "at least 1"),
        ({"by": "owner", "parts": {"a": {}, "A": {}}}, "split.parts", "same name"),
    ],
)
def test_a_wrong_split_is_refused(
    settings: Settings, registry: Registry, split: dict[str, Any], field: str, reason: str
) -> None:
    """With the field and the reason."""
    with pytest.raises(RequestError) as refused:
        _create(settings, registry, split)
    assert [detail.field for detail in refused.value.details] == [field]
    assert reason in refused.value.details[0].message
