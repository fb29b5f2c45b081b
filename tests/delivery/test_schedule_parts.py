"""Schedules that are split: one report for each account group or environment, each once, each for its own people."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from policycortex.errors import RequestError, UnavailableError
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import Registry, open_registry, tick_claims
from policycortex.storage.registry.schedule_rows import ScheduleRow
from policycortex.storage.registry.schedule_tables import insert_deliveries
from policycortex.workflow import schedule_parts
from policycortex.workflow.outbox import deliver_due
from policycortex.workflow.posture import rebuild_days
from policycortex.workflow.scheduling import (
    change_schedule,
    claim_due_ticks,
    create_schedule,
    preview_schedule_parts,
    run_schedule_now,
)
from tests.support.ledger import MONTHLY, Clock, complete_report, mail_connection, settings_of
from tests.support.own_processes import process_of
from tests.support.receivers import Mailbox
from tests.support.samples.lake import finding, import_findings

START = datetime(2026, 3, 15, tzinfo=UTC)
FIRST = datetime(2026, 4, 1, 13, 0, tzinfo=UTC)


def _mail(*recipients: str) -> dict[str, Any]:
    return {"email": {"recipients": list(recipients)}}


GROUPS: dict[str, Any] = {
    "by": "account_group",
    "parts": {
        "Retail": {"accounts": ["a1", "a2"], "delivery": _mail("retail@company.com")},
        "Bank": {"accounts": ["a3"], "delivery": _mail("bank@company.com", "ceo@company.com")},
        "Labs": {"accounts": ["a9"]},
    },
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A new installation."""
    return settings_of(tmp_path)


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    """Its database."""
    with closing(open_registry(settings)) as opened:
        yield opened


def _create(settings: Settings, registry: Registry, split: dict[str, Any], **changes: Any) -> ScheduleRow:  # noqa: ANN401
    template = {**MONTHLY["report_template"], "scope": {"date_range_type": "last_month"}}
    body = {**MONTHLY, "report_template": template, "delivery": _mail("all@company.com"), "split": split, **changes}
    return create_schedule(settings, registry, body, organization="default", created_by=None, now=START)


def _made(registry: Registry) -> dict[str, tuple[list[str], list[str]]]:
    """Accounts or environments, and receivers, of each report by its name; fails for a name that occurs twice."""
    found = {}
    for report in registry.reports.list_reports("default").reports:
        order = registry.reports.find_report(report.id).order
        rows, _ = registry.deliveries.list_deliveries("default", report_id=report.id)
        assert report.name not in found
        found[report.name] = (order["accounts"] or order["environments"], sorted(row.target for row in rows))
    return found


_NAME = "Monthly Executive Compliance Report"
_ALL = {
    f"{_NAME} - Retail": (["a1", "a2"], ["retail@company.com"]),
    f"{_NAME} - Bank": (["a3"], ["bank@company.com", "ceo@company.com"]),
    f"{_NAME} - Labs": (["a9"], ["all@company.com"]),
}


def test_each_account_group_has_a_report_for_its_own_people(settings: Settings, registry: Registry) -> None:
    """A part without a delivery goes to the schedule's; each part is a run of the schedule."""
    schedule = _create(settings, registry, GROUPS)
    assert len(claim_due_ticks(settings, now=FIRST)) == 3
    assert claim_due_ticks(settings, now=FIRST) == ()
    assert _made(registry) == _ALL
    ticks, total = registry.schedules.list_ticks(schedule.id)
    assert total == 3
    assert {(tick.tick, tick.part) for tick in ticks} == {(FIRST, "Retail"), (FIRST, "Bank"), (FIRST, "Labs")}


def test_each_environment_has_a_report(settings: Settings, registry: Registry) -> None:
    """It is named after the environment, in any case."""
    _create(settings, registry, {"by": "environment", "parts": {"Production": {}, "staging": {}}})
    claim_due_ticks(settings, now=FIRST)
    assert _made(registry) == {
        f"{_NAME} - Production": (["production"], ["all@company.com"]),
        f"{_NAME} - staging": (["staging"], ["all@company.com"]),
    }


def test_everything_else_is_one_more_report(settings: Settings, registry: Registry) -> None:
    """Accounts that no group names, as they are in the period's data; none is made when there are none."""
    others = {**GROUPS, "others": {"name": "Other accounts", "delivery": _mail("rest@company.com")}}
    schedule = _create(settings, registry, others)
    claim_due_ticks(settings, now=FIRST)
    assert _made(registry) == _ALL
    _import(settings, "a1", "b7", "b8")
    run_schedule_now(settings, registry, registry.schedules.find_schedule(schedule.id), now=FIRST + timedelta(hours=1))
    rest = [
        report for report in registry.reports.list_reports("default").reports if report.name.endswith("Other accounts")
    ]
    assert [registry.reports.find_report(report.id).order["accounts"] for report in rest] == [["b7", "b8"]]


def _import(settings: Settings, *accounts: str) -> None:
    day = date(2026, 3, 20)
    with open_lake(settings) as lake:
        import_findings(lake, [finding(day, resource=account, account=account) for account in accounts])
    rebuild_days(settings, [day])


def test_a_preview_tells_empty_parts_and_what_no_part_covers(settings: Settings, registry: Registry) -> None:
    """With the number of findings, and for whom each report is."""
    schedule = _create(settings, registry, GROUPS)
    _import(settings, "a1", "a2", "a3", "b7")
    preview = preview_schedule_parts(settings, registry, schedule, now=FIRST)
    assert preview is not None
    assert [(part.name, part.findings) for part in preview.parts] == [("Retail", 2), ("Bank", 1), ("Labs", 0)]
    assert [row.target for row in preview.parts[1].deliveries] == ["bank@company.com", "ceo@company.com"]
    assert preview.uncovered == {"b7": 1}
    assert preview_schedule_parts(settings, registry, _plain(settings, registry), now=FIRST) is None


