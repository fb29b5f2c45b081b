"""Steps of tickets against trackers on loopback: once through kills and errors, in order, limited, alerted, retried."""

import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from policycortex.channels.connections import load_connections
from policycortex.channels.sending import check_connection
from policycortex.errors import ConfigurationError, ConflictError, DeliveryRefusedError, NotFoundError
from policycortex.names import Severity, TicketStepKind, TicketStepStatus
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.ticket_rows import NewStep, NewTicket, StepRow, TicketChange, TicketRow
from policycortex.workflow.delivery_alerts import send_due_alerts
from policycortex.workflow.ticket_sending import has_due_tickets, send_due_tickets
from tests.support.ledger import NOW, Clock, settings_of
from tests.support.own_processes import process_of
from tests.support.receivers import tls_receiver
from tests.support.trackers import TOKEN, Answer, Fault, GitHubServer, JiraServer, TrackerServer, served

MARKER = "policycortex-0123456789abcdef01234567"
TITLE = "[POAM-00012] Buckets *must* not be public (aws 123456789012)"
TEXT: dict[str, Any] = {
    "title": TITLE,
    "paragraphs": ["Everyone can read them. Ask @acme, see #4.", "<script>alert(1)</script>"],
    "facts": [["Weakness", "POAM-00012"], ["Owners", ""]],
}
CREATE = NewStep(kind=TicketStepKind.CREATE, content=TEXT)
CLOSE = NewStep(kind=TicketStepKind.CLOSE, content={})
REOPEN = NewStep(kind=TicketStepKind.REOPEN, content={})


def _comment(text: str) -> NewStep:
    return NewStep(kind=TicketStepKind.COMMENT, content={"paragraphs": [text, "Second line"]})


