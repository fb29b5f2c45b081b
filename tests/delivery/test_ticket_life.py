"""Tickets of weaknesses from their scans: one per number, closed by a scan that looked, commented when waived."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from policycortex.findings.model import Finding
from policycortex.names import Severity
from policycortex.period import Period
from policycortex.scoring.waivers import WaiverScope
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import open_registry
from policycortex.workflow.poam_numbers import number_organization
from policycortex.workflow.ticket_planning import has_ticket_rules, note_tickets
from policycortex.workflow.ticket_sending import send_due_tickets
from tests.support.empty_homes import copy_home
from tests.support.ledger import settings_of
from tests.support.samples.lake import ORGANIZATION, finding, import_findings
from tests.support.trackers import TOKEN, GitHubServer, Ticket, served

FIRST = date(2026, 3, 2)
SCAN = (
    finding(FIRST, "c1", "r1", severity="critical"),
    finding(FIRST, "c1", "r2", severity="critical"),
    finding(FIRST, "c2", severity="low"),
    finding(FIRST, "c3", is_muted=True),
)
"""One weakness for a ticket: c2 is not severe enough, c3 is muted."""


@pytest.fixture
def tracker(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubServer]:
    """An empty repository."""
    monkeypatch.setenv("TRACKER_TOKEN", TOKEN)
    with served(GitHubServer(), authority) as running:
        assert isinstance(running, GitHubServer)
        yield running


Home = Callable[..., Settings]


@pytest.fixture
def home(empty_home: Path, tmp_path: Path, tracker: GitHubServer, ca_file: str) -> Home:
    """Settings of a home with a rule for the tracker."""

    def make(**rule: Any) -> Settings:  # noqa: ANN401 - fields of a rule
        board: dict[str, Any] = {
            "type": "github",
            "repository": "acme/cloud",
            "token": "env:TRACKER_TOKEN",
            "base_url": tracker.url,
        }
        rules = {ORGANIZATION: [{"connection": "board", **rule}], "unknown": [{"connection": "board"}]}
        folder = copy_home(empty_home, tmp_path / "home")
        board |= {"ca_file": ca_file, "organizations": ["*"]}
        return settings_of(folder, {"board": board}, tickets=rules)

    return make


def _take(settings: Settings, scan: Sequence[Finding]) -> None:
    with open_lake(settings) as lake:
        lake.state.rebuild_state(import_findings(lake, scan))
        number_organization(lake, ORGANIZATION)


def _plan(settings: Settings, day: date) -> int:
    """How many tickets change on the evening of the day. What is due is sent."""
    now = datetime(day.year, day.month, day.day, 20, tzinfo=UTC)
    changed = note_tickets(settings, now=now)
    send_due_tickets(settings, clock=lambda: now)
    return changed


def _waive(settings: Settings, day: date, **scope: str) -> str:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    valid = Period(start=start, end=start + timedelta(days=3))
    with closing(open_registry(settings)) as registry:
        waiver = registry.waivers.request_waiver(
            ORGANIZATION, WaiverScope(**scope), reason="public on purpose", valid=valid, by="ann", now=start
        )
        registry.waivers.approve_record(ORGANIZATION, waiver.id, by="bob", now=start)
    return waiver.id


def _shown(tickets: Sequence[Ticket]) -> list[tuple[str, bool, int]]:
    return [(ticket.title.partition("]")[0][1:], ticket.is_open, len(ticket.comments)) for ticket in tickets]


def test_a_ticket_follows_the_life_of_its_weakness(home: Home, tracker: GitHubServer) -> None:
    """Made, waived in part, not waived any more, not closed without a look, closed, and new when it fails again."""
    settings, day = home(), [FIRST + timedelta(days=days) for days in range(12)]
    assert has_ticket_rules(settings)
    assert note_tickets(settings, now=datetime(2026, 3, 2, tzinfo=UTC)) == 0
    _take(settings, SCAN)
    assert [_plan(settings, day[0]) for _ in range(2)] == [1, 0]
    (ticket,) = tracker.tickets
    assert ticket.title == "[POAM-00001] c1 (aws acc)"
    assert "- **Due**: 2026\\-03\\-09" in ticket.text
    assert "- **Resources**: r1, r2" in ticket.text
    waiver_id = _waive(settings, day[1], framework="soc2", check="c1", resource="r1")
    assert [_plan(settings, day[number]) for number in (1, 2)] == [1, 0]
    assert "Waivers accept 1 of 2 failing findings" in ticket.comments[0]
    assert waiver_id.replace("_", "\\_") in ticket.comments[0]
    assert "for soc2 until 2026\\-03\\-06: public on purpose" in ticket.comments[0]
    assert _plan(settings, day[5]) == 1
    assert "No waiver accepts what fails any more" in ticket.comments[1]
    _take(settings, [finding(day[6], "c2", severity="low")])
    assert _plan(settings, day[6]) == 0
    _take(settings, [finding(day[7], "c1", name, status="PASS") for name in ("r1", "r2")])
    assert _plan(settings, day[7]) == 1
    assert _shown(tracker.tickets) == [("POAM-00001", False, 3)]
    assert f"A scan of {day[7]} looked".replace("-", "\\-") in ticket.comments[2]
    _take(settings, [finding(day[8], "c1", "r1", severity="critical")])
    assert _plan(settings, day[8]) == 1
    assert _shown(tracker.tickets) == [("POAM-00001", False, 3), ("POAM-00003", True, 0)]
    assert "- **Failed before as**: POAM\\-00001 \\(acme/cloud#\u200b1\\)" in tracker.tickets[1].text


def test_a_late_file_reopens_the_ticket_of_its_number(home: Home, tracker: GitHubServer) -> None:
    """It shows a failure in a region that no scan has looked at since: the first weakness never closed.

    The first ticket is open again under its own number; that of the second number is closed and names it.
    """
    settings, day = home(), [FIRST + timedelta(days=days) for days in range(4)]
    _take(settings, SCAN[:1])
    _plan(settings, day[0])
    _take(settings, [finding(day[1], "c1", "r1", status="PASS")])
    _plan(settings, day[1])
    _take(settings, [finding(day[2], "c1", "r1", severity="critical")])
    _plan(settings, day[2])
    assert _shown(tracker.tickets) == [("POAM-00001", False, 1), ("POAM-00002", True, 0)]
    _take(settings, [finding(FIRST, "c1", "r9", region="us", severity="critical")])
    assert _plan(settings, day[3]) == 2
    assert _shown(tracker.tickets) == [("POAM-00001", True, 2), ("POAM-00002", False, 1)]
    assert "It goes on under POAM\\-00001 \\(acme/cloud#\u200b1\\)" in tracker.tickets[1].comments[0]


def test_new_tickets_are_limited_and_begin_with_the_worst(home: Home, tracker: GitHubServer) -> None:
    """One at a time, critical before high before medium; what is waived as a whole or of another account has none."""
    settings = home(most_new=1, min_severity="medium", accounts=["acc"])
    severities = {"m": "medium", "h": "high", "c": "critical", "l": "low", "w": "critical"}
    found = [finding(FIRST, check, severity=severity) for check, severity in severities.items()]
    _take(settings, [*found, finding(FIRST, "c", account="other", severity="critical")])
    _waive(settings, FIRST, check="w")
    now = datetime(2026, 3, 2, 20, tzinfo=UTC)
    assert [note_tickets(settings, now=now) for _ in range(4)] == [1, 1, 1, 0]
    with closing(open_registry(settings)) as registry:
        rows, total = registry.tickets.list_tickets(ORGANIZATION, limit=10)
    assert total == 3
    assert {row.severity for row in rows} == {Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM}
    assert send_due_tickets(settings, clock=lambda: now) == 3
    later = FIRST + timedelta(days=4)
    assert _plan(settings, later) == 1
    assert tracker.tickets[-1].title.endswith("w (aws acc)")


def test_an_old_weakness_gets_no_ticket(home: Home, tracker: GitHubServer) -> None:
    """No scan of the last weeks saw it: the account may be gone. A ticket that exists stays as it is."""
    settings = home()
    _take(settings, SCAN)
    assert _plan(settings, FIRST + timedelta(days=40)) == 0
    assert tracker.tickets == []
    _plan(settings, FIRST)
    assert _plan(settings, FIRST + timedelta(days=40)) == 0
    assert _shown(tracker.tickets) == [("POAM-00001", True, 0)]