def _plain(settings: Settings, registry: Registry) -> ScheduleRow:
    return create_schedule(settings, registry, MONTHLY, organization="default", created_by=None, now=START)


@pytest.mark.parametrize(
    ("split", "field", "reason"),
    [
        ({"by": "team", "parts": {"A": {}}}, "split.by", "Must be one of account_group, environment, owner"),
        ({"by": "account_group", "parts": {}}, "split.parts", "at least 1"),
        ({"by": "account_group", "parts": {"A": {}}}, "split.parts", "'A' needs accounts"),
        ({"by": "environment", "parts": {"test": {"accounts": ["a"]}}}, "split.parts", "takes no accounts"),
        ({"by": "environment", "parts": {"prodution": {}}}, "split.parts", "production"),
        ({"by": "environment", "parts": {"test": {}, "TEST": {}}}, "split.parts", "same name"),
        ({"by": "environment", "parts": {"test": {}}, "others": {"name": "Test"}}, "split", "others.name"),
        (
            {"by": "environment", "parts": {"test": {"delivery": _mail("x")}}},
            "split.parts.test.delivery.email",
            "e-mail",
        ),
        ({"by": "environment", "parts": {"test": {"delivery": _mail("x@y.con")}}}, "split.parts.test", "x@y.com"),
    ],
)
def test_a_wrong_split_is_refused(
    settings: Settings, registry: Registry, split: dict[str, Any], field: str, reason: str
) -> None:
    """With the place and what to change."""
    with pytest.raises(RequestError) as caught:
        _create(settings, registry, split)
    (problem,) = caught.value.details
    assert problem.field.startswith(field)
    assert reason in problem.message


def test_a_part_outside_of_the_scope_is_refused(settings: Settings, registry: Registry) -> None:
    """Its reports would all be empty."""
    template = {**MONTHLY["report_template"], "scope": {"accounts": ["a1", "a2", "a9"]}}
    with pytest.raises(RequestError) as caught:
        _create(settings, registry, GROUPS, report_template=template)
    assert "'a3' of the part 'Bank' is not in report_template.scope.accounts" in caught.value.details[0].message


def test_a_tick_is_handled_once_whatever_its_parts_were(settings: Settings, registry: Registry) -> None:
    """Other parts make no further report of a tick that is handled already; another tick has the new parts."""
    schedule = _create(settings, registry, GROUPS)
    claim_due_ticks(settings, now=FIRST)
    now = FIRST + timedelta(seconds=30)
    environments = {"by": "environment", "parts": {"production": {}}}
    changed = change_schedule(
        settings, registry, registry.schedules.find_schedule(schedule.id), {"split": environments}, now=now
    )
    back = change_schedule(settings, registry, changed, {"schedule": {"cron": "* * * * *"}}, now=now)
    assert claim_due_ticks(settings, now=now) == ()
    assert len(claim_due_ticks(settings, now=FIRST + timedelta(minutes=1))) == 1
    assert (
        change_schedule(settings, registry, registry.schedules.find_schedule(back.id), {"split": None}, now=now).body[
            "split"
        ]
        is None
    )


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


def test_a_killed_claim_leaves_no_part_and_the_next_makes_each_once(settings: Settings, registry: Registry) -> None:
    """Killed after the first part, and after the last one before the commit; then two processes claim at once."""
    _create(settings, registry, GROUPS)
    for after in (1, 3):
        killed = process_of(_claim_and_die, settings, after)
        killed.start()
        killed.join(120)
        assert killed.exitcode == -signal.SIGKILL
        assert _made(registry) == {}
    crowd = [process_of(_claim_and_die, settings, 0) for _ in range(2)]
    for claimer in crowd:
        claimer.start()
    for claimer in crowd:
        claimer.join(120)
    assert [claimer.exitcode for claimer in crowd] == [0, 0]
    assert _made(registry) == _ALL


def test_a_lake_that_cannot_be_read_delays_only_schedules_that_need_it(
    settings: Settings, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are claimed, the error is raised, and the next round makes the rest."""
    _create(settings, registry, {**GROUPS, "others": {}})
    _plain(settings, registry)
    with monkeypatch.context() as patched:
        patched.setattr(schedule_parts, "load_values", _unavailable)
        with pytest.raises(UnavailableError):
            claim_due_ticks(settings, now=FIRST)
    assert list(_made(registry)) == [_NAME]
    assert len(claim_due_ticks(settings, now=FIRST)) == 3


def _unavailable(*_: object) -> dict[str, int]:
    raise UnavailableError("the lake is locked")


def test_conditions_compare_reports_of_the_same_part(tmp_path: Path, box: Mailbox) -> None:
    """One person gets both parts: the second part is not withheld because the first one was sent."""
    settings, clock = settings_of(tmp_path, {"mail": mail_connection(box.port)}), Clock(FIRST)
    with open_lake(settings) as lake:
        snapshot = lake.snapshot()
    everyone = _mail("ceo@company.com") | {"condition": {"type": "only_if_changed"}}
    split = {"by": "environment", "parts": {"production": {}, "staging": {}}}
    with closing(open_registry(settings)) as registry:
        schedule = _create(settings, registry, split, delivery=everyone)
        outcomes = []
        for _ in range(2):
            clock.move(hours=1)
            for report_id in run_schedule_now(settings, registry, schedule, now=clock()):
                complete_report(settings, registry, report_id, now=clock(), snapshot=snapshot)
            outcomes.append(deliver_due(settings, clock=clock).outcomes)
    assert outcomes == [{"sent": 2}, {"withheld": 2}]
