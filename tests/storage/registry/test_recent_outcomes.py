"""The newest attempts of many endpoints, which decide whether an endpoint is paused, in one query."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from policycortex.names import DeliveryStatus
from policycortex.settings import Settings
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.schedule_rows import Endpoint, NewDelivery, Settled
from tests.support.backends import Backend
from tests.support.ledger import complete_report, order_report

_START = datetime(2026, 4, 1, 13, tzinfo=UTC)


@pytest.fixture
def settings(backend: Backend, tmp_path: Path) -> Settings:
    """A fresh installation."""
    return backend.settings(tmp_path)


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    """Its registry."""
    opened = open_registry(settings)
    yield opened
    opened.close()


def _attempt_all(registry: Registry, *, now: datetime, outcome: str) -> int:
    """One attempt of each pending delivery, each a second after the other; how many."""
    count = 0
    while (row := registry.deliveries.claim_delivery(now=now, lease=timedelta(minutes=2))) is not None:
        later = Settled(
            status=DeliveryStatus.PENDING, outcome=outcome, answer="", next_attempt_at=now + timedelta(hours=1)
        )
        registry.deliveries.settle_delivery(row, later, now=now + timedelta(seconds=count))
        count += 1
    return count


def test_one_query_has_the_newest_attempts_of_every_endpoint(settings: Settings, registry: Registry) -> None:
    """Forty URLs of one webhook connection and a mail server, seven attempts each: five of each, newest first."""
    settings.home.mkdir(parents=True, exist_ok=True)
    urls = [f"https://localhost/{number}" for number in range(40)]
    report = order_report(settings, registry, {})
    wanted = [("webhook", "hook", url) for url in urls] + [("email", "mail", f"p{n}@company.com") for n in range(3)]
    new = [
        NewDelivery(destination={}, key=":".join(each), channel=each[0], connection=each[1], target=each[2])
        for each in wanted
    ]
    registry.deliveries.add_deliveries("default", report.id, new, reader=None, now=_START)
    complete_report(settings, registry, report.id, now=_START)
    registry.deliveries.release_deliveries(now=_START)
    for number, outcome in enumerate(["sent", "sent", "unreached", "deferred", "unreached", "refused", "lost"]):
        assert _attempt_all(registry, now=_START + timedelta(hours=2 * number), outcome=outcome) == len(wanted)
    endpoints = registry.deliveries.due_endpoints(now=_START + timedelta(days=1), channels_per_target={"webhook"})
    assert set(endpoints) == {Endpoint(channel="webhook", connection="hook", target=url) for url in urls} | {
        Endpoint(channel="email", connection="mail", target="")
    }
    statements: list[str] = []
    event.listen(
        registry.deliveries._database._engine, "before_cursor_execute", lambda *given: statements.append(given[2])
    )
    found = registry.deliveries.recent_outcomes(endpoints)
    assert len(statements) == 1
    for endpoint in endpoints:
        outcomes = [outcome for _, outcome in found[endpoint]]
        if endpoint.channel == "webhook":
            assert outcomes == ["lost", "refused", "unreached", "deferred", "unreached"]
        else:
            assert outcomes == ["lost"] * 3 + ["refused"] * 2
        assert [at for at, _ in found[endpoint]] == sorted((at for at, _ in found[endpoint]), reverse=True)
    assert registry.deliveries.recent_outcomes(()) == {}