@pytest.fixture(params=["jira", "github"])
def tracker(request: pytest.FixtureRequest, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """One of the trackers; it has tickets of others."""
    monkeypatch.setenv("TRACKER_TOKEN", TOKEN)
    server = JiraServer() if request.param == "jira" else GitHubServer()
    for number in range(3):
        server.add(f"Of somebody else {number}", "text", ["policycortex", "bug"])
    with served(server, authority) as running:
        yield running


def _connection(tracker: TrackerServer, ca_file: str, **changes: object) -> dict[str, Any]:
    fields = {"base_url": tracker.url, "token": "env:TRACKER_TOKEN", "ca_file": ca_file, "timeout_seconds": 5}
    if isinstance(tracker, JiraServer):
        return fields | {"type": "jira", "user": "bot@acme.example", "project": "SEC"} | changes
    return fields | {"type": "github", "repository": "acme/cloud"} | changes


@pytest.fixture
def settings(tmp_path: Path, tracker: TrackerServer, ca_file: str) -> Settings:
    """An installation with a connection to it."""
    return settings_of(tmp_path, {"board": _connection(tracker, ca_file)})


def _add(registry: Registry, *steps: NewStep, number: int = 12, organization: str = "default") -> TicketRow:
    """Add steps to the ticket of this number, which is made where there is none."""
    before = registry.tickets.list_by_number(organization, "board").get(number)
    new = NewTicket(number=number, marker=f"{MARKER}-{number}", severity=Severity.HIGH, title=TITLE)
    is_open = steps[-1].kind is not TicketStepKind.CLOSE
    change = TicketChange(
        number=number, new=None if before else new, is_wanted_open=is_open, waived="", steps=(*steps,)
    )
    assert registry.tickets.apply_change(organization, "board", change, before, now=NOW)
    return registry.tickets.list_by_number(organization, "board")[number]


def _ours(tracker: TrackerServer) -> list[Any]:
    return tracker.tickets[3:]


def _steps(registry: Registry, ticket: TicketRow) -> list[StepRow]:
    return list(registry.tickets.list_steps(ticket.id))


def test_a_ticket_is_created_commented_closed_and_reopened(tracker: TrackerServer, settings: Settings) -> None:
    """Each step once and in order; texts of scanners are escaped; the place of the ticket is kept."""
    with closing(open_registry(settings)) as registry:
        assert not has_due_tickets(settings, now=NOW)
        ticket = _add(registry, CREATE, _comment("A waiver *accepts* it"), CLOSE)
        assert has_due_tickets(settings, now=NOW)
        assert send_due_tickets(settings, clock=Clock()) == 3
        ticket = registry.tickets.get_ticket("default", ticket.id)
        assert {step.status for step in _steps(registry, ticket)} == {TicketStepStatus.DONE}
        (made,) = _ours(tracker)
        assert not made.is_open
        _add(registry, REOPEN)
        assert send_due_tickets(settings, clock=Clock()) == 1
        with pytest.raises(NotFoundError):
            registry.tickets.get_ticket("other", ticket.id)
    assert made.is_open
    assert made.title == TITLE
    assert ticket.name in {"SEC-4", "acme/cloud#4"}
    assert ticket.url is not None
    assert ticket.url.endswith(("/browse/SEC-4", "/issues/4"))
    assert "policycortex" in made.labels
    (comment,) = made.comments
    assert "Second line" in comment
    if isinstance(tracker, GitHubServer):
        assert "@\u200bacme, see #\u200b4" in made.text
        assert r"\<script\>" in made.text
        assert r"A waiver \*accepts\* it" in comment
        assert "Owners" not in made.text


def test_answers_with_limits_are_waited_for(tracker: TrackerServer, settings: Settings) -> None:
    """429 and GitHub's limits by 403: all tickets of the connection wait as long as asked, and nothing is double."""
    limits = [(429, {"Retry-After": "90"}, {"message": "slow down"})]
    if isinstance(tracker, GitHubServer):
        reset = str(int(datetime.now(UTC).timestamp()) + 90)
        limits = [
            (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, {"message": "API rate limit exceeded"}),
            (403, {}, {"message": "You have exceeded a secondary rate limit"}),
            (429, {"Retry-After": "90"}, {"message": "slow down"}),
        ]
    tracker.faults = [Fault(on="POST /issue", is_applied=False, answer=answer) for answer in limits]
    clock = Clock()
    with closing(open_registry(settings)) as registry:
        for number in (12, 13):
            _add(registry, CREATE, number=number)
        for count in range(1, len(limits) + 1):
            assert send_due_tickets(settings, clock=clock) == 0
            assert sum(each.startswith("POST") for each in tracker.requests) == count
            clock.move(seconds=45)
            assert not has_due_tickets(settings, now=clock())
            clock.move(seconds=46)
        clock.move(minutes=2)  # a third failure lets a step wait longer than was asked
        assert send_due_tickets(settings, clock=clock) == 2
    assert len(_ours(tracker)) == 2


@pytest.mark.parametrize("answer", [(502, {}, {"message": "bad gateway"}), None], ids=["5xx", "dropped"])
def test_what_was_done_before_an_error_is_found(
    tracker: TrackerServer, settings: Settings, answer: tuple[int, dict[str, str], Any] | None
) -> None:
    """The tracker does each step and then fails: ticket, comment and state are looked up after some minutes.

    Jira's search shows the new ticket only after two of them.
    """
    clock = Clock()
    tracker.clock = clock
    if isinstance(tracker, JiraServer):
        tracker.search_lag = timedelta(minutes=2)
    writes = ("POST /(issue|issues)$", "POST /comment", "(POST|PATCH) /(transitions|issues)")
    with closing(open_registry(settings)) as registry:
        ticket = _add(registry, CREATE, _comment("waived"), CLOSE)
        for on in writes:
            method = "PATCH" if "PATCH" in on and isinstance(tracker, GitHubServer) else "POST"
            tracker.faults.append(Fault(on=f"{method} {on.partition(' ')[2]}", is_applied=True, answer=answer))
        for _ in range(3):
            send_due_tickets(settings, clock=clock)
            clock.move(minutes=4)
            assert not has_due_tickets(settings, now=clock())
            clock.move(minutes=2)
        send_due_tickets(settings, clock=clock)
        assert {step.status for step in _steps(registry, ticket)} == {TicketStepStatus.DONE}
        assert tracker.faults == []
    (made,) = _ours(tracker)
    assert (len(made.comments), made.is_open) == (1, False)


def test_a_refused_step_is_alerted_and_retried(
    tracker: TrackerServer, authority: trustme.CA, ca_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong token: one alert without the secret, later steps wait, and a retry does all of them."""
    monkeypatch.setenv("HOOK_SECRET", "s3cret")
    monkeypatch.setenv("TRACKER_TOKEN", "wr0ng-token")
    clock = Clock()
    with tls_receiver(authority) as receiver:
        hook = {"type": "webhook", "secret": "env:HOOK_SECRET", "url": receiver.url, "ca_file": ca_file}
        alerted = settings_of(
            tmp_path, {"board": _connection(tracker, ca_file), "hook": hook}, allow_networks=["127.0.0.0/8", "::1/128"],
            alerts={"*": {"connection": "hook"}},
        )  # fmt: skip
        with closing(open_registry(alerted)) as registry:
            tickets = [_add(registry, CREATE, _comment("waived"), number=number) for number in (12, 13)]
            assert send_due_tickets(alerted, clock=clock) == 0
            assert send_due_alerts(alerted, clock=clock) == 1
            (call,) = receiver.calls
            assert "board" in str(call.json)
            assert "401" in str(call.json)
            assert "wr0ng-token" not in str(call.json)
            for ticket in tickets:
                first, second = _steps(registry, ticket)
                assert (first.status, second.status) == (TicketStepStatus.FAILED, TicketStepStatus.PENDING)
                assert "wr0ng-token" not in first.answer
            assert not has_due_tickets(alerted, now=clock() + timedelta(days=2))
            assert registry.tickets.list_tickets("default", has_failed=True, limit=10)[1] == 2
            monkeypatch.setenv("TRACKER_TOKEN", TOKEN)
            for ticket in tickets:
                assert registry.tickets.retry_ticket("default", ticket.id, now=clock()).failed_steps == 0
            assert send_due_tickets(alerted, clock=clock) == 4
            with pytest.raises(ConflictError):
                registry.tickets.retry_ticket("default", tickets[0].id, now=clock())
    assert [len(made.comments) for made in _ours(tracker)] == [1, 1]


def test_a_tracker_that_is_down_is_given_up_after_a_day(tracker: TrackerServer, settings: Settings) -> None:
    """Fourteen attempts to find out whether the ticket exists; then the step has failed."""
    clock = Clock()
    down: Answer = (503, {}, {"message": "maintenance"})
    tracker.faults = [Fault(on="GET .", is_applied=False, answer=down) for _ in range(14)]
    with closing(open_registry(settings)) as registry:
        ticket = _add(registry, CREATE)
        for _ in range(20):
            send_due_tickets(settings, clock=clock)
            clock.move(hours=7)
        (step,) = _steps(registry, ticket)
    assert (step.status, step.attempt_count) == (TicketStepStatus.FAILED, 14)
    assert "given up after 14 attempts" in step.answer
    assert _ours(tracker) == []


def test_a_ticket_that_people_deleted_is_not_made_again(tracker: TrackerServer, settings: Settings) -> None:
    """Its next step is refused and stays failed: a ticket with another number would not be this one."""
    with closing(open_registry(settings)) as registry:
        ticket = _add(registry, CREATE)
        send_due_tickets(settings, clock=Clock())
        tracker.tickets.pop()
        _add(registry, _comment("closed by a scan"), CLOSE)
        assert send_due_tickets(settings, clock=Clock()) == 0
        assert [step.status.value for step in _steps(registry, ticket)] == ["done", "failed", "pending"]
    assert _ours(tracker) == []


def test_a_restored_registry_finds_the_tickets_it_does_not_know(tracker: TrackerServer, settings: Settings) -> None:
    """The marker is the same each time, so that an older backup makes no second ticket."""
    with closing(open_registry(settings)) as registry:
        _add(registry, CREATE)
        send_due_tickets(settings, clock=Clock())
    (settings.home / "registry.sqlite").unlink()
    for file in settings.home.glob("registry.sqlite-*"):
        file.unlink()
    with closing(open_registry(settings)) as registry:
        ticket = _add(registry, CREATE)
        assert send_due_tickets(settings, clock=Clock()) == 1
        assert registry.tickets.get_ticket("default", ticket.id).name in {"SEC-4", "acme/cloud#4"}
    assert len(_ours(tracker)) == 1


def test_only_the_organizations_of_a_connection_have_tickets(
    tracker: TrackerServer, tmp_path: Path, ca_file: str
) -> None:
    """A rule for another one is refused when the file is read, and a stored step of it is never sent."""
    board = _connection(tracker, ca_file, organizations=["acme"])
    settings = settings_of(tmp_path, {"board": board})
    with closing(open_registry(settings)) as registry:
        ticket = _add(registry, CREATE, organization="other")
        assert send_due_tickets(settings, clock=Clock()) == 0
        assert _steps(registry, ticket)[0].status is TicketStepStatus.FAILED
    assert tracker.requests == []
    for name, rule, words in (
        ("other", {"connection": "board"}, "whose organizations do not include it"),
        ("acme", {"connection": "bord"}, "does not exist"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            load_connections(settings_of(tmp_path, {"board": board}, tickets={name: [rule]}))
    with pytest.raises(ConfigurationError, match="twice"):
        load_connections(settings_of(tmp_path, {"board": board}, tickets={"acme": [{"connection": "board"}] * 2}))


def test_a_connection_is_tested_without_writing(tracker: TrackerServer, settings: Settings) -> None:
    """``connections test`` signs in; a user who may not set labels is refused, before anything is created too."""
    connections = load_connections(settings)
    assert check_connection(connections, "board") in {
        "Bot may read the project Security",
        "acme/cloud can be written",
    }
    if isinstance(tracker, GitHubServer):
        tracker.may_push = False
        with pytest.raises(DeliveryRefusedError, match="cannot set labels"):
            check_connection(connections, "board")
        with closing(open_registry(settings)) as registry:
            _add(registry, CREATE)
            assert send_due_tickets(settings, clock=Clock()) == 0
    assert not any(request.startswith(("POST", "PATCH")) for request in tracker.requests)


def _round(settings: Settings, now: datetime) -> None:
    send_due_tickets(settings, clock=lambda: now)


@pytest.mark.storm
def test_a_kill_at_any_request_makes_nothing_double(tracker: TrackerServer, settings: Settings) -> None:
    """The sender is killed at each request of a ticket's life, before and after the tracker did what was asked.

    That is each state in which a death can leave registry and tracker: between two requests nothing is stored but the
    claim, which the next request follows. After each kill a new sender finishes what is left, when the lease has ended.
    """
    clock = Clock()
    tracker.clock = clock
    if isinstance(tracker, JiraServer):
        tracker.search_lag = timedelta(minutes=2)
    with closing(open_registry(settings)) as registry:
        _add(registry, CREATE, _comment("waived"), CLOSE)
    _round(settings, clock())
    places = [(place, is_applied) for place in range(len(tracker.requests)) for is_applied in (False, True)]
    for number, (place, is_applied) in enumerate(places, start=100):
        with closing(open_registry(settings)) as registry:
            ticket = _add(registry, CREATE, _comment("waived"), CLOSE, number=number)
        del tracker.tickets[3:]  # as at the first time, so that the requests have the same places
        process = process_of(_round, settings, clock())
        tracker.fail_at(place, Fault(on="", is_applied=is_applied, act=process.kill))
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        clock.move(minutes=10)
        _round(settings, clock())
        with closing(open_registry(settings)) as registry:
            assert {step.status for step in _steps(registry, ticket)} == {TicketStepStatus.DONE}
        assert [(len(made.comments), made.is_open) for made in _ours(tracker)] == [(1, False)]
    assert len(places) >= 12
